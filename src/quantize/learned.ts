import { ArgumentError } from "../errors.js";
import { div, maximum, mul } from "../ops/binary.js";
import { greater } from "../ops/compare.js";
import { lsq } from "../ops/fakeQuantize.js";
import { type QTensor, quantizeAffine } from "../ops/quantized.js";
import { sum } from "../ops/reduce.js";
import { abs } from "../ops/unary.js";
import { where } from "../ops/where.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { AffineScheme } from "./affine.js";
import { joinRuns, runsOf } from "./runs.js";
import type { WeightScheme } from "./scheme.js";

/** A scheme whose scales are trained beside the weights (Esser et al. 2020). */
export interface LearnedScales {
  /** Scales to begin with, [out, groups]: 2 mean|w| / √(largest code), of the weights that are not 0: pruned ones need no range. */
  start(w: Tensor): Tensor<"f32">;
  fake(w: Tensor, scale: Tensor): Tensor<"f32">;
  /** The numbers that `fake` gives, stored. */
  pack(w: Tensor, scale: Tensor): QTensor;
}

/** An optimizer may drive a scale through 0; what divides by it may not follow. */
const least = 2 ** -24;

/** @throws {ArgumentError} unless the scheme is of codes with a sign, each row or group with a scale. */
export function learnedScales(who: string, scheme: WeightScheme): LearnedScales {
  if (!(scheme instanceof AffineScheme && scheme.signed && !scheme.whole))
    throw new ArgumentError(
      `${who}: scales are learned of signed codes by channel or group, such as int2(), not of ${scheme.name}`,
    );
  const { bits, signed } = scheme;
  const { low, high } = scheme.codes;
  return {
    start: (w) =>
      scope(() => {
        const sizes = runsOf(w, scheme.groupOf(w)).map((run) => {
          const size = abs(run);
          const kept = sum(where(greater(size, 0), 1, 0), { axes: 1 });
          return div(sum(size, { axes: 1 }), maximum(kept, 1));
        });
        return maximum(mul(joinRuns(sizes, w.shape[0]!), 2 / Math.sqrt(high)), least);
      }),
    fake: (w, scale) => scope(() => lsq(w, maximum(scale, least), { low, high, group: scheme.groupOf(w) })),
    pack: (w, scale) =>
      scope(() => quantizeAffine(w, maximum(scale, least), undefined, { bits, signed, group: scheme.groupOf(w) })),
  };
}
