import { describe, expect, it } from "vitest";
import { DTypeError, ShapeError } from "../../src/errors.js";
import { oneHot } from "../../src/ops/oneHot.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { expectSame, pick, random, sizes, zeroLeaks } from "../grid.js";
import { reference as array, sizeOf } from "../reference/array.js";
import * as reference from "../reference/oneHot.js";
import { watched } from "../watch.js";

zeroLeaks();

describe("oneHot", () => {
  it("is 1 at each index and 0 elsewhere", () => {
    const next = random(1);
    for (const classes of [1, 2, 3, 4, 5, 10, 17])
      for (const shape of [[], ...sizes.filter((n) => n < 100).map((n) => [n]), [2, 3], [3, 0]])
        for (const shift of [0, 4])
          watched(
            () =>
              scope(() => {
                const indices = Int32Array.from({ length: sizeOf(shape) }, () => pick(next, classes));
                const y = oneHot(tensor(indices, shape), { classes });
                const truth = reference.oneHot(array(shape, indices), classes);
                expect(y.shape).toEqual(truth.shape);
                expectSame(readTensor(y), truth.data, `[${shape}] of ${classes} classes`);
              }),
            shift,
          );
  });

  it("has no classes only where there is no index", () => {
    scope(() => {
      expect(oneHot(tensor(new Int32Array(0)), { classes: 0 }).shape).toEqual([0, 0]);
      expect(() => oneHot(tensor(new Int32Array(1)), { classes: 0 })).toThrow(ShapeError);
    });
  });

  it("refuses an index that is no class, and a number of classes that is none", () => {
    scope(() => {
      const indices = tensor(new Int32Array([0, 3]));
      expect(() => oneHot(indices, { classes: 3 })).toThrow(ShapeError);
      expect(() => oneHot(indices, { classes: 3 })).toThrow("oneHot: indices[1] is 3; it must be from 0 to 2");
      expect(() => oneHot(tensor(new Int32Array([-1])), { classes: 3 })).toThrow("oneHot: indices[0] is -1");
      for (const classes of [-1, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 40])
        expect(() => oneHot(indices, { classes }), `${classes}`).toThrow(ShapeError);
      expect(() => oneHot(tensor([0, 1]), { classes: 3 })).toThrow(DTypeError);
      expect(() => oneHot(tensor([0, 1]), { classes: 3 })).toThrow('convert with cast(indices, "i32")');
    });
  });
});
