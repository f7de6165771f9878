import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { checkTensor } from "../op.js";
import { max } from "../ops/reduce.js";
import { abs } from "../ops/unary.js";
import { Packed } from "../packed.js";
import { scope } from "../scope.js";
import { show } from "../shape.js";
import { readTensor, type Tensor } from "../tensor.js";

/** Guards what is to be quantized: f32 [out, in], not packed before, all finite. */
export function checkMatrix(who: string, w: Tensor): void {
  checkTensor(who, w);
  if (w instanceof Packed)
    throw new ArgumentError(
      `${who}: the matrix ${show(w.shape)} is packed already, as ${w.format.kind}; take its dense()`,
    );
  if (w.dtype !== "f32") throw new DTypeError(`${who}: the matrix ${show(w.shape)} is ${w.dtype}; it must be f32`);
  if (w.rank !== 2) throw new ShapeError(`${who}: the matrix is ${show(w.shape)}; it must be [out, in]`);
  checkFinite(who, "the matrix", w);
}

/** Guards numbers that are about to be rounded. @throws {ArgumentError} */
export function checkFinite(who: string, name: string, x: Tensor): void {
  const largest = peak(x);
  if (!Number.isFinite(largest))
    throw new ArgumentError(`${who}: ${name} ${show(x.shape)} holds ${Number.isNaN(largest) ? "NaN" : "an infinity"}`);
}

/** The largest magnitude, 0 of nothing. */
export function peak(x: Tensor): number {
  return x.size === 0 ? 0 : scope(() => readTensor(max(abs(x))))[0]!;
}
