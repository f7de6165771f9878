import { checkCount, checkOptions } from "../../check.js";
import type { TensorLike } from "../../op.js";
import { add, div, maximum, mul, sub } from "../../ops/binary.js";
import { cast } from "../../ops/cast.js";
import { concat } from "../../ops/concat.js";
import { fakeQuantize } from "../../ops/fakeQuantize.js";
import { transpose } from "../../ops/layout.js";
import { argmax, mean } from "../../ops/reduce.js";
import { abs, neg, square } from "../../ops/unary.js";
import { scope } from "../../scope.js";
import type { Tensor } from "../../tensor.js";
import { type Bounds, type Codes, gridOf } from "../grid.js";
import { minMax, type Range } from "./range.js";

/**
 * Of the bounds of `minMax()` shrunk to k / candidates, k = 1, 2, …, those whose codes are nearest to the values: least mean
 * squared error, the first of equals.
 *
 * @throws {ArgumentError} unless there are 1 to 10,000 candidates.
 * @example
 * const scheme = int4({ group: 32, range: ranges.mse() });
 */
export function mse(options: { candidates?: number } = {}): Range {
  checkOptions("mse", options);
  const { candidates = 100 } = options;
  checkCount("mse", "candidates", candidates, 1, 10_000);
  return { name: "mse", of: (x, codes) => scope(() => leastError(x, codes, candidates).bounds) };
}

/** What `mse()` finds: the bounds of each row, and on the way the errors [candidates, rows] and the indices of the least. */
export interface Shrunk {
  readonly bounds: Bounds;
  readonly errors: Tensor<"f32">;
  readonly least: Tensor<"i32">;
}

export function leastError(x: Tensor, codes: Codes, candidates: number): Shrunk {
  return scope(() => {
    const whole = minMax().of(x, codes);
    const size = maximum(abs(whole.low), abs(whole.high));
    const { low, high } = codes.symmetric ? { low: neg(size), high: size } : whole;
    const shrunk = (share: TensorLike): Bounds => ({ low: mul(low, share), high: mul(high, share) });
    const tries = Array.from({ length: candidates }, (_, k) =>
      scope(() => {
        const grid = gridOf(shrunk((k + 1) / candidates), codes);
        const error = sub(fakeQuantize(x, { ...grid, ...codes, axis: 0 }), x);
        return mean(square(error), { axes: 1, keepDims: true });
      }),
    );
    const errors = transpose(concat(tries, { axis: 1 }));
    const least = argmax(neg(errors), { axis: 0 });
    return { bounds: shrunk(div(add(cast(least, "f32"), 1), candidates)), errors, least };
  });
}
