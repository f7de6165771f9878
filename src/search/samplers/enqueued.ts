import { checkList, checkRecord } from "../../check.js";
import type { Sampler } from "../sampler.js";
import type { Value } from "../space.js";

/**
 * Tries what is known to be good first: the first trials take these draws, as far as they name them; everything else is the inner
 * sampler's. As `study.enqueue_trial` of Optuna.
 *
 * @param known draws by name, one object a trial.
 * @throws {ArgumentError} if they are no list of objects; in the search, if a value is out of its range.
 * @example
 * const space = (draw: Draw) => draw.float("lr", 1e-4, 1, { log: true });
 * const study = await search((lr) => lr, { space, sampler: enqueued([{ lr: 1e-2 }], randomSampler()), trials: 4 });
 * const first = study.trials[0].draws.lr; // 0.01
 */
export function enqueued(known: readonly Readonly<Record<string, Value>>[], inner: Sampler): Sampler {
  checkList("enqueued", "known", known);
  for (const draws of known) checkRecord("enqueued", "a trial", draws);
  return {
    name: `enqueued ${JSON.stringify(known)}, ${inner.name}`,
    draw(request) {
      const draws = known[request.number];
      return draws !== undefined && Object.hasOwn(draws, request.name) ? draws[request.name]! : inner.draw(request);
    },
    ended: (past) => past.number >= known.length && inner.ended?.(past) === true,
  };
}
