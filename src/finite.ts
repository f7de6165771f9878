import { ArgumentError } from "./errors.js";
import { max } from "./ops/reduce.js";
import { abs } from "./ops/unary.js";
import { scope } from "./scope.js";
import { show } from "./shape.js";
import { readTensor, type Tensor } from "./tensor.js";

/** Guards numbers that a compression is about to rely on. @throws {ArgumentError} */
export function checkFinite(who: string, name: string, x: Tensor): void {
  const largest = peak(x);
  if (!Number.isFinite(largest))
    throw new ArgumentError(`${who}: ${name} ${show(x.shape)} holds ${Number.isNaN(largest) ? "NaN" : "an infinity"}`);
}

/** The largest magnitude, 0 of nothing. */
export function peak(x: Tensor): number {
  return x.size === 0 ? 0 : scope(() => readTensor(max(abs(x))))[0]!;
}
