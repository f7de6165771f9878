// The tree-structured Parzen estimator (Bergstra et al. 2011): a density of the good trials, one of the others, and the draw for which
// the first is largest beside the second. Drawn one name after another, each given those before: so it is the joint density
// (Falkner et al. 2018) of whatever names a trial happens to draw.
import { bestOf } from "../front.js";
import { exp, log } from "../math.js";
import type { DrawRequest, Sampler } from "../sampler.js";
import type { Value } from "../space.js";
import { type Kernel, kernelsOf } from "./kernels.js";
import { axisOf } from "./sobol.js";
import { sobolAxes, sobolPlace } from "./sobolPoints.js";

/** Trials that have drawn a name before its density is worth anything; until then they are spread evenly. */
const startup = 10;
/** Draws from the density of the good, of which the best is taken. */
const candidates = 12;
/** How much wider kernels are where they only say which of them count: few trials share all that was drawn before. */
const leniency = 3;

/** A trial, by what it drew, and how much it counts. */
interface Point {
  readonly draws: Readonly<Record<string, Value>>;
  readonly weight: number;
}

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
  const sides = split(request);
  if (sides === undefined) {
    const axis = axisOf(request);
    return distribution.at(axis < sobolAxes ? sobolPlace(number, axis, seed) : random.next());
  }
  const [good, others] = sides.map((points) => mixtureOf(points, request));
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

/** The best tenth of the trials that have drawn the name, and the rest; undefined while they are too few. */
function split({ name, history, mates }: DrawRequest): [good: Point[], others: Point[]] | undefined {
  const known = history.filter(({ draws }) => Object.hasOwn(draws, name));
  const lived = known.filter(({ state }) => state !== "failed").length;
  const done = known.filter(({ state }) => state === "done");
  if (lived < startup || done.length === 0) return undefined;
  const best = bestOf(done, Math.min(Math.ceil(lived / 10), 25), ({ values }) => values);
  const good = best.map(({ draws }, i) => ({ draws, weight: log((best.length + 1) / (i + 1)) }));
  const chosen = new Set(best);
  const rest = known.filter((trial) => !chosen.has(trial)).map(({ draws }) => draws);
  const running = mates.filter((draws) => Object.hasOwn(draws, name));
  return [good, [...rest, ...running].map((draws) => ({ draws, weight: 1 }))];
}

/** Where the name of the request lies for trials like these, given what was drawn before: an even kernel, and one around each. */
function mixtureOf(points: readonly Point[], { name, distribution, draws, names }: DrawRequest): Kernel {
  const valuesOf = (of: string) =>
    points.map((point) => (Object.hasOwn(point.draws, of) ? point.draws[of] : undefined));
  // Logarithms, as products over many names would be 0. The even kernel keeps its 0: of no name it says anything.
  const logs = points.map(({ weight }) => log(weight));
  for (const [before, value] of Object.entries(draws)) {
    const drawnFrom = names.get(before)!;
    const share = drawnFrom.share(value)!;
    for (const [i, kernel] of kernelsOf(drawnFrom, valuesOf(before), leniency).entries())
      if (kernel !== undefined) logs[i]! += log(Math.max(kernel.density(share), 1e-300));
  }
  const top = logs.reduce((a, b) => Math.max(a, b), 0);
  const weights = [...logs, 0].map((weight) => exp(weight - top));
  const kernels = [...kernelsOf(distribution, valuesOf(name)), even] as Kernel[];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    density: (share) => kernels.reduce((sum, kernel, i) => sum + weights[i]! * kernel.density(share), 0) / total,
    sample(random) {
      let left = random.next() * total;
      return (kernels.find((_, i) => (left -= weights[i]!) < 0) ?? even).sample(random);
    },
  };
}

const even: Kernel = { density: () => 1, sample: (random) => random.next() };
