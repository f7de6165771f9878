import { checkCount, checkOptions } from "../../check.js";
import { peak } from "../../finite.js";
import { type Codec, codec } from "./codec.js";
import { levelRule } from "./levels.js";

export interface TernGradOptions {
  /** An integer from 0 to 2⁵³ − 1: for what is kept, and what becomes 0. */
  seed: number;
}

/**
 * TernGrad (Wen et al. 2017): each number becomes 0 or ± the largest of its tensor, the latter with probability |x| / largest, so that
 * what is decoded is the gradient on average. Those that are not 0 are gamma-coded; to bound the largest, as the paper does, put
 * `optim.clipByValue` before it.
 *
 * @throws {ArgumentError} if the seed is no integer from 0.
 * @example
 * const codec = codecs.ternGrad({ seed: 1 });
 * const grads = { w: tensor([2, 0, -2]) };
 * const { w } = codec.decode(codec.encode(grads, codec.init(grads)), grads); // 2, 0 and −2
 */
export function ternGrad(options: TernGradOptions): Codec {
  checkOptions("ternGrad", options);
  const { seed } = options;
  checkCount("ternGrad", "seed", seed, 0);
  return codec(levelRule({ name: "ternGrad", id: 2 }, { levels: 1, seed }, peak));
}
