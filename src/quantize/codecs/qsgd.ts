import { checkCount, checkOptions } from "../../check.js";
import { peak } from "../../finite.js";
import { div } from "../../ops/binary.js";
import { norm } from "../../ops/reduce.js";
import { readTensor, type Tensor } from "../../tensor.js";
import { type Codec, codec } from "./codec.js";
import { levelRule, maxLevels } from "./levels.js";

export interface QsgdOptions {
  /** Levels on either side of 0, from 1 to 65,535. */
  levels: number;
  /** An integer from 0 to 2⁵³ − 1: for what is rounded up, and what down. */
  seed: number;
}

/** √Σx², of the ratio to the largest: the squares of small numbers do not vanish, nor those of large ones overflow. */
export function length(x: Tensor): number {
  const largest = peak(x);
  return largest === 0 ? 0 : Math.fround(largest * readTensor(norm(div(x, largest)))[0]!);
}

/**
 * QSGD (Alistarh et al. 2017): |x| · levels / ‖x‖₂ of each tensor, rounded up or down by chance so that what is decoded is the gradient
 * on average, and gamma-coded. Few levels leave most numbers 0: a tensor of n takes about √n · levels numbers of two bytes.
 *
 * @throws {ArgumentError} if levels or seed is out of range.
 * @example
 * const codec = codecs.qsgd({ levels: 4, seed: 1 });
 * const grads = { w: tensor([3, 0, -4]) };
 * const { length } = codec.encode(grads, codec.init(grads)); // 12
 */
export function qsgd(options: QsgdOptions): Codec {
  checkOptions("qsgd", options);
  const { levels, seed } = options;
  checkCount("qsgd", "levels", levels, 1, maxLevels);
  checkCount("qsgd", "seed", seed, 0);
  return codec(levelRule({ name: "qsgd", id: 3 }, { levels, seed }, length));
}
