import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError, type SpokeshaveError } from "../../src/errors.js";
import { grad, valueAndGrad } from "../../src/grad.js";
import { nll } from "../../src/nn/losses.js";
import { mul } from "../../src/ops/binary.js";
import { crossEntropy, type Reduction } from "../../src/ops/loss.js";
import { sum } from "../../src/ops/reduce.js";
import { logSoftmax } from "../../src/ops/softmax.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, pick, random, zeroLeaks } from "../grid.js";
import { generate, sizeOf } from "../reference/array.js";
import * as reference from "../reference/losses.js";

zeroLeaks();

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const reductions: readonly Reduction[] = ["mean", "sum", "none"];
const none = { reduction: "none" } as const;

const forms: readonly (readonly [shape: readonly number[], axis: number])[] = [
  [[1, 2], -1],
  [[4, 3], 1],
  [[3, 4], 0],
  [[5], 0],
  [[7, 1], 1],
  [[33, 9], -1],
  [[2, 3, 4], 1],
  [[2, 3, 4], 2],
  [[4, 2, 3], 0],
  [[2, 5, 3, 2], 1],
  [[0, 5], 1],
];
const options = [
  { weighted: false, ignored: undefined },
  { weighted: true, ignored: undefined },
  { weighted: false, ignored: 1 },
  { weighted: true, ignored: -100 },
];
const table = forms.flatMap(([shape, axis]) =>
  options.flatMap((option) => reductions.map((reduction) => [shape, axis, reduction, option] as const)),
);

it.each(table)("against f64: %j, axis %i, %s, %o", (shape, axis, reduction, { weighted, ignored }) => {
  const at = axis < 0 ? axis + shape.length : axis;
  const classes = shape[at]!;
  const lead = shape.filter((_, i) => i !== at);
  const next = random(sizeOf(shape) + at);
  const logs = draw("normal", sizeOf(shape), 11).map((x) => -Math.abs(x));
  // The first label counts: over none the mean is 0 / 0.
  const labels = generate(lead, (i) => (i % 3 === 1 ? (ignored ?? 0) : i === 0 ? 0 : pick(next, classes)));
  const weight = weighted ? [...draw("uniform", classes, 12)].map((w) => Math.fround(w + 1.5)) : undefined;
  const upstream = draw("normal", sizeOf(lead), 13);
  const value = (values: ArrayLike<number>): number => {
    const settings = { axis: at, ...(weight && { weight }), ...(ignored !== undefined && { ignoreIndex: ignored }) };
    const { losses, weights } = reference.nll(
      generate(shape, (i) => values[i]!),
      labels,
      settings,
    );
    const total = losses.data.reduce((sum, loss, i) => sum + loss * (reduction === "none" ? upstream[i]! : 1), 0);
    return reduction === "mean" ? total / weights.data.reduce((sum, w) => sum + w, 0) : total;
  };
  scope(() => {
    const y = tensor(Int32Array.from(labels.data), lead);
    const settings = {
      axis,
      reduction,
      ...(weight && { weight: tensor(weight) }),
      ...(ignored !== undefined && { ignoreIndex: ignored }),
    };
    const both = valueAndGrad((x: Tensor) => {
      const loss = nll(x, y, settings);
      expect(loss.shape).toEqual(reduction === "none" ? lead : []);
      return reduction === "none" ? sum(mul(loss, tensor(upstream, lead))) : loss;
    })(tensor(logs, shape));
    expectWithin(readTensor(both.value), [value(logs)], (_, v) => 1e-5 * (1 + Math.abs(v)), "value");
    expectWithin(readTensor(both.grads), reference.slope(value, logs), 1e-6, "gradient");
  });
});

it("after logSoftmax it is crossEntropy", () => {
  scope(() => {
    const logits = tensor(draw("normal", 24, 1), [2, 3, 4]);
    const y = tensor(new Int32Array([0, 2, 1, 1, 0, 0, 2, 1]), [2, 4]);
    for (const reduction of reductions)
      expectWithin(
        readTensor(nll(logSoftmax(logits, { axis: 1 }), y, { axis: 1, reduction })),
        readTensor(crossEntropy(logits, y, { axis: 1, reduction })),
        (_, loss) => 1e-6 * (1 + loss),
        reduction,
      );
  });
});

it("−Infinity counts only where it is the label's", () => {
  scope(() => {
    const logs = tensor([
      [-inf, -1],
      [-inf, -2],
    ]);
    const both = grad((x: Tensor) => nll(x, tensor(new Int32Array([1, 1])), { reduction: "sum" }));
    expectSame(readTensor(both(logs)), [0, -1, 0, -1], "gradient");
    expectSame(readTensor(nll(logs, tensor(new Int32Array([1, 1])), none)), [1, 2], "losses");
    expectSame(readTensor(nll(logs, tensor(new Int32Array([0, 1])), none)), [inf, 2], "losses");
    expectSame(readTensor(nll(logs, tensor(new Int32Array([0, 1])), { ...none, ignoreIndex: 0 })), [0, 2], "losses");
  });
});

it("over labels that are all ignored the mean is NaN, as in PyTorch, and no gradient flows", () => {
  scope(() => {
    const y = tensor(new Int32Array([-1, -1]));
    const both = valueAndGrad((x: Tensor) => nll(x, y, { ignoreIndex: -1 }))(
      tensor([
        [-1, -2],
        [-3, -4],
      ]),
    );
    expectSame(readTensor(both.value), [nan], "mean");
    expectSame(readTensor(both.grads).map(Math.abs), [0, 0, 0, 0], "gradient");
  });
});

describe("errors", () => {
  const f = (...shape: number[]) => tensor(new Float32Array(sizeOf(shape)), shape);
  const i = (...shape: number[]) => tensor(new Int32Array(sizeOf(shape)), shape);

  it.each<readonly [message: string, error: typeof SpokeshaveError, call: () => Tensor]>([
    ["nll: logProbabilities is [2, 3], labels [3]; labels needs [2]", ShapeError, () => nll(f(2, 3), i(3))],
    ["nll: labels [2] is f32, expected i32", DTypeError, () => nll(f(2, 3), f(2))],
    ["nll: logProbabilities [2, 3] is i32, expected f32", DTypeError, () => nll(i(2, 3), i(2))],
    ["nll: weight is [2], there are 3 classes; it needs [3]", ShapeError, () => nll(f(2, 3), i(2), { weight: f(2) })],
    ["nll: axis 2 is outside", ShapeError, () => nll(f(2, 3), i(2), { axis: 2 })],
    ["nll: labels[1] is 3; it must be from 0 to 2", ShapeError, () => nll(f(2, 3), tensor(new Int32Array([0, 3])))],
    ["nll: labels[0] is -100;", ShapeError, () => nll(f(2, 3), tensor(new Int32Array([-100, 0])))],
    ["nll: labels[0] is -2147483648;", ShapeError, () => nll(f(2, 3), tensor(new Int32Array([-(2 ** 31), 0])))],
    ["nll: ignoreIndex is 0.5;", ArgumentError, () => nll(f(2, 3), i(2), { ignoreIndex: 0.5 })],
    ["nll: ", ArgumentError, () => nll(f(2, 3), i(2), { reduction: "avg" as Reduction })],
  ])("%s", (message, error, call) => {
    scope(() => {
      expect(call).toThrow(error);
      expect(call).toThrow(message);
    });
  });
});
