import { checkCount, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { packCodebook } from "../ops/codebook.js";
import { reshape } from "../ops/layout.js";
import { max } from "../ops/reduce.js";
import { abs } from "../ops/unary.js";
import { joinRuns, runsOf } from "./runs.js";
import { packing, type WeightScheme } from "./scheme.js";

/** Quantiles of the normal distribution, made to hold 0 and both ends (Dettmers et al. 2023, appendix E). */
export const normalFloats: readonly number[] = [
  ...[-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453],
  ...[-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0],
  ...[0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224],
  ...[0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1],
];

/**
 * NormalFloat of 4 bits (Dettmers et al. 2023, QLoRA): of the 16 quantiles of a normal distribution the one nearest to
 * w / max|w|, the maximum taken over each `block` of the flat matrix. 4 bits a number and 32 a block.
 *
 * @throws {ArgumentError} unless block is even.
 * @example
 * const small = quantize(model, { weights: nf4({ block: 64 }) });
 */
export function nf4(options: { block?: number } = {}): WeightScheme {
  checkOptions("nf4", options);
  const { block = 64 } = options;
  checkCount("nf4", "block", block, 2, 2 ** 30);
  if (block % 2 !== 0) throw new ArgumentError(`nf4: block is ${block}; it must be even, as two codes share a byte`);
  const table = Float32Array.from(normalFloats);
  return packing(`nf4 block ${block}`, 4, (w) => {
    const sizes = runsOf(reshape(w, [1, w.size]), block).map((run) => max(abs(run), { axes: 1 }));
    return packCodebook(w, table, joinRuns(sizes, 1), block);
  });
}
