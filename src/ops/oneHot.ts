import { checkOptions } from "../check.js";
import { apply, type Op } from "../op.js";
import { checkShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { checkIndices } from "./gather.js";

const oneHotOp: Op<number> = {
  name: "oneHot",
  infer([indices], classes) {
    const shape = [...indices!.shape, classes];
    checkShape("oneHot", shape);
    checkIndices("oneHot", "indices", indices!, classes);
    return { shape, dtype: "f32", work: indices!.size };
  },
  wasm(k, out, [indices], _, classes, begin, end) {
    k.one_hot_f32_i32(out, indices!, classes, begin, end);
  },
};

/**
 * f32 [..., classes]: 1 at each index, 0 elsewhere.
 *
 * @param indices i32 of any shape, each from 0 to classes − 1.
 * @throws {ShapeError} if an index is outside, or `classes` is no integer from 0.
 * @example
 * const y = oneHot(tensor(new Int32Array([2, 0])), { classes: 3 }); // [[0, 0, 1], [1, 0, 0]]
 */
export function oneHot(indices: Tensor, options: { classes: number }): Tensor<"f32"> {
  checkOptions("oneHot", options);
  return apply(oneHotOp, [indices], options.classes) as Tensor<"f32">;
}
