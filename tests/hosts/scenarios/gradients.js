// Gradients of every op that has one: by the sum of what it gives, each number of it weighted, so that none cancels.
import { draw, drawn, integers, positive } from "./numbers.js";

export function gradients(s) {
  const each = (of) => Object.fromEntries(of);
  /** The value of an op at some operands, and the slope in each of them. */
  const slopes = (op, ...operands) => {
    const weighted = (xs) => {
      const y = op(...xs);
      return s.sum(s.mul(y, drawn(s, y.shape, 99)));
    };
    return s.valueAndGrad(weighted)(operands);
  };
  const one =
    (op, make = drawn) =>
    () =>
      [5, 17, 101].map((n, i) => slopes(op, make(s, [n], i)));
  const unary = {
    ...{ neg: s.neg, abs: s.abs, exp: s.exp, square: s.square, relu: s.relu, silu: s.silu, sigmoid: s.sigmoid },
    ...{ tanh: s.tanh, gelu: s.gelu, leakyRelu: s.leakyRelu, softplus: s.softplus, sign: s.signSte },
    "gelu by tanh": (x) => s.gelu(x, { approximate: "tanh" }),
    clamp: (x) => s.clamp(x, { min: -0.25, max: 0.5 }),
  };
  const binary = { add: s.add, sub: s.sub, mul: s.mul, div: s.div, maximum: s.maximum, minimum: s.minimum };
  const reductions = { sum: s.sum, mean: s.mean, max: s.max, min: s.min, norm: s.norm };
  const transposed = [{}, { transposeA: true }, { transposeB: true }, { transposeA: true, transposeB: true }];
  const labels = () => s.tensor(integers(17, 5, 3));
  const mask = () => s.tensor(Uint8Array.from(draw(33, 5), (x) => (x > 0 ? 1 : 0)));
  const stored = (w) => () =>
    [1, 9].map((rows) =>
      slopes(
        (x, bias) => s.matmul(x, w(), { transposeB: true, bias, activation: "tanh" }),
        drawn(s, [rows, 33], 1),
        drawn(s, [9], 2),
      ),
    );

  return {
    ...each(Object.entries(unary).map(([name, op]) => [name, one(op)])),
    log: one(s.log, positive),
    sqrt: one(s.sqrt, positive),
    ...each(
      Object.entries(binary).map(([name, op]) => [
        name,
        () => [
          slopes(op, positive(s, [33], 1), positive(s, [33], 2)),
          slopes(op, positive(s, [2, 1, 3, 1], 3), positive(s, [1, 4, 1, 17], 4)),
        ],
      ]),
    ),
    ...each(
      Object.entries(reductions).map(([name, op]) => [
        name,
        () =>
          [{}, { axes: 0 }, { axes: [0, 2], keepDims: true }].map((options) =>
            slopes((x) => op(x, options), drawn(s, [4, 5, 17], 1)),
          ),
      ]),
    ),
    softmax: () => [0, -1].map((axis) => slopes((x) => s.softmax(x, { axis, temperature: 2 }), drawn(s, [9, 17], 1))),
    logSoftmax: () => [0, -1].map((axis) => slopes((x) => s.logSoftmax(x, { axis }), drawn(s, [9, 17], 1))),
    ...each(
      transposed.map((ways) => [
        `matmul ${Object.keys(ways).join(" ") || "as they lie"}`,
        () => [
          slopes(
            (a, b) => s.matmul(a, b, ways),
            drawn(s, ways.transposeA ? [33, 9] : [9, 33], 1),
            drawn(s, ways.transposeB ? [17, 33] : [33, 17], 2),
          ),
        ],
      ]),
    ),
    ...each(
      ["relu", "sigmoid", "tanh"].map((activation) => [
        `matmul with bias and ${activation}`,
        () =>
          slopes(
            (x, w, bias) => s.matmul(x, w, { transposeB: true, bias, activation }),
            drawn(s, [9, 33], 1),
            drawn(s, [17, 33], 2),
            drawn(s, [17], 3),
          ),
      ]),
    ),
    "matmul of batches": () => slopes(s.matmul, drawn(s, [2, 1, 5, 7], 1), drawn(s, [3, 7, 9], 2)),
    "matmul of int8": stored(() => s.int8().pack(drawn(s, [9, 33], 4))),
    "matmul of binary": stored(() => s.binary({ input: "sign" }).pack(drawn(s, [9, 33], 4))),
    "matmul of csr": stored(() => s.sparse(s.proxL0(drawn(s, [9, 33], 4), { lambda: 0.3 }), { layout: "csr" })),
    crossEntropy: () => [
      slopes((x) => s.crossEntropy(x, labels()), drawn(s, [17, 5], 1)),
      slopes((x) => s.crossEntropy(x, labels(), { labelSmoothing: 0.1, ignoreIndex: 2 }), drawn(s, [17, 5], 1)),
      slopes((x, y) => s.crossEntropy(x, s.softmax(y)), drawn(s, [17, 5], 1), drawn(s, [17, 5], 2)),
    ],
    losses: () =>
      ["l1", "smoothL1", "huber"].map((name) => slopes(s.nn[name], drawn(s, [9, 17], 1), drawn(s, [9, 17], 2))),
    mse: () => slopes(s.mse, drawn(s, [9, 17], 1), drawn(s, [9, 17], 2)),
    binaryCrossEntropy: () => slopes((x) => s.nn.binaryCrossEntropy(x, s.ones([9])), drawn(s, [9], 1, 8)),
    klDivergence: () =>
      slopes((x, y) => s.nn.klDivergence(s.logSoftmax(x), s.softmax(y)), drawn(s, [9, 5], 1), drawn(s, [9, 5], 2)),
    nll: () => slopes((x) => s.nn.nll(s.logSoftmax(x), labels()), drawn(s, [17, 5], 1)),
    gather: () => slopes((x) => s.gather(x, labels()), drawn(s, [5, 33], 1)),
    concat: () => slopes((x, y) => s.concat([x, y], { axis: 1 }), drawn(s, [3, 5], 1), drawn(s, [3, 17], 2)),
    layout: () =>
      slopes((x) => s.reshape(s.transpose(s.slice(x, [{ step: -2 }, { start: 1 }])), [-1]), drawn(s, [9, 17], 1)),
    expand: () => slopes((x) => s.expand(x, [5, 3, 17]), drawn(s, [3, 1], 1)),
    where: () => slopes((x, y) => s.where(mask(), x, y), drawn(s, [5, 33], 1), drawn(s, [5, 1], 2)),
    dropout: () => slopes((x) => s.dropout(x, { p: 0.3, seed: 1 }), drawn(s, [101], 1)),
    fakeQuantize: () =>
      slopes((x) => s.fakeQuantize(x, { low: -8, high: 7, scale: s.full([3], 0.1), axis: 0 }), drawn(s, [3, 33], 1)),
    lsq: () => slopes((x, scale) => s.lsq(x, scale, { low: -2, high: 1 }), drawn(s, [3, 33], 1), s.full([1], 0.3)),
    "gradients of gradients": () =>
      slopes((x, w) => s.grad((own) => s.sum(s.tanh(s.matmul(x, own))))(w), drawn(s, [9, 17], 1), drawn(s, [17, 5], 2)),
    distances: () =>
      [s.rkdDistance, s.rkdAngle].map((loss) => slopes((x) => loss(x, drawn(s, [9, 4], 2)), drawn(s, [9, 5], 1))),
  };
}
