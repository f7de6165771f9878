import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, GradientError, ShapeError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { type CrossEntropyOptions, crossEntropy, mse } from "../../src/ops/loss.js";
import { sum } from "../../src/ops/reduce.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { expectSame, expectWithin, pick, random, roundoff, sizes, zeroLeaks } from "../grid.js";
import { reference as array, generate, type Reference } from "../reference/array.js";
import { transpose } from "../reference/layout.js";
import * as reference from "../reference/loss.js";
import { logSoftmax, logSumExp, softmax } from "../reference/softmax.js";
import { drawn } from "../values.js";
import { watched } from "../watch.js";

zeroLeaks();

const reductions = ["mean", "sum", "none"] as const;
const infinity = Number.POSITIVE_INFINITY;

/** Rows and classes. */
const grid: readonly (readonly [rows: number, classes: number])[] = [
  ...sizes.filter((n) => n > 0).map((classes): [number, number] => [3, classes]),
  ...sizes.filter((n) => n < 1000).map((rows): [number, number] => [rows, 5]),
];

/** Everything that changes the loss but the target and the reduction. */
const settings: readonly { smoothing?: number; weighted?: boolean; ignore?: number }[] = [
  {},
  { smoothing: 0.1 },
  { smoothing: 1 },
  { weighted: true },
  { ignore: 0 },
  { smoothing: 0.3, weighted: true, ignore: -100 },
];

interface Case {
  readonly x: Reference;
  readonly target: Reference;
  readonly options: reference.CrossEntropyOptions;
  readonly about: string;
}

function* cases(kind: "labels" | "probabilities"): Generator<Case> {
  const next = random(1);
  for (const [rows, classes] of grid)
    for (const { smoothing, weighted, ignore } of settings)
      for (const reduction of reductions) {
        const label = (): number => (ignore === -100 && next() < 0.3 ? -100 : pick(next, classes));
        const weight = weighted ? generate([classes], () => Math.fround(0.1 + next())) : undefined;
        const shares = softmax(drawn([rows, classes], 2));
        yield {
          x: drawn([rows, classes], 1),
          target:
            kind === "labels"
              ? generate([rows], label)
              : generate([rows, classes], (i) => Math.fround(shares.data[i]!)),
          options: {
            reduction,
            ...(smoothing !== undefined && { labelSmoothing: smoothing }),
            ...(weight && { weight }),
            ...(ignore !== undefined && kind === "labels" && { ignoreIndex: ignore }),
          },
          about: `${kind}, [${rows}, ${classes}], ${JSON.stringify({ smoothing, weighted, ignore, reduction })}`,
        };
      }
}

const float = (x: Reference): Tensor => tensor(x.data, x.shape);
const asTarget = (t: Reference, hard: boolean): Tensor => tensor(t.data, t.shape, { dtype: hard ? "i32" : "f32" });

function optionsOf({ weight, ...rest }: reference.CrossEntropyOptions): CrossEntropyOptions {
  return { ...rest, ...(weight && { weight: float(weight) }) };
}

/**
 * Bound of one row's loss: Σ t_c · (lse − x_c) with C terms one after another, each off by the roundoffs of its target (3), of
 * the logarithm (those of Σe^a, see softmax.test.ts, and 2 of its value) and of the differences (3).
 */
function rowBounds({ x, target, options }: Case): Float64Array {
  const [rows, classes] = x.shape as [number, number];
  const log = logSoftmax(x).data;
  const { labelSmoothing = 0, weight } = options;
  return Float64Array.from({ length: rows }, (_, r) => {
    const logs = Array.from(log.subarray(r * classes, (r + 1) * classes));
    const largest = Math.max(...logs);
    const total = logs.reduce((s, l) => s + Math.exp(l) * (3 * (largest - l) + 2), 0) + classes / 4 + 3;
    const shared = (c: number): number =>
      target.shape.length === 1 ? Number(target.data[r] === c) : target.data[r * classes + c]!;
    return logs.reduce((s, l, c) => {
      const t = (weight?.data[c] ?? 1) * ((1 - labelSmoothing) * shared(c) + labelSmoothing / classes);
      return s + t * (total + 2 * Math.abs(largest) + (classes + 9) * Math.abs(l)) * roundoff;
    }, 0);
  });
}

function check(one: Case, shift: number): void {
  const { x, target, options, about } = one;
  const hard = about.startsWith("labels");
  const truth = reference.crossEntropy(x, target, options);
  watched(
    () =>
      scope(() => {
        const given = optionsOf(options);
        const params = hard ? [float(x)] : [float(x), asTarget(target, false)];
        const loss = ([logits, probabilities]: readonly Tensor[]) =>
          crossEntropy(logits!, probabilities ?? asTarget(target, true), given);
        const y = loss(params);
        const rows = x.shape[0]!;
        const bounds = rowBounds(one);
        // A mean or sum adds up rows, then divides by the sum of their weights.
        const whole = bounds.reduce((a, b) => a + b, 0) + (rows + 4) * roundoff * sumOf(truth.losses);
        const divisor = options.reduction === "mean" ? sumOf(truth.losses) / truth.value.data[0]! : 1;
        expect(y.shape).toEqual(truth.value.shape);
        const bound = options.reduction === "none" ? bounds : [whole / divisor + 4 * roundoff * truth.value.data[0]!];
        expectWithin(readTensor(y), truth.value.data, bound, about);

        const total = (p: readonly Tensor[]) => (options.reduction === "none" ? sum(loss(p)) : loss(p));
        const { grads } = valueAndGrad(total)(params);
        const within = (_: number, e: number): number => 2e-6 * (1 + Math.abs(e));
        expectWithin(readTensor(grads[0]!), truth.gradient.data, within, `${about}, gradient`);
        if (!hard)
          expectWithin(readTensor(grads[1]!), truth.targetGradient.data, within, `${about}, target's gradient`);
      }),
    shift,
  );
}

const sumOf = (x: Reference): number => x.data.reduce((a, b) => a + b, 0);

describe("crossEntropy", () => {
  it("of labels is within its error bound, gradient too", () => {
    let n = 0;
    for (const one of cases("labels")) check(one, (n++ % 2) * 4);
  });

  it("of probabilities is within its error bound, both gradients too", () => {
    let n = 0;
    for (const one of cases("probabilities")) check(one, (n++ % 2) * 4);
  });

  it("goes along any axis", () => {
    const [shape, order] = [
      [2, 5, 3],
      [0, 2, 1],
    ];
    const x = drawn(shape, 1);
    const rows = transpose(x, order);
    const flat = array([6, 5], rows.data);
    const labels = generate([6], (i) => i % 5);
    const shares = drawn(shape, 2);
    for (const axis of [1, -2])
      for (const reduction of reductions)
        scope(() => {
          const options = { axis, reduction };
          const byLabel = crossEntropy(float(x), tensor(labels.data, [2, 3], { dtype: "i32" }), options);
          const truth = reference.crossEntropy(flat, labels, { reduction }).value;
          expect(byLabel.shape).toEqual(reduction === "none" ? [2, 3] : []);
          expectWithin(readTensor(byLabel), truth.data, (_, e) => 1e-6 * (1 + e), `labels along ${axis}`);
          const byShare = crossEntropy(float(x), float(shares), options);
          const soft = array([6, 5], transpose(shares, order).data);
          const softTruth = reference.crossEntropy(flat, soft, { reduction }).value;
          expectWithin(readTensor(byShare), softTruth.data, (_, e) => 4e-6 * (1 + Math.abs(e)), `shares along ${axis}`);
        });
  });

  it("takes one vector of logits and one label", () => {
    scope(() => {
      const y = crossEntropy(tensor([1, 2, 3]), tensor(1, [], { dtype: "i32" }));
      expectWithin(readTensor(y), [logSumExp([1, 2, 3]) - 2], 4 * roundoff, "one row");
    });
  });

  it("of labels equals that of the same labels as probabilities", () => {
    scope(() => {
      const x = float(drawn([7, 5], 1));
      const labels = Int32Array.from({ length: 7 }, (_, i) => i % 5);
      const hot = generate([7, 5], (i) => Number(labels[Math.floor(i / 5)] === i % 5));
      for (const labelSmoothing of [0, 0.2])
        expectSame(
          readTensor(crossEntropy(x, float(hot), { labelSmoothing, reduction: "none" })),
          readTensor(crossEntropy(x, tensor(labels), { labelSmoothing, reduction: "none" })),
          `smoothing ${labelSmoothing}`,
        );
    });
  });

  it("of one class is 0, and so is its gradient", () => {
    scope(() => {
      const loss = (x: Tensor) => crossEntropy(x, tensor(new Int32Array(3)));
      const { value, grads } = valueAndGrad(loss)(tensor([[1e30], [-5], [0]]));
      expect([...readTensor(value)]).toEqual([0]);
      expectSame(readTensor(grads), [0, 0, 0], "gradient");
    });
  });

  it("of huge logits is their difference, without overflow", () => {
    scope(() => {
      const x = tensor([
        [1e4, 0],
        [3e38, -3e38],
        [2 ** 40 + 2 ** 18, 2 ** 40],
      ]);
      const y = crossEntropy(x, tensor(new Int32Array([1, 0, 1])), { reduction: "none" });
      expectSame(readTensor(y), [1e4, 0, 2 ** 18], "huge logits");
      const z = crossEntropy(x, tensor(new Int32Array([0, 1, 0])), { reduction: "none" });
      expectSame(readTensor(z), [0, infinity, 0], "the other label");
    });
  });

  it("takes −Infinity for a class that cannot be: free unless it is the target", () => {
    const x = [
      [0, -infinity, 0],
      [-infinity, -infinity, 4],
    ];
    scope(() => {
      const loss = (t: Tensor) => sum(crossEntropy(t, tensor(new Int32Array([0, 2])), { reduction: "none" }));
      const { value, grads } = valueAndGrad(loss)(tensor(x));
      expectWithin(readTensor(value), [Math.log(2)], roundoff, "−Infinity elsewhere");
      expectSame(readTensor(grads), [-0.5, 0, 0.5, 0, 0, 0], "gradient");
      const soft = tensor([
        [0.5, 0, 0.5],
        [0, 0, 1],
      ]);
      expectWithin(readTensor(crossEntropy(tensor(x), soft, { reduction: "sum" })), [Math.log(2)], roundoff, "shares");
      const hit = crossEntropy(tensor(x), tensor(new Int32Array([1, 0])), { reduction: "none" });
      expectSame(readTensor(hit), [infinity, infinity], "−Infinity as the target");
      const smoothed = crossEntropy(tensor(x), tensor(new Int32Array([0, 2])), { labelSmoothing: 0.1 });
      expectSame(readTensor(smoothed), [infinity], "smoothing spreads over it");
    });
  });

  it("of a row with NaN or Infinity, or all −Infinity, is NaN; others are not touched", () => {
    scope(() => {
      const x = tensor([
        [Number.NaN, 1],
        [infinity, 1],
        [-infinity, -infinity],
        [0, 0],
      ]);
      const y = readTensor(crossEntropy(x, tensor(new Int32Array([1, 1, 1, 1])), { reduction: "none" }));
      expectSame(y.subarray(0, 3), [Number.NaN, Number.NaN, Number.NaN], "NaN rows");
      expectWithin(y.subarray(3), [Math.log(2)], roundoff, "the row beside");
    });
  });

  it("counts nothing for ignored labels: no loss, no weight, no gradient, NaN or not", () => {
    scope(() => {
      const x = tensor([
        [1, 2],
        [Number.NaN, 3],
      ]);
      const labels = tensor(new Int32Array([0, -1]));
      const { value, grads } = valueAndGrad((t: Tensor) => crossEntropy(t, labels, { ignoreIndex: -1 }))(x);
      expectWithin(readTensor(value), [logSumExp([1, 2]) - 1], 4 * roundoff, "mean over one row");
      expectSame(readTensor(grads).subarray(2), [0, 0], "gradient of the ignored row");
      const none = crossEntropy(x, tensor(new Int32Array([-1, -1])), { ignoreIndex: -1 });
      expectSame(readTensor(none), [Number.NaN], "a mean over nothing, as in PyTorch");
    });
  });

  it("of no rows is 0 as a sum and NaN as a mean", () => {
    scope(() => {
      const [x, labels] = [tensor(new Float32Array(0), [0, 3]), tensor(new Int32Array(0))];
      expectSame(readTensor(crossEntropy(x, labels, { reduction: "sum" })), [0], "sum");
      expectSame(readTensor(crossEntropy(x, labels)), [Number.NaN], "mean");
      expect(crossEntropy(x, labels, { reduction: "none" }).shape).toEqual([0]);
    });
  });

  it("says what does not fit", () => {
    scope(() => {
      const x = tensor(new Float32Array(6), [2, 3]);
      const labels = tensor(new Int32Array([0, 2]));
      const bad = (target: Tensor, options?: CrossEntropyOptions) => () => crossEntropy(x, target, options);
      const i32 = (...values: number[]) => tensor(new Int32Array(values));
      expect(bad(i32(0))).toThrow(ShapeError);
      expect(bad(i32(0))).toThrow("crossEntropy: logits are [2, 3], labels [1]; the target needs [2]");
      expect(bad(tensor([0, 1]))).toThrow(
        "the target needs [2, 3]; labels are i32 [2], and for numbers take another loss, such as mse",
      );
      expect(bad(i32(0, 3))).toThrow(ShapeError);
      expect(bad(i32(0, 3))).toThrow("crossEntropy: labels[1] is 3; it must be from 0 to 2");
      expect(bad(i32(0, -100))).toThrow("crossEntropy: labels[1] is -100");
      expect(bad(tensor(new Uint8Array(6), [2, 3]))).toThrow(DTypeError);
      expect(bad(labels, { weight: tensor([1, 2]) })).toThrow("weight is [2], there are 3 classes; it needs [3]");
      expect(bad(labels, { weight: i32(1, 2, 3) })).toThrow(DTypeError);
      expect(bad(labels, { axis: 2 })).toThrow(ShapeError);
      for (const labelSmoothing of [-0.1, 1.1, Number.NaN]) {
        expect(bad(labels, { labelSmoothing })).toThrow(ArgumentError);
        expect(bad(labels, { labelSmoothing })).toThrow(`labelSmoothing is ${labelSmoothing}; it goes from 0 to 1`);
      }
      for (const ignoreIndex of [0.5, Number.NaN, 2 ** 32]) {
        expect(bad(labels, { ignoreIndex })).toThrow(ArgumentError);
        expect(bad(labels, { ignoreIndex })).toThrow(`ignoreIndex is ${ignoreIndex}`);
      }
      expect(bad(labels, { reduction: "average" as "mean" })).toThrow(ArgumentError);
      expect(bad(labels, { reduction: "average" as "mean" })).toThrow('reduction is "average"');
      expect(() => crossEntropy(i32(1, 2), i32(0))).toThrow(
        "crossEntropy: logits [2] is i32, expected f32; convert with",
      );
      expect(() => crossEntropy(tensor(new Float32Array(0), [2, 0]), labels)).toThrow(ShapeError);
      expect(() => crossEntropy(tensor(new Float32Array(0), [2, 0]), labels)).toThrow("have no classes");
      const toWeight = valueAndGrad((weight: Tensor) => crossEntropy(x, labels, { weight }));
      expect(() => toWeight(tensor([1, 1, 1]))).toThrow(GradientError);
    });
  });
});

describe("mse", () => {
  it("is the reference's squared error, reduced", () => {
    for (const n of sizes)
      for (const reduction of reductions)
        watched(() =>
          scope(() => {
            const [a, b] = [drawn([n], 1), drawn([n], 2)];
            const truth = reference.mse(a, b, reduction);
            const y = mse(float(a), float(b), { reduction });
            expect(y.shape).toEqual(truth.shape);
            expectWithin(
              readTensor(y),
              truth.data,
              (_, e) => (n / 16 + 9) * roundoff * e,
              `mse of [${n}], ${reduction}`,
            );
          }),
        );
  });

  it("has the gradient 2 (a − b) / n, and its negative", () => {
    scope(() => {
      const [a, b] = [drawn([5, 7], 1), drawn([5, 7], 2)];
      const { grads } = valueAndGrad(([p, t]: readonly Tensor[]) => mse(p!, t!))([float(a), float(b)]);
      const slope = generate([5, 7], (i) => (2 * (a.data[i]! - b.data[i]!)) / 35);
      expectWithin(readTensor(grads[0]!), slope.data, (_, e) => 4 * roundoff * Math.abs(e), "prediction");
      expectSame(
        readTensor(grads[1]!),
        readTensor(grads[0]!).map((g) => -g),
        "target",
      );
      const weighted = valueAndGrad((p: Tensor) => sum(mul(mse(p, float(b), { reduction: "none" }), 3)))(float(a));
      const steep = slope.data.map((g) => g * 105);
      expectWithin(readTensor(weighted.grads), steep, (_, e) => 4 * roundoff * Math.abs(e), "without reduction");
    });
  });

  it("refuses shapes that differ, even if they broadcast, and other dtypes", () => {
    scope(() => {
      const x = tensor([[1], [2]]);
      expect(() => mse(x, tensor([1, 2]))).toThrow(ShapeError);
      expect(() => mse(x, tensor([1, 2]))).toThrow(
        "mse: prediction is [2, 1], target [2]; they need one shape; use reshape() or expand(), or in a dataset targetShape",
      );
      const whole = tensor(new Int32Array(2), [2, 1]);
      expect(() => mse(x, whole)).toThrow(DTypeError);
      expect(() => mse(x, whole)).toThrow("mse: target [2, 1] is i32, expected f32");
      expect(() => mse(x, x, { reduction: "max" as "sum" })).toThrow('mse: reduction is "max"');
    });
  });
});
