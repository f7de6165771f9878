import { DTypeError } from "../errors.js";
import { apply, asTensor, checkDType, checkTensor, elementsOf, type Op, type TensorLike } from "../op.js";
import { scope } from "../scope.js";
import { broadcastShape, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { expand } from "./expand.js";
import { zeros } from "./fill.js";

const whereOp: Op<undefined> = {
  name: "where",
  infer([mask, a, b]) {
    checkDType("where", "mask", mask!, "u8");
    const dtype = elementsOf("where", a!);
    if (dtype !== elementsOf("where", b!) || dtype === "u8")
      throw new DTypeError(`where: a is ${dtype}, b is ${b!.dtype}; both must be f32 or both i32; use cast()`);
    return { shape: a!.shape, dtype, work: sizeOf(a!.shape) };
  },
  wasm(k, out, [mask, a, b], _, __, begin, end) {
    k.where_x32(out, mask!, a!, b!, begin, end);
  },
  vjp: (g, { inputs: [mask], needs }) => [
    undefined,
    needs[1] ? where(mask!, g, zeros([])) : undefined,
    needs[2] ? where(mask!, zeros([]), g) : undefined,
  ],
};

/**
 * a where the mask is not 0, else b, broadcasting. The side not taken gives no value and no gradient, NaN included.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {DTypeError} unless the mask is u8 and a, b are both f32 or both i32.
 * @example
 * const x = tensor([-1, 2]);
 * const y = where(greater(x, 0), x, 0); // [0, 2]
 */
export function where(mask: Tensor, a: TensorLike, b: TensorLike): Tensor {
  checkTensor("where", mask);
  return scope(() => {
    const x = asTensor("where", a);
    const y = asTensor("where", b);
    const shape = broadcastShape("where", mask.shape, broadcastShape("where", x.shape, y.shape));
    return apply(whereOp, [expand(mask, shape), expand(x, shape), expand(y, shape)], undefined);
  });
}
