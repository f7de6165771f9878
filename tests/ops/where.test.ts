import { describe, expect, it } from "vitest";
import { DTypeError, ShapeError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { sum } from "../../src/ops/reduce.js";
import { where } from "../../src/ops/where.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { expectSame, expectWithin, pick, random, roundoff, sizes, zeroLeaks } from "../grid.js";
import { reference as array, generate, sizeOf } from "../reference/array.js";
import * as reference from "../reference/where.js";
import { drawn, expectBits, moved, values } from "../values.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Shapes of mask, a and b. */
const cases: readonly (readonly (readonly number[])[])[] = [
  ...sizes.filter((n) => n < 100).map((n) => [[n], [n], [n]]),
  ...[1, 3, 4, 5].flatMap((n) => [
    [[n], [], []],
    [[], [n], [n]],
    [[3, 1], [n], [3, n]],
    [[n], [3, 1], []],
    [
      [2, 1, n],
      [4, 1],
      [1, 1, 1],
    ],
  ]),
  [[], [], []],
  [[0, 1], [4], [1, 4]],
];

/** Bytes of which half are 0 and the others any value: each but 0 is true. */
function mask(shape: readonly number[], seed: number): Uint8Array {
  const next = random(seed);
  return Uint8Array.from({ length: sizeOf(shape) }, () => (next() < 0.5 ? 0 : 1 + pick(next, 255)));
}

describe("where", () => {
  it("takes every bit from the side that the mask names, f32 and i32, broadcasting", () => {
    for (const [m, a, b] of cases as [number[], number[], number[]][])
      for (const [i, dtype] of (["f32", "i32"] as const).entries())
        watched(
          () =>
            scope(() => {
              const source = values(dtype, sizeOf(a) + sizeOf(b), 1);
              const bytes = mask(m, 2);
              const x = tensor(source.subarray(0, sizeOf(a)), a, { dtype });
              const y = tensor(source.subarray(sizeOf(a)), b, { dtype });
              const z = where(tensor(bytes, m), x, y);
              const truth = reference.where(
                array(m, bytes),
                generate(a, (n) => n),
                generate(b, (n) => sizeOf(a) + n),
              );
              expect(z.shape).toEqual(truth.shape);
              expect(z.dtype).toBe(dtype);
              expectBits(readTensor(z), moved(source, truth), `${dtype} [${m}] ? [${a}] : [${b}]`);
            }),
          i * 4,
        );
  });

  it("gives the gradient to the side that was taken, summed over what repeats", () => {
    for (const [m, a, b] of cases as [number[], number[], number[]][])
      scope(() => {
        const [x, y, bytes] = [drawn(a, 1), drawn(b, 2), mask(m, 3)];
        const g = drawn(reference.where(array(m, bytes), x, y).shape, 4);
        const loss = ([s, t]: readonly Tensor[]) => sum(mul(where(tensor(bytes, m), s!, t!), tensor(g.data, g.shape)));
        const { grads } = valueAndGrad(loss)([tensor(x.data, a), tensor(y.data, b)]);
        const truth = reference.whereVjp(g, array(m, bytes), x, y);
        const size = generate(g.shape, (n) => Math.abs(g.data[n]!));
        const magnitudes = reference.whereVjp(size, array(m, bytes), x, y);
        for (const side of [0, 1] as const)
          expectWithin(
            readTensor(grads[side]!),
            truth[side].data,
            magnitudes[side].data.map((s) => (g.data.length + 1) * roundoff * s),
            `gradient ${side} of [${m}] ? [${a}] : [${b}]`,
          );
      });
  });

  it("lets no NaN through from the side not taken, forwards or back", () => {
    scope(() => {
      const m = tensor(new Uint8Array([1, 0]));
      const sides = [tensor([1, Number.NaN]), tensor([Number.POSITIVE_INFINITY, 2])];
      expectSame(readTensor(where(m, sides[0]!, sides[1]!)), [1, 2], "where");
      const { grads } = valueAndGrad(([a, b]: readonly Tensor[]) => sum(where(m, a!, b!)))(sides);
      expectSame(readTensor(grads[0]!), [1, 0], "the gradient of a");
      expectSame(readTensor(grads[1]!), [0, 1], "the gradient of b");
    });
  });

  it("takes numbers", () => {
    scope(() => {
      expect([...readTensor(where(tensor(new Uint8Array([1, 0])), 3, -4))]).toEqual([3, -4]);
    });
  });

  it("refuses shapes that do not broadcast, and dtypes that differ", () => {
    scope(() => {
      const m = tensor(new Uint8Array(2));
      const [f, i, u] = [tensor([1, 2]), tensor(new Int32Array(2)), tensor(new Uint8Array(2))];
      expect(() => where(m, tensor([1, 2, 3]), f)).toThrow(ShapeError);
      expect(() => where(m, tensor([1, 2, 3]), f)).toThrow("where: shapes [3] and [2] do not broadcast");
      expect(() => where(f, f, f)).toThrow(DTypeError);
      expect(() => where(f, f, f)).toThrow('where: mask [2] is f32, expected u8; convert with cast(mask, "u8")');
      expect(() => where(m, f, i)).toThrow("where: a is f32, b is i32; both must be f32 or both i32; use cast()");
      expect(() => where(m, u, u)).toThrow(DTypeError);
      expect(() => where(m, i, 0)).toThrow(DTypeError);
    });
  });
});
