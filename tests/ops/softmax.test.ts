import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { sum } from "../../src/ops/reduce.js";
import { logSoftmax, softmax } from "../../src/ops/softmax.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, roundoff, sizes, zeroLeaks } from "../grid.js";
import { reference as array, generate, type Reference, sizeOf } from "../reference/array.js";
import * as reference from "../reference/softmax.js";
import { drawn } from "../values.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Shapes and the axis to go along. */
const cases: readonly (readonly [shape: readonly number[], axis: number])[] = [
  ...sizes.map((n): [number[], number] => [[n], 0]),
  ...sizes
    .filter((n) => n < 100)
    .flatMap((n): [number[], number][] => [
      [[3, n], -1],
      [[n, 5], -1],
      [[n, 3], 0],
      [[2, n, 3], 1],
    ]),
  [[0, 4], 1],
  [[2, 3, 4, 5], -3],
];

const NaNs = (n: number): number[] => new Array(n).fill(Number.NaN);

/**
 * Bounds of the f32 results, per element. A term e^a, a = (x − max) / T, carries 3 |a| roundoffs from its argument (difference,
 * 1/T, product) and 2 of its own; the sum of n terms over four lanes adds n / 4 + 3.
 */
function bounds(x: Reference, options: reference.SoftmaxOptions): { softmax: Float64Array; logSoftmax: Float64Array } {
  const { axis = -1 } = options;
  const n = x.shape.at(axis)!;
  const y = reference.softmax(x, options);
  const log = reference.logSoftmax(x, options).data;
  // e^log = e^a / Σ: the largest a is 0, so a = log − (the row's largest log).
  const along = axis < 0 ? axis + x.shape.length : axis;
  const inner = sizeOf(x.shape.slice(along + 1));
  const result = { softmax: new Float64Array(y.data.length), logSoftmax: new Float64Array(y.data.length) };
  for (let first = 0; first < y.data.length; first++) {
    if (Math.floor(first / inner) % n !== 0) continue;
    const row = Array.from({ length: n }, (_, k) => first + k * inner);
    const largest = Math.max(...row.map((i) => log[i]!));
    const error = (i: number): number => 3 * (largest - log[i]!) + 2;
    const total = row.reduce((sum, i) => sum + y.data[i]! * error(i), 0) + n / 4 + 3;
    for (const i of row) {
      result.softmax[i] = y.data[i]! * (error(i) + total + 2) * roundoff + 2 ** -148;
      result.logSoftmax[i] = (3 * (largest - log[i]!) + total + 2 * Math.abs(largest) + Math.abs(log[i]!)) * roundoff;
    }
  }
  return result;
}

describe.each(["softmax", "logSoftmax"] as const)("%s", (name) => {
  const op = { softmax, logSoftmax }[name];
  const truth = { softmax: reference.softmax, logSoftmax: reference.logSoftmax }[name];
  const vjp = { softmax: reference.softmaxVjp, logSoftmax: reference.logSoftmaxVjp }[name];

  it("is within its error bound along any axis, at any temperature", () => {
    for (const [shape, axis] of cases)
      for (const [i, temperature] of [1, 3, 0.1].entries())
        watched(
          () =>
            scope(() => {
              const options = { axis, temperature };
              const x = drawn(shape, i + 1);
              const y = op(tensor(x.data, shape), options);
              expect(y.shape).toEqual(shape);
              const about = `${name} [${shape}] along ${axis} at ${temperature}`;
              expectWithin(readTensor(y), truth(x, options).data, bounds(x, options)[name], about);
            }),
          i * 4,
        );
  });

  it("has the reference's gradient", () => {
    for (const [shape, axis] of cases)
      for (const temperature of [1, 3])
        watched(() =>
          scope(() => {
            const [x, g] = [drawn(shape, 1), drawn(shape, 2)];
            const loss = (t: Tensor) => sum(mul(op(t, { axis, temperature }), tensor(g.data, shape)));
            const { grads } = valueAndGrad(loss)(tensor(x.data, shape));
            const expected = vjp(g, x, { axis, temperature }).data;
            expectWithin(
              readTensor(grads),
              expected,
              (_, e) => 2e-6 * (1 + Math.abs(e)),
              `${name} [${shape}] along ${axis}, gradient`,
            );
          }),
        );
  });

  it("does not change when the same number is added to all logits", () => {
    scope(() => {
      const x = Float32Array.from({ length: 33 }, (_, i) => i / 8);
      const moved = x.map((v) => v + 2 ** 19);
      for (const temperature of [1, 3])
        expectSame(
          readTensor(op(tensor(moved), { temperature })),
          readTensor(op(tensor(x), { temperature })),
          `shifted, at ${temperature}`,
        );
    });
  });

  it("handles huge logits and −Infinity exactly", () => {
    const zero = name === "softmax" ? 0 : Number.NEGATIVE_INFINITY;
    const one = name === "softmax" ? 1 : 0;
    const most = (2 - 2 ** -23) * 2 ** 127;
    const none = Number.NEGATIVE_INFINITY;
    const rows: [number[], number[]][] = [
      [
        [most, -most, none],
        [one, name === "softmax" ? 0 : -Infinity, zero],
      ],
      [
        [none, 5, none, none, none],
        [zero, one, zero, zero, zero],
      ],
      [[0], [one]],
      [[most], [one]],
    ];
    for (const [x, y] of rows)
      for (const temperature of [1, 0.5])
        scope(() => expectSame(readTensor(op(tensor(x), { temperature })), y, `${name} of ${x} at ${temperature}`));
  });

  it("of a row with NaN or Infinity, or all −Infinity, is NaN; the other rows are not touched", () => {
    for (const bad of [
      [1, Number.NaN, 2],
      [1, Number.POSITIVE_INFINITY, 2],
      new Array(3).fill(Number.NEGATIVE_INFINITY),
    ])
      scope(() => {
        const good = [...readTensor(op(tensor([1, 2, 3])))];
        const y = op(tensor([[1, 2, 3], bad, [1, 2, 3]]));
        expectSame(readTensor(y), [...good, ...NaNs(3), ...good], `${name} of ${bad}`);
      });
  });

  it("of special values is the reference's, NaN and infinities in their places", () => {
    const data = draw("special", 400, 5).map((v) => (Math.abs(v) > 1e30 && Number.isFinite(v) ? 3 : v));
    scope(() => {
      const y = readTensor(op(tensor(data, [100, 4])));
      const expected = truth(array([100, 4], data)).data;
      for (const [i, e] of expected.entries()) expect(Number.isNaN(y[i]!), `[${i}]`).toBe(Number.isNaN(e));
    });
  });

  it("refuses an axis outside, a temperature not above 0, and other dtypes", () => {
    scope(() => {
      const x = tensor([[1, 2]]);
      expect(() => op(x, { axis: 2 })).toThrow(ShapeError);
      expect(() => op(x, { axis: 2 })).toThrow(`${name}: axis 2 is outside a tensor of rank 2; it goes from -2 to 1`);
      expect(() => op(tensor(1))).toThrow(ShapeError);
      for (const temperature of [0, -1, Number.NaN]) {
        expect(() => op(x, { temperature })).toThrow(ArgumentError);
        expect(() => op(x, { temperature })).toThrow(`${name}: temperature is ${temperature}; it must be above 0`);
      }
      expect(() => op(tensor(new Int32Array([1])))).toThrow(DTypeError);
      expect(() => op(tensor(new Int32Array([1])))).toThrow(`${name}: x [1] is i32, expected f32`);
    });
  });
});

describe("softmax", () => {
  it("sums to 1 along the axis", () => {
    for (const n of sizes.filter((d) => d > 0))
      scope(() => {
        const y = readTensor(softmax(tensor(draw("normal", n, n), [n])));
        expectWithin([y.reduce((total, p) => total + p, 0)], [1], (n + 4) * roundoff, `Σ of ${n}`);
      });
  });

  it("is even at an infinite temperature", () => {
    scope(() => {
      const y = softmax(tensor([1, 2, 3, -4]), { temperature: Number.POSITIVE_INFINITY });
      expectSame(readTensor(y), generate([4], () => 0.25).data, "softmax at Infinity");
    });
  });
});
