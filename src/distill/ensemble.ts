import { ShapeError } from "../errors.js";
import { add, mul, sub } from "../ops/binary.js";
import { concat } from "../ops/concat.js";
import { reshape } from "../ops/layout.js";
import { max, mean } from "../ops/reduce.js";
import { logSoftmax } from "../ops/softmax.js";
import { exp, log } from "../ops/unary.js";
import { sameShape, show } from "../shape.js";
import type { Tensor } from "../tensor.js";

/**
 * Logits whose softmax at this temperature is the mean of those of several teachers: T · ln(mean of softmax(z / T)), by logarithms
 * throughout, so that no small probability is rounded to 0.
 *
 * @throws {ShapeError} unless all have one shape.
 */
export function averaged(logits: readonly Tensor[], temperature: number): Tensor<"f32"> {
  const [first, ...others] = logits as [Tensor, ...Tensor[]];
  for (const other of others)
    if (!sameShape(first.shape, other.shape))
      throw new ShapeError(
        `teach: one teacher gives ${show(first.shape)}, another ${show(other.shape)}; all need the same classes`,
      );
  if (others.length === 0) return first as Tensor<"f32">;
  const all = concat(logits.map((z) => reshape(logSoftmax(z, { temperature }), [1, ...z.shape])));
  const largest = max(all, { axes: 0 });
  return mul(add(largest, log(mean(exp(sub(all, largest)), { axes: 0 }))), temperature);
}
