import { stopGradient } from "../grad.js";
import { straightThrough } from "../ops/straightThrough.js";
import type { Packed } from "../packed.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { checkMatrix } from "./matrix.js";

/** How weights are stored after quantization: a value, such as `int4({ group: 32 })`, `nf4()` or `binary()`. */
export interface WeightScheme {
  /** As tables and errors print it: `int4 group 32`. */
  readonly name: string;
  /** Bits of a code; scales come on top. */
  readonly bits: number;
  /**
   * The matrix w, f32 [out, in], rounded to the nearest that the scheme can store.
   *
   * @throws {ArgumentError} if w holds NaN or an infinity, or its shape does not suit.
   */
  pack(w: Tensor): Packed;
  /** The numbers that `pack` would store, with a straight-through gradient to w: what quantization-aware training runs on. */
  fake(w: Tensor): Tensor<"f32">;
}

/** A scheme from how it packs, and what it makes of the numbers: the gradient goes straight through. */
export function packing(
  name: string,
  bits: number,
  pack: (w: Tensor) => Packed,
  round: (w: Tensor) => Tensor = (w) => pack(w).dense(),
): WeightScheme {
  return {
    name,
    bits,
    pack(w) {
      checkMatrix(name, w);
      return scope(() => pack(w));
    },
    fake(w) {
      checkMatrix(name, w);
      return scope(() => straightThrough(w, round(stopGradient(w))));
    },
  };
}
