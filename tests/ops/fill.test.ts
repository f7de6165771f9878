import { describe, expect, it } from "vitest";
import type { DType } from "../../src/dtype.js";
import { DTypeError, ShapeError } from "../../src/errors.js";
import { full, ones, zeros } from "../../src/ops/fill.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor } from "../../src/tensor.js";
import { expectSame, specials, zeroLeaks } from "../grid.js";
import { sizeOf } from "../reference/array.js";
import { dtypes, shapes } from "../values.js";
import { watched } from "../watch.js";

zeroLeaks();

const some: Readonly<Record<DType, readonly number[]>> = {
  f32: [...specials, 0.1, 1e-40],
  i32: [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)],
  u8: [0, 1, 128, 255],
};

describe("full", () => {
  it("is one value everywhere, on every dtype and shape", () => {
    for (const dtype of dtypes)
      for (const shape of shapes)
        for (const [i, value] of some[dtype].entries())
          if (i < 3 || sizeOf(shape) < 20)
            watched(
              () =>
                scope(() => {
                  const y = full(shape, value, { dtype });
                  expect(y.shape).toEqual(shape);
                  expect(y.dtype).toBe(dtype);
                  const truth = new Array(sizeOf(shape)).fill(dtype === "f32" ? Math.fround(value) : value);
                  expectSame(readTensor(y), truth, `${dtype} [${shape}] of ${value}`);
                }),
              (i % 2) * 4,
            );
  });

  it("zeros and ones are f32 unless told otherwise", () => {
    scope(() => {
      expectSame(readTensor(zeros([3])), [0, 0, 0], "zeros");
      expectSame(readTensor(ones([3], { dtype: "u8" })), [1, 1, 1], "ones");
      expect(zeros([3]).dtype).toBe("f32");
      expect(ones([2], { dtype: "i32" }).dtype).toBe("i32");
      expect(full([], 7).shape).toEqual([]);
    });
  });

  it("does not follow the array that the shape came in", () => {
    scope(() => {
      const shape = [2, 3];
      const y = zeros(shape);
      shape[0] = 9;
      expect(y.shape).toEqual([2, 3]);
    });
  });

  it("refuses what is no shape or no dtype, and allocates nothing", () => {
    const before = memory();
    for (const shape of [[-1], [1.5], [Number.NaN], [2, Number.POSITIVE_INFINITY], [2 ** 31, 2], [1e200, 1e200, 0]]) {
      expect(() => full(shape, 1), `[${shape}]`).toThrow(ShapeError);
      expect(() => zeros(shape), `[${shape}]`).toThrow("zeros: shape [");
    }
    expect(() => zeros([2 ** 16, 2 ** 15])).toThrow("has 2147483648 elements; a tensor holds at most");
    for (const name of ["f64", "constructor"]) {
      expect(() => full([1], 1, { dtype: name as DType })).toThrow(DTypeError);
      expect(() => ones([1], { dtype: name as DType })).toThrow(`ones: there is no dtype "${name}"`);
    }
    expect(memory()).toEqual(before);
  });
});
