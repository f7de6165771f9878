// Row by row: sums, softmax, losses, small systems of equations.
import { amongOthers, draw, drawn, integers, positive, special } from "./numbers.js";

const shapes = [[5], [17], [4, 33], [3, 4, 5], [2, 101]];

export function rows(s) {
  const f = (values, shape = [values.length]) => s.tensor(new Float32Array(values), shape);
  const reductions = { sum: s.sum, mean: s.mean, max: s.max, min: s.min, norm: s.norm };
  const labels = (count, classes, seed) => s.tensor(integers(count, classes, seed));
  const each = (of) => Object.fromEntries(of);
  const all = (op) => ["mean", "sum", "none"].map((reduction) => op({ reduction }));
  const x = () => drawn(s, [40, 7], 1);

  return {
    ...each(
      Object.entries(reductions).map(([name, op]) => [
        name,
        () => [
          op(f(special)),
          ...amongOthers().map((row) => op(f(row))),
          ...shapes.flatMap((shape, i) => [
            op(drawn(s, shape, i)),
            op(drawn(s, shape, i), { axes: 0 }),
            op(drawn(s, shape, i), { axes: -1, keepDims: true }),
          ]),
          op(drawn(s, [4, 3, 17], 9), { axes: [0, 2] }),
          op(drawn(s, [3000], 10)),
        ],
      ]),
    ),
    argmax: () => [
      s.argmax(f([1, 3, 3, 2])),
      s.argmax(f(special)),
      s.argmax(drawn(s, [17, 33], 1), { axis: 0 }),
      s.argmax(drawn(s, [17, 33], 1)),
    ],
    ...each(
      Object.entries({ softmax: s.softmax, logSoftmax: s.logSoftmax }).map(([name, op]) => [
        name,
        () => [
          ...shapes.flatMap((shape, i) => [
            op(drawn(s, shape, i, 9)),
            op(drawn(s, shape, i), { axis: 0, temperature: 2 }),
          ]),
          ...amongOthers().map((row) => op(f(row))),
          op(f([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])),
        ],
      ]),
    ),
    "crossEntropy of labels": () => [
      ...all((options) => s.crossEntropy(drawn(s, [17, 5], 1, 4), labels(17, 5, 2), options)),
      s.crossEntropy(drawn(s, [17, 5], 1), labels(17, 5, 2), {
        ...{ weight: positive(s, [5], 3), ignoreIndex: 1, labelSmoothing: 0.1 },
      }),
    ],
    "crossEntropy of probabilities": () =>
      all((options) => s.crossEntropy(drawn(s, [9, 33], 1, 4), s.softmax(drawn(s, [9, 33], 2)), options)),
    mse: () => all((options) => s.mse(drawn(s, [9, 33], 1), drawn(s, [9, 33], 2), options)),
    l1: () => all((options) => s.nn.l1(drawn(s, [9, 33], 1), drawn(s, [9, 33], 2), options)),
    smoothL1: () =>
      all((options) => s.nn.smoothL1(drawn(s, [9, 33], 1), drawn(s, [9, 33], 2), { ...options, beta: 0.3 })),
    huber: () => all((options) => s.nn.huber(drawn(s, [9, 33], 1), drawn(s, [9, 33], 2), { ...options, delta: 0.3 })),
    binaryCrossEntropy: () =>
      all((options) =>
        s.nn.binaryCrossEntropy(drawn(s, [9, 3], 1, 9), s.sigmoid(drawn(s, [9, 3], 2)), {
          ...options,
          posWeight: positive(s, [3], 3),
        }),
      ),
    nll: () => all((options) => s.nn.nll(s.logSoftmax(drawn(s, [17, 5], 1)), labels(17, 5, 2), options)),
    klDivergence: () =>
      all((options) => s.nn.klDivergence(s.logSoftmax(drawn(s, [9, 5], 1)), s.softmax(drawn(s, [9, 5], 2)), options)),
    leastSquares: () => [
      s.leastSquares(x(), drawn(s, [40, 3], 2), { bias: true }),
      s.leastSquares(x(), drawn(s, [40, 3], 2), { l2: 0.1 }),
    ],
    maskedLeastSquares: () =>
      s.maskedLeastSquares(x(), drawn(s, [3, 7], 2), s.cast(s.greater(drawn(s, [3, 7], 3), 0), "u8")),
    hessian: () => [
      s.hessianDiagonal(x()),
      s.inverseHessian(x(), { damp: 0.01 }),
      s.choleskyOfInverse(x(), { order: Int32Array.of(6, 5, 4, 3, 2, 1, 0) }),
    ],
    globalNorm: () => [1, 2, 3].map((order) => s.optim.globalNorm({ a: x(), b: f(draw(17, 2)) }, { order })),
    hypervolume: () =>
      s.hypervolume(
        Array.from({ length: 9 }, (_, i) => [...draw(3, i)]),
        [1, 1, 1],
      ),
  };
}
