import { describe, expect, it } from "vitest";
import { bytesOf, type DType } from "../../src/dtype.js";
import { DTypeError, GradientError } from "../../src/errors.js";
import { grad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { cast } from "../../src/ops/cast.js";
import { sum } from "../../src/ops/reduce.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, pick, random, sizes, specials, zeroLeaks } from "../grid.js";
import * as reference from "../reference/cast.js";
import { dtypes } from "../values.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Values where conversions turn: the ends of each range, halves, and what f32 cannot hold. */
const edges: Readonly<Record<DType, readonly number[]>> = {
  f32: [
    ...specials,
    ...[0.5, -0.5, 0.99, -0.99, 1.5, 2.5, 254.9, 255, 255.5, 256, -1e-30, 1e30, -1e30],
    ...[2 ** 31, 2 ** 31 - 128, -(2 ** 31), -(2 ** 31) - 256, 2 ** 24 + 2, 2 ** 32],
  ],
  i32: [0, 1, -1, 255, 256, 2 ** 24, 2 ** 24 + 1, 2 ** 24 + 3, 2 ** 31 - 1, 2 ** 31 - 65, -(2 ** 31), -(2 ** 31) + 1],
  u8: [0, 1, 127, 128, 255],
};

function numbers(dtype: DType, count: number): number[] {
  const next = random(1);
  if (dtype === "f32") return [...draw("special", count, 2)].map((x) => x * 100);
  return Array.from({ length: count }, () => (dtype === "u8" ? pick(next, 256) : pick(next, 2 ** 32) - 2 ** 31));
}

describe("cast", () => {
  it("gives the reference's number for every pair of dtypes", () => {
    for (const from of dtypes)
      for (const to of dtypes)
        for (const list of [edges[from], ...sizes.filter((n) => n < 100).map((n) => numbers(from, n))])
          for (const shift of [0, 4])
            watched(
              () =>
                scope(() => {
                  const x = tensor(list, [list.length], { dtype: from });
                  const y = cast(x, to);
                  expect(y.dtype).toBe(to);
                  expect(y.shape).toEqual(x.shape);
                  const truth = Array.from(readTensor(x), (v) => reference.cast(v, to));
                  expectSame(readTensor(y), truth, `${from} to ${to}, ${list.length} values`);
                }),
              shift,
            );
  });

  it("covers all codes of u8, there and back", () => {
    scope(() => {
      const all = tensor(Uint8Array.from({ length: 256 }, (_, i) => i));
      for (const via of ["f32", "i32"] as const)
        expectSame(readTensor(cast(cast(all, via), "u8")), readTensor(all), `u8 through ${via}`);
    });
  });

  it("to the dtype that x has is a view, and passes the gradient", () => {
    scope(() => {
      const x = tensor([1, 2]);
      expect(cast(x, "f32").pointer).toBe(x.pointer);
      const slope = grad((t: Tensor) => sum(mul(cast(t, "f32"), 3)))(x);
      expect([...readTensor(slope)]).toEqual([3, 3]);
    });
  });

  it("to integers stops the gradient", () => {
    scope(() => {
      const slope = grad((t: Tensor) => sum(cast(cast(t, "i32"), "f32")))(tensor([1.5]));
      expect([...readTensor(slope)]).toEqual([0]);
      expect(() => grad((t: Tensor) => cast(sum(t), "i32"))(tensor([1]))).toThrow(GradientError);
    });
  });

  it("refuses a dtype that there is not", () => {
    scope(() => {
      for (const name of ["f64", "toString", "__proto__", ""]) {
        expect(() => cast(tensor([1]), name as DType)).toThrow(DTypeError);
        expect(() => cast(tensor([1]), name as DType)).toThrow(`cast: there is no dtype "${name}"; there are`);
      }
      expect(Object.keys(bytesOf)).toEqual(dtypes);
    });
  });
});
