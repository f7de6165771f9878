import { ShapeError } from "../errors.js";
import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import { sameShape, show } from "../shape.js";
import type { Tensor } from "../tensor.js";

const straightThroughOp: Op<undefined, OutPlan<"f32">> = {
  name: "straightThrough",
  infer([x, value]) {
    checkDType("straightThrough", "x", x!, "f32");
    checkDType("straightThrough", "value", value!, "f32");
    if (!sameShape(x!.shape, value!.shape))
      throw new ShapeError(`straightThrough: x is ${show(x!.shape)}, value ${show(value!.shape)}; both need one shape`);
    return { shape: x!.shape, dtype: "f32", work: x!.size };
  },
  wasm(k, out, [, value], _, __, begin, end) {
    k.copy_rows_x8(out + begin * 4, value! + begin * 4, 0, (end - begin) * 4, 0, 1);
  },
  vjp: (g) => [g, undefined],
};

/**
 * The numbers of `value`, with the gradient going to x as if it were they (Bengio et al. 2013): how rounding is trained through.
 *
 * @param x f32, what was rounded.
 * @param value f32 of the same shape; no gradient flows to it.
 * @throws {ShapeError} if the shapes differ.
 * @example
 * const slope = grad((x: Tensor) => sum(straightThrough(x, mul(x, 0))))(tensor([-2, 3])); // [1, 1]
 */
export function straightThrough(x: Tensor, value: Tensor): Tensor<"f32"> {
  return apply(straightThroughOp, [x, value], undefined);
}
