import { checkCount, checkOptions } from "../../check.js";
import { ArgumentError } from "../../errors.js";
import type { Past, Sampler } from "../sampler.js";
import type { Distribution, Value } from "../space.js";

/**
 * Tries every combination once, in order, the last drawn parameter first; the search ends when all are tried. Follows spaces where
 * what is drawn depends on what was drawn before.
 *
 * @param options.points values of each range that has no steps, its ends included.
 * @throws {ArgumentError} in the search, if there is such a range and `points` is not given.
 * @example
 * const space = (draw: Draw) => draw.int("a", 0, 2) + draw.choice("b", [10, 20]);
 * const study = await search((sum) => sum, { space, sampler: grid() });
 * const tried = study.trials.map((trial) => trial.params); // [10, 20, 11, 21, 12, 22]
 */
export function grid(options: { points?: number } = {}): Sampler {
  checkOptions("grid", options);
  const { points } = options;
  if (points !== undefined) checkCount("grid", "points", points, 1);

  /** The value at a step of a range without steps. */
  const stepOf = (name: string, distribution: Distribution, i: number): Value | undefined => {
    if (points === undefined)
      throw new ArgumentError(`grid: "${name}" has no steps; give it a step, or pass points: grid({ points: 5 })`);
    if (i >= points) return undefined;
    return distribution.at(points === 1 ? 0.5 : i / (points - 1));
  };
  const first = (name: string, distribution: Distribution): Value =>
    distribution.count === Number.POSITIVE_INFINITY ? stepOf(name, distribution, 0)! : distribution.at(0);
  const next = (name: string, distribution: Distribution, value: Value): Value | undefined =>
    distribution.count === Number.POSITIVE_INFINITY
      ? stepOf(name, distribution, points === 1 ? 1 : Math.round(distribution.share(value)![0] * (points! - 1)) + 1)
      : distribution.next(value);

  /** What the next trial begins with: the draws of the last up to the last that has a value left, and that value. */
  const prefix = ({ history, mates, names }: Past): Map<string, Value> | undefined => {
    const draws = Object.entries(mates.at(-1) ?? history.at(-1)?.draws ?? {});
    for (let i = draws.length - 1; i >= 0; i--) {
      const [name, value] = draws[i]!;
      const following = next(name, names.get(name)!, value);
      if (following !== undefined) return new Map([...draws.slice(0, i), [name, following]]);
    }
    return undefined;
  };

  return {
    name: points === undefined ? "grid" : `grid(${points})`,
    draw(request) {
      const given = prefix(request);
      return given?.has(request.name) ? given.get(request.name)! : first(request.name, request.distribution);
    },
    ended: (past) => past.number > 0 && prefix(past) === undefined,
  };
}
