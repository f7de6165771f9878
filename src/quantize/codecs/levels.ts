// Gradients as few whole levels: what QSGD and TernGrad send. Most levels are 0; the others are told by how far each lies behind the
// one before, and what it is, in Elias's gamma code (QSGD §3.2 with his omega code, which is shorter for long gaps alone).
import { roundToLevels } from "../../ops/codec.js";
import { uniform } from "../../ops/random.js";
import { type Shape, sizeOf } from "../../shape.js";
import { streams } from "../../streams.js";
import { readTensor, type Tensor, tensor } from "../../tensor.js";
import type { Rule } from "./codec.js";
import type { Reader, Writer } from "./message.js";

/** Most levels on either side of 0. */
export const maxLevels = 65535;

/** Rounds to levels by chance; `largest` gives what the highest stands for, from 0. */
export function levelRule(
  naming: Pick<Rule, "name" | "id">,
  { levels, seed }: { levels: number; seed: number },
  largest: (x: Tensor) => number,
): Rule {
  return {
    ...naming,
    feedback: false,
    encode(x, to, { who, draw }) {
      const top = largest(x);
      const stream = streams.codecs + (draw % (streams.regressors - streams.codecs));
      const chance = () => uniform(x.shape, { seed, stream });
      const codes = top === 0 ? [] : readTensor(roundToLevels(x, chance(), { levels, largest: top }));
      writeLevels(to, codes, { who, levels, largest: top });
      return {};
    },
    decode: readLevels,
  };
}

export function writeLevels(
  to: Writer,
  codes: ArrayLike<number>,
  { who, levels, largest }: { who: string; levels: number; largest: number },
): void {
  const told = new Int32Array(2 * codes.length);
  let end = 0;
  let before = -1;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code === 0) continue;
    told[end++] = i - before;
    told[end++] = code > 0 ? 2 * code - 1 : -2 * code;
    before = i;
  }
  to.count(levels);
  to.scale(who, largest);
  to.count(end / 2);
  to.integers(told.subarray(0, end));
}

export function readLevels(from: Reader, shape: Shape): Tensor<"f32"> {
  const size = sizeOf(shape);
  const levels = from.count("the number of levels", maxLevels);
  const largest = from.scale();
  const count = from.count("the number of levels that are not 0", size);
  const told = from.integers(2 * count);
  const values = new Float32Array(size);
  let at = -1;
  for (let i = 0; i < told.length; i += 2) {
    at += told[i]!;
    const level = (told[i + 1]! + 1) >> 1;
    if (at >= size || level > levels)
      throw from.error(`number ${at} of ${size} is at level ${level} of ${levels}`, "E_COUNT");
    values[at] = ((told[i + 1]! % 2 === 1 ? level : -level) * largest) / levels;
  }
  return tensor(values, shape);
}
