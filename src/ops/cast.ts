import type { DType } from "../dtype.js";
import { apply, checkTensor, elementsOf, type Op } from "../op.js";
import { sizeOf } from "../shape.js";
import { checkDTypeName, type Tensor } from "../tensor.js";
import { reshape } from "./layout.js";

interface Cast {
  readonly from: DType;
  readonly dtype: DType;
  /** Of bytes to f32 alone. */
  readonly scale: number;
}

const castOp: Op<Cast> = {
  name: "cast",
  infer: ([x], { dtype }) => ({ shape: x!.shape, dtype, work: sizeOf(x!.shape) }),
  wasm(k, out, [x], _, { from, dtype, scale }, begin, end) {
    if (dtype === "f32" && from === "u8") k.cast_f32_u8(out, x!, scale, begin, end);
    else if (dtype === "f32") k.cast_f32_i32(out, x!, begin, end);
    else if (dtype === "i32") (from === "u8" ? k.cast_i32_u8 : k.cast_i32_f32)(out, x!, begin, end);
    else (from === "i32" ? k.cast_u8_i32 : k.cast_u8_f32)(out, x!, begin, end);
  },
};

/**
 * The same numbers as another dtype. To integers they are truncated towards 0 and saturate, NaN becomes 0 (PyTorch leaves
 * both undefined); i32 beyond 2²⁴ is rounded to f32. No gradient, except to the dtype that x has already.
 *
 * @throws {DTypeError} if there is no such dtype.
 * @example
 * const bytes = cast(tensor([-1, 2.7, 300]), "u8"); // u8 [0, 2, 255]
 */
export function cast<D extends DType>(x: Tensor, dtype: D): Tensor<D> {
  checkTensor("cast", x);
  checkDTypeName("cast", dtype);
  const from = elementsOf("cast", x);
  return (from === dtype ? reshape(x, x.shape) : apply(castOp, [x], { from, dtype, scale: 1 })) as Tensor<D>;
}

/** Bytes as f32 times a number, in one pass. */
export function scaledBytes(x: Tensor<"u8">, scale: number): Tensor<"f32"> {
  return apply(castOp, [x], { from: "u8", dtype: "f32", scale }) as Tensor<"f32">;
}
