import { exp, log } from "../math.js";
import type { Random } from "../random.js";
import type { Distribution, Share, Value } from "../space.js";

/** Densities of the unit interval, one around each of some values. */
export interface Kernels {
  /** The mean of one over a share: 1 everywhere where there is no value to be around. */
  density(i: number, share: Share): number;
  /** A place, drawn from one. */
  sample(i: number, random: Random): number;
}

/** Kernels are at least this wide, divided by how many there are. */
const narrowest = 0.3;

/** A standard deviation of 1 as the scale of a logistic distribution: √3 / π. */
const logisticScale = 0.5513288954217921;

/** Kernels around the values drawn for a name; undefined is none. `leniency` widens them. */
export function kernelsOf(
  { ordered, share: shareOf }: Distribution,
  values: readonly (Value | undefined)[],
  leniency: number,
): Kernels {
  const shares = values.map((value) => (value === undefined ? undefined : shareOf(value)));
  return ordered ? numberKernels(shares, leniency) : choiceKernels(shares, leniency);
}

/**
 * Logistic distributions within the unit interval: of heavier tails than normal ones, and all of them in closed form. They reach to
 * the farther of their neighbours (Bergstra et al. 2011); at the ends there is but one.
 */
function numberKernels(shares: readonly (Share | undefined)[], leniency: number): Kernels {
  const middles = Float64Array.from(shares, (share) => (share === undefined ? Number.NaN : (share[0] + share[1]) / 2));
  const order = [...middles.keys()].filter((i) => shares[i] !== undefined).sort((a, b) => middles[a]! - middles[b]!);
  const floor = narrowest / Math.min(order.length + 2, 100);
  const [scales, begins, masses] = [0, 0, 0].map(() => new Float64Array(shares.length)) as Float64Array[];
  const below = (i: number, place: number) => 1 / (1 + exp((middles[i]! - place) / scales![i]!));
  for (const [at, i] of order.entries()) {
    const alone = order.length === 1;
    const left = alone ? 0 : middles[order[at - 1] ?? i]!;
    const right = alone ? 1 : middles[order[at + 1] ?? i]!;
    scales![i] = Math.max(middles[i]! - left, right - middles[i]!, floor) * leniency * logisticScale;
    begins![i] = below(i, 0);
    masses![i] = below(i, 1) - begins![i]!;
  }
  return {
    density(i, [from, to]) {
      const [scale, mass] = [scales![i]!, masses![i]!];
      if (mass === 0) return 1;
      if (to > from) return (below(i, to) - below(i, from)) / (mass * (to - from));
      const e = exp(-Math.abs(from - middles[i]!) / scale);
      return e / ((1 + e) * (1 + e) * scale * mass);
    },
    sample(i, random) {
      const u = Math.min(begins![i]! + random.next() * masses![i]!, 1 - 2 ** -53);
      return Math.min(Math.max(middles[i]! + scales![i]! * log(u / (1 - u)), 0), 1);
    },
  };
}

/** The choice itself, or now and then any. */
function choiceKernels(shares: readonly (Share | undefined)[], leniency: number): Kernels {
  const other = Math.min(1, leniency / (shares.filter((share) => share !== undefined).length + 2));
  return {
    density(i, [from]) {
      const share = shares[i];
      if (share === undefined) return 1;
      return from === share[0] ? other + (1 - other) / (share[1] - share[0]) : other;
    },
    sample(i, random) {
      const [begin, end] = shares[i]!;
      return random.next() < other ? random.next() : (begin + end) / 2;
    },
  };
}
