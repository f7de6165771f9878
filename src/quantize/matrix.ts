import { ArgumentError, DTypeError } from "../errors.js";
import { checkFinite } from "../finite.js";
import { checkTensor } from "../op.js";
import { Packed } from "../packed.js";
import { checkMatrixShape, show } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** Guards what is to be quantized: f32 [out, in], not packed before, all finite. */
export function checkMatrix(who: string, w: Tensor): void {
  checkTensor(who, w);
  if (w instanceof Packed)
    throw new ArgumentError(
      `${who}: the matrix ${show(w.shape)} is packed already, as ${w.format.kind}; take its dense()`,
    );
  if (w.dtype !== "f32") throw new DTypeError(`${who}: the matrix ${show(w.shape)} is ${w.dtype}; it must be f32`);
  checkMatrixShape(who, "the matrix", w.shape);
  checkFinite(who, "the matrix", w);
}
