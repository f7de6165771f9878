import { div, maximum, minimum, sub } from "../ops/binary.js";
import { greater } from "../ops/compare.js";
import { fakeQuantize } from "../ops/fakeQuantize.js";
import { full } from "../ops/fill.js";
import { abs } from "../ops/unary.js";
import { where } from "../ops/where.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";

/** Which integer codes there are, and whether 0 stands in their middle. */
export interface Codes {
  /** Least code. */
  readonly low: number;
  /** Largest code. */
  readonly high: number;
  /** One zero point for all: 0, or the middle of codes without a sign. */
  readonly symmetric: boolean;
}

/** The numbers from `low` to `high`, one pair to each row, that the codes shall cover; f32 [rows]. */
export interface Bounds {
  readonly low: Tensor<"f32">;
  readonly high: Tensor<"f32">;
}

/** x ≈ (code − zeroPoint) · scale, one pair to each row; f32 [rows]. */
export interface Grid {
  readonly scale: Tensor<"f32">;
  /** Integers. */
  readonly zeroPoint: Tensor<"f32">;
}

/** The least scale: below it f32 loses digits. */
const least = 2 ** -126;

/** The scale with which so many steps are as long as each width; 1 where that is 0. */
export function scaleOf(width: Tensor, steps: number): Tensor<"f32"> {
  return where(greater(width, 0), maximum(div(width, steps), least), 1) as Tensor<"f32">;
}

/**
 * The finest grid that covers the bounds and 0, which is always a code's value. Bounds of 0 alone get the scale 1.
 * Symmetric: scale = max|bound| / largest code; else scale = (high − low) / steps, zeroPoint = rne(least code − low / scale).
 */
export function gridOf(bounds: Bounds, { low, high, symmetric }: Codes): Grid {
  return scope(() => {
    const middle = low < 0 ? 0 : (high + 1) / 2;
    const [from, to] = [minimum(bounds.low, 0), maximum(bounds.high, 0)];
    const width = symmetric ? maximum(abs(from), to) : sub(to, from);
    const scale = scaleOf(width, symmetric ? high - middle : high - low);
    if (symmetric) return { scale, zeroPoint: full(scale.shape, middle) };
    // Rounding is quantization with a scale of 1.
    return { scale, zeroPoint: fakeQuantize(sub(low, div(from, scale)), { scale: 1, low, high }) };
  });
}
