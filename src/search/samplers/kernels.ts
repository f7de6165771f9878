import { exp, log } from "../math.js";
import type { Random } from "../random.js";
import type { Distribution, Share, Value } from "../space.js";

/** A density of the unit interval around a value. */
export interface Kernel {
  /** Its mean over a share. */
  density(share: Share): number;
  /** A place, drawn from it. */
  sample(random: Random): number;
}

/** Kernels are at least this wide, divided by how many there are. */
const narrowest = 0.3;

/** A standard deviation of 1 as the scale of a logistic distribution: √3 / π. */
const logisticScale = 0.5513288954217921;

/**
 * A kernel around each value drawn for a name, undefined where it was not drawn. `leniency` widens them. Those of numbers reach to the
 * farther of their neighbours (Bergstra et al. 2011); at the ends there is but one.
 */
export function kernelsOf(
  distribution: Distribution,
  values: readonly (Value | undefined)[],
  leniency = 1,
): (Kernel | undefined)[] {
  const found = values.flatMap((value, i) => (value === undefined ? [] : { i, share: distribution.share(value)! }));
  const kernels = new Array<Kernel | undefined>(values.length).fill(undefined);
  if (!distribution.ordered) {
    const other = Math.min(1, leniency / (found.length + 2));
    for (const { i, share } of found) kernels[i] = choiceKernel(share, other);
    return kernels;
  }
  const middles = found.map(({ i, share }) => ({ i, middle: (share[0] + share[1]) / 2 }));
  middles.sort((a, b) => a.middle - b.middle);
  const floor = narrowest / Math.min(found.length + 2, 100);
  for (const [at, { i, middle }] of middles.entries()) {
    const neighbours =
      middles.length === 1 ? [0, 1] : [middles[at - 1], middles[at + 1]].map((one) => one?.middle ?? middle);
    const reach = Math.max(middle - neighbours[0]!, neighbours[1]! - middle);
    kernels[i] = numberKernel(middle, Math.max(reach, floor) * leniency * logisticScale);
  }
  return kernels;
}

/** A logistic distribution within the unit interval: of heavier tails than the normal, and all of it in closed form. */
function numberKernel(middle: number, scale: number): Kernel {
  const below = (place: number) => 1 / (1 + exp((middle - place) / scale));
  const [begin, end] = [below(0), below(1)];
  return {
    density([from, to]) {
      if (to > from) return (below(to) - below(from)) / ((end - begin) * (to - from));
      const e = exp(-Math.abs(from - middle) / scale);
      return e / ((1 + e) * (1 + e) * scale * (end - begin));
    },
    sample(random) {
      const u = Math.min(begin + random.next() * (end - begin), 1 - 2 ** -53);
      return Math.min(Math.max(middle + scale * log(u / (1 - u)), 0), 1);
    },
  };
}

/** A choice, or with the chance `other` any. */
function choiceKernel([begin, end]: Share, other: number): Kernel {
  return {
    density: ([from]) => (from === begin ? other + (1 - other) / (end - begin) : other),
    sample: (random) => (random.next() < other ? random.next() : (begin + end) / 2),
  };
}
