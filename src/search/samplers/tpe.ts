// The tree-structured Parzen estimator (Bergstra et al. 2011): a density of the good trials, one of the others, and the draw for which
// the first is largest beside the second. Drawn one name after another, each given those before: so it is the joint density
// (Falkner et al. 2018) of whatever names a trial happens to draw.
import { bestOf } from "../front.js";
import { exp, log } from "../math.js";
import type { Random } from "../random.js";
import type { DrawRequest, Sampler } from "../sampler.js";
import type { Distribution, Share, Value } from "../space.js";
import { type Kernels, kernelsOf } from "./kernels.js";
import { axisOf } from "./sobol.js";
import { sobolAxes, sobolPlace } from "./sobolPoints.js";

/** Trials that have drawn a name before its density is worth anything; until then they are spread evenly. */
const startup = 10;
/** Draws from the density of the good, of which the best is taken. */
const candidates = 12;
/** How much wider kernels are where they only say which of them count: few trials share all that was drawn before. */
const leniency = 3;

type Draws = Readonly<Record<string, Value>>;
type Sides = readonly [good: Side, others: Side];

/**
 * Learns from the trials done so far where good ones are: draws more like the best tenth of them, less like the others, and dares
 * something else now and then. Takes parameters together, so it follows valleys that lie across them; trials of several objectives
 * by their fronts; failed and stopped ones, and those of the batch that are not done yet, are among the others. The first ten
 * trials are spread evenly.
 *
 * Differs from the TPESampler of Optuna: joint by default, logistic kernels, narrower, the better of the good counting more.
 *
 * @example
 * const study = await search((x) => (x - 1) * (x - 1), {
 *   space: (draw) => draw.float("x", -5, 5),
 *   sampler: tpe(),
 *   trials: 40,
 * });
 */
export function tpe(): Sampler {
  return { name: "tpe", draw };
}

function draw(request: DrawRequest): Value {
  const { distribution, number, seed, random } = request;
  const sides = sidesOf(request);
  if (sides === undefined) {
    const axis = axisOf(request);
    return distribution.at(axis < sobolAxes ? sobolPlace(number, axis, seed) : random.next());
  }
  const [good, others] = sides.map((side) => side.mixture(request));
  let best = distribution.at(0);
  let ratio = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < candidates; i++) {
    const value = distribution.at(good!.sample(random));
    const share = distribution.share(value)!;
    const own = good!.density(share) / others!.density(share);
    if (own > ratio) [best, ratio] = [value, own];
  }
  return best;
}

/** What a trial has worked out so far, by its random numbers: names that the same trials have drawn share their sides. */
const begun = new WeakMap<Random, Map<string, Sides>>();

/** The best tenth of the trials that have drawn the name, and the rest; undefined while they are too few. */
function sidesOf({ name, history, mates, random }: DrawRequest): Sides | undefined {
  const has = (draws: Draws) => Object.hasOwn(draws, name);
  const known = history.filter(({ draws }) => has(draws));
  const lived = known.filter(({ state }) => state !== "failed").length;
  const done = known.filter(({ state }) => state === "done");
  if (lived < startup || done.length === 0) return undefined;
  const split = (): Sides => {
    const best = new Set(bestOf(done, Math.min(Math.ceil(lived / 10), 25), ({ values }) => values));
    const good = [...best].map(({ draws }) => draws);
    const others = known.filter((trial) => !best.has(trial)).map(({ draws }) => draws);
    return [
      new Side(good, (i) => log((good.length + 1) / (i + 1))),
      new Side([...others, ...mates.filter(has)], () => 1),
    ];
  };
  const built = begun.get(random) ?? new Map<string, Sides>();
  begun.set(random, built);
  const key = `${known.map(({ number }) => number)} ${mates.map(has)}`;
  const sides = built.get(key) ?? split();
  built.set(key, sides);
  return sides;
}

/** Where good trials lie, or others. */
interface Mixture {
  density(share: Share): number;
  sample(random: Random): number;
}

/** Trials whose density is asked for, and how much each has in common with what the trial at hand has drawn. */
class Side {
  /** Logarithms, as products over many names would be 0. */
  private readonly logs: number[];
  private seen = 0;

  constructor(
    private readonly trials: readonly Draws[],
    weightOf: (i: number) => number,
  ) {
    this.logs = trials.map((_, i) => log(weightOf(i)));
  }

  private kernels(name: string, distribution: Distribution, leniency: number): Kernels {
    const values = this.trials.map((draws) => (Object.hasOwn(draws, name) ? draws[name] : undefined));
    return kernelsOf(distribution, values, leniency);
  }

  /** Where a name lies, given what was drawn before: one kernel around each trial, and an even one that knows nothing about any. */
  mixture({ name, distribution, draws, names }: DrawRequest): Mixture {
    const before = Object.entries(draws);
    for (; this.seen < before.length; this.seen++) {
      const [other, value] = before[this.seen]!;
      const from = names.get(other)!;
      const share = from.share(value)!;
      const kernels = this.kernels(other, from, leniency);
      for (let i = 0; i < this.trials.length; i++) this.logs[i]! += log(Math.max(kernels.density(i, share), 1e-300));
    }
    const top = this.logs.reduce((a, b) => Math.max(a, b), 0);
    const [weights, even] = [this.logs.map((weight) => exp(weight - top)), exp(-top)];
    const total = weights.reduce((sum, weight) => sum + weight, even);
    const kernels = this.kernels(name, distribution, 1);
    return {
      density(share) {
        let sum = even;
        for (let i = 0; i < weights.length; i++) sum += weights[i]! * kernels.density(i, share);
        return sum / total;
      },
      sample(random) {
        let left = random.next() * total;
        const i = weights.findIndex((weight) => (left -= weight) < 0);
        return i === -1 ? random.next() : kernels.sample(i, random);
      },
    };
  }
}
