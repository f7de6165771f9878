import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError, type SpokeshaveError } from "../../src/errors.js";
import { grad, valueAndGrad } from "../../src/grad.js";
import { binaryCrossEntropy, huber, klDivergence, l1, smoothL1 } from "../../src/nn/losses.js";
import { mul } from "../../src/ops/binary.js";
import type { Reduction } from "../../src/ops/loss.js";
import { sum } from "../../src/ops/reduce.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, roundoff, zeroLeaks } from "../grid.js";
import { sizeOf } from "../reference/array.js";
import * as reference from "../reference/losses.js";

zeroLeaks();

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const reductions: readonly Reduction[] = ["mean", "sum", "none"];
const shapes: readonly (readonly number[])[] = [
  [],
  [1],
  [3],
  [4],
  [5],
  [9],
  [63],
  [2, 3],
  [2, 3, 4],
  [255],
  [0],
  [0, 3],
];

type Loss = (x: Tensor, t: Tensor, options: { reduction: Reduction }) => Tensor<"f32">;

interface Kind {
  readonly ours: Loss;
  readonly truth: reference.Pairwise;
  readonly prediction?: (n: number) => Float32Array;
  readonly target?: (n: number) => Float32Array;
  /** How large the terms are that a loss is made of: rounding is in proportion to them. */
  readonly terms?: reference.Pairwise;
}

const wide = (n: number) => draw("normal", n, n + 1).map((x) => 3 * x);
const narrow = (n: number) => draw("normal", n, n + 2);
const share = (n: number) => draw("uniform", n, n + 3).map((x) => (1 + x) / 2);
/** Away from 0, where the slope of the logarithm turns too fast for differences. */
const likely = (n: number) => share(n).map((p) => 0.1 + 0.9 * p);
const logShare = (n: number) => share(n).map((p) => Math.log(p));

const kinds: Readonly<Record<string, Kind>> = {
  l1: { ours: l1, truth: reference.l1 },
  smoothL1: { ours: smoothL1, truth: reference.smoothL1() },
  "smoothL1, beta 0.25": { ours: (x, t, o) => smoothL1(x, t, { ...o, beta: 0.25 }), truth: reference.smoothL1(0.25) },
  "smoothL1, beta 0": { ours: (x, t, o) => smoothL1(x, t, { ...o, beta: 0 }), truth: reference.l1 },
  huber: { ours: huber, truth: reference.huber() },
  "huber, delta 2.5": { ours: (x, t, o) => huber(x, t, { ...o, delta: 2.5 }), truth: reference.huber(2.5) },
  binaryCrossEntropy: { ours: binaryCrossEntropy, truth: reference.binaryCrossEntropy(), target: share },
  "binaryCrossEntropy, weights": {
    ours: (x, t, o) => binaryCrossEntropy(x, t, { ...o, weight: tensor([2], []), posWeight: tensor([0.5], []) }),
    truth: reference.binaryCrossEntropy(2, 0.5),
    target: share,
  },
  klDivergence: {
    ours: klDivergence,
    truth: reference.klDivergence,
    prediction: logShare,
    target: (n) => likely(n + 1).slice(1),
    terms: (logQ, p) => p * (Math.abs(Math.log(p)) + Math.abs(logQ)),
  },
  "klDivergence of logs": {
    ours: (x, t, o) => klDivergence(x, t, { ...o, logTarget: true }),
    truth: reference.klDivergenceOfLogs,
    prediction: logShare,
    target: (n) => logShare(n + 1).slice(1),
    terms: (logQ, logP) => Math.exp(logP) * (Math.abs(logP) + Math.abs(logQ)),
  },
};

const cases = Object.entries(kinds).flatMap(([name, kind]) => shapes.map((shape) => [name, shape, kind] as const));

describe("against f64", () => {
  it.each(cases)("%s of %j", (_, shape, { ours, truth, prediction = wide, target = narrow, terms = truth }) => {
    const n = sizeOf(shape);
    const x = prediction(n);
    const t = target(n);
    const losses = Float64Array.from(x, (value, i) => truth(value, t[i]!));
    const scales = Float64Array.from(x, (value, i) => Math.abs(terms(value, t[i]!)) + Math.abs(truth(value, t[i]!)));
    const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
    const expected = { none: losses, sum: [total(losses)], mean: [total(losses) / n] };
    const bounds = {
      none: scales.map((scale) => 8 * roundoff * scale),
      sum: [(n + 8) * roundoff * total(scales)],
      mean: [((n + 8) * roundoff * total(scales)) / n],
    };
    for (const reduction of reductions)
      scope(() => {
        const loss = ours(tensor(x, shape), tensor(t, shape), { reduction });
        expect(loss.shape).toEqual(reduction === "none" ? shape : []);
        expectWithin(readTensor(loss), expected[reduction], bounds[reduction], reduction);
      });
  });

  it.each(cases)("gradients of %s of %j", (_, shape, { ours, truth, prediction = wide, target = narrow }) => {
    const n = sizeOf(shape);
    const x = prediction(n);
    const t = target(n);
    const upstream = draw("normal", n, n + 5);
    const total = (xs: ArrayLike<number>, ts: ArrayLike<number>, weight: (i: number) => number) =>
      upstream.reduce((sum, _, i) => sum + weight(i) * truth(xs[i]!, ts[i]!), 0);
    const weights = { none: (i: number) => upstream[i]!, sum: () => 1, mean: () => 1 / n };
    for (const reduction of reductions)
      scope(() => {
        const value = ([a, b]: readonly [Tensor, Tensor]) => {
          const loss = ours(a, b, { reduction });
          return reduction === "none" ? sum(mul(loss, tensor(upstream, shape))) : loss;
        };
        const [gx, gt] = grad(value)([tensor(x, shape), tensor(t, shape)]);
        const w = weights[reduction];
        const bound = (i: number, slope: number) => 1e-6 * (Math.abs(slope) + Math.abs(w(i))) + 1e-9;
        expectWithin(
          readTensor(gx),
          reference.slope((xs) => total(xs, t, w), x),
          bound,
          `${reduction}, prediction`,
        );
        expectWithin(
          readTensor(gt),
          reference.slope((ts) => total(x, ts, w), t),
          bound,
          `${reduction}, target`,
        );
      });
  });
});

/** Value and gradients of a loss without reduction, per element. */
function perElement(loss: (x: Tensor, t: Tensor) => Tensor, x: readonly number[], t: readonly number[]) {
  return scope(() => {
    const both = valueAndGrad(([a, b]: readonly [Tensor, Tensor]): readonly [Tensor, Tensor] => {
      const losses = loss(a, b);
      return [sum(losses), losses];
    });
    const { grads, aux } = both([tensor([...x]), tensor([...t])]);
    return { losses: readTensor(aux), gx: readTensor(grads[0]), gt: readTensor(grads[1]) };
  });
}

const none = { reduction: "none" } as const;

describe("at the edges", () => {
  it("kinks: l1 has the slope 0 at 0, smoothL1 and huber that of both sides at their bounds", () => {
    const at = [0, 1, -1, 2, -2];
    const zeros = at.map(() => 0);
    const flat = perElement((x, t) => l1(x, t, none), at, zeros);
    expectSame(flat.gx, [0, 1, -1, 1, -1], "l1");
    for (const loss of [smoothL1, huber]) {
      const { losses, gx, gt } = perElement((x, t) => loss(x, t, none), at, zeros);
      expectSame(losses, [0, 0.5, 0.5, 1.5, 1.5], loss.name);
      expectSame(gx, [0, 1, -1, 1, -1], `${loss.name}, prediction`);
      expectSame(gt.map(Math.abs), [0, 1, 1, 1, 1], `${loss.name}, target`);
    }
  });

  it("logits of ±10⁴ give finite losses and gradients, and exact ones", () => {
    const x = [1e4, 1e4, -1e4, -1e4, 0];
    const y = [1, 0, 1, 0, 0.5];
    const { losses, gx, gt } = perElement((a, b) => binaryCrossEntropy(a, b, none), x, y);
    expectWithin(losses, [0, 1e4, 1e4, 0, Math.LN2], 1e-7, "losses");
    expectWithin(gx, [0, 1, -1, 0, 0], 1e-7, "logits");
    expectWithin(gt, [-1e4, -1e4, 1e4, 1e4, 0], 1e-7, "target");
  });

  it("nothing cancels where the answer is right and sure", () => {
    const x = [-5, -10, -15, -19, -25];
    const { losses } = perElement((a, b) => binaryCrossEntropy(a, b, none), x, [0, 0, 0, 0, 0]);
    expectWithin(
      losses,
      x.map((v) => Math.log1p(Math.exp(v))),
      (_, loss) => 1e-6 * loss,
      "losses",
    );
  });

  it("errors of ±10⁴ and 10³⁰ stay finite where the result is", () => {
    const x = [1e4, -1e4, 1e30, -1e30];
    const expected = { l1: [1e4, 1e4, 1e30, 1e30], bent: [1e4 - 0.5, 1e4 - 0.5, 1e30, 1e30] };
    for (const loss of [l1, smoothL1, huber]) {
      const { losses, gx } = perElement((a, b) => loss(a, b, none), x, [0, 0, 0, 0]);
      expectWithin(losses, loss === l1 ? expected.l1 : expected.bent, (_, v) => 4 * roundoff * v, loss.name);
      expectSame(gx, [1, -1, 1, -1], `${loss.name}, prediction`);
    }
  });

  it("NaN goes through", () => {
    for (const loss of [l1, smoothL1, huber, binaryCrossEntropy, klDivergence] satisfies Loss[]) {
      expectSame(perElement((a, b) => loss(a, b, none), [nan, 1], [0.5, nan]).losses, [nan, nan], loss.name);
    }
  });

  it("klDivergence: a target of 0 costs nothing and pulls at nothing, not even at −Infinity", () => {
    const { losses, gx, gt } = perElement((a, b) => klDivergence(a, b, none), [-1, -inf, -1e4, -2], [0, 0, 0, 1]);
    expectSame(losses, [0, 0, 0, 2], "losses");
    expectSame(gx.map(Math.abs), [0, 0, 0, 1], "prediction");
    expectSame(gt, [0, 0, 0, 3], "target");
    const logs = perElement(
      (a, b) => klDivergence(a, b, { ...none, logTarget: true }),
      [-1, -inf, -1e4, -2],
      [-inf, -inf, -1e4, 0],
    );
    expectSame(logs.losses, [0, 0, 0, 2], "losses of logs");
    expectSame(logs.gx.map(Math.abs), [0, 0, 0, 1], "prediction of logs");
    expectSame(logs.gt, [0, 0, 0, 3], "target of logs");
  });

  it("klDivergence: batchMean divides the sum by the first size", () => {
    scope(() => {
      const [x, t] = [
        tensor([
          [-1, -2],
          [-3, -4],
          [-5, -6],
        ]),
        tensor([
          [1, 0],
          [0, 1],
          [1, 0],
        ]),
      ];
      expectWithin(readTensor(klDivergence(x, t, { reduction: "batchMean" })), [10 / 3], 1e-6, "batchMean");
      expectWithin(readTensor(klDivergence(x, t)), [10 / 6], 1e-6, "mean");
    });
  });

  it("binaryCrossEntropy: weights of a batch and of classes broadcast", () => {
    scope(() => {
      const x = tensor([
        [0, 1],
        [2, -1],
      ]);
      const y = tensor([
        [1, 0],
        [1, 1],
      ]);
      const [weight, posWeight] = [tensor([[1], [3]]), tensor([2, 0.5])];
      const losses = binaryCrossEntropy(x, y, { weight, posWeight, reduction: "none" });
      const expected = [
        [0, 1, 1, 2],
        [1, 0, 1, 0.5],
        [2, 1, 3, 2],
        [-1, 1, 3, 0.5],
      ].map(([logit, target, w, p]) => reference.binaryCrossEntropy(w, p)(logit!, target!));
      expectWithin(readTensor(losses), expected, 1e-6, "losses");
    });
  });
});

describe("errors", () => {
  const f = (...shape: number[]) => tensor(new Float32Array(sizeOf(shape)), shape);
  const i = (...shape: number[]) => tensor(new Int32Array(sizeOf(shape)), shape);
  const pairs = { l1, smoothL1, huber, binaryCrossEntropy, klDivergence };

  it.each(Object.entries(pairs))("%s: shapes, dtypes and reductions", (name, loss) => {
    scope(() => {
      expect(() => loss(f(2, 3), f(3))).toThrow(ShapeError);
      expect(() => loss(f(2, 3), f(3))).toThrow(
        new RegExp(`^${name}: \\w+ is \\[2, 3\\], target \\[3\\]; they need one shape`),
      );
      expect(() => loss(f(2), i(2))).toThrow(DTypeError);
      expect(() => loss(i(2), f(2))).toThrow(new RegExp(`^${name}: \\w+ \\[2\\] is i32, expected f32`));
      expect(() => loss(f(2), f(2), { reduction: "avg" as Reduction })).toThrow(ArgumentError);
      expect(() => loss(f(2), f(2), { reduction: "avg" as Reduction })).toThrow(`${name}: `);
    });
  });

  type Refused = readonly [message: string, error: typeof SpokeshaveError, call: () => Tensor];
  const refused: readonly Refused[] = [
    ["smoothL1: beta is -1;", ArgumentError, () => smoothL1(f(2), f(2), { beta: -1 })],
    ["smoothL1: beta is NaN;", ArgumentError, () => smoothL1(f(2), f(2), { beta: nan })],
    ["huber: delta is 0;", ArgumentError, () => huber(f(2), f(2), { delta: 0 })],
    ["l1: prediction is [2], target [3]", ShapeError, () => smoothL1(f(2), f(3), { beta: 0 })],
    [
      "binaryCrossEntropy: weight is [2, 3], logits [3]; it must broadcast to them",
      ShapeError,
      () => binaryCrossEntropy(f(3), f(3), { weight: f(2, 3) }),
    ],
    ["binaryCrossEntropy: shapes [3] and [2]", ShapeError, () => binaryCrossEntropy(f(3), f(3), { posWeight: f(2) })],
    ["binaryCrossEntropy: posWeight [3] is i32", DTypeError, () => binaryCrossEntropy(f(3), f(3), { posWeight: i(3) })],
    ['klDivergence: reduction "batchMean"', ShapeError, () => klDivergence(f(), f(), { reduction: "batchMean" })],
  ];

  it.each(refused)("%s", (message, error, call) => {
    scope(() => {
      expect(call).toThrow(error);
      expect(call).toThrow(message);
    });
  });
});
