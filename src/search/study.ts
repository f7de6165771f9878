import { SpokeshaveError } from "../errors.js";
import { frontOf } from "./front.js";
import { type Direction, type Trial, turned } from "./trial.js";

/** Why a search ended: all trials done, nothing left to propose, `signal` or `maxMs`. */
export type SearchEnd = "trials" | "sampler" | "signal" | "maxMs";

/** What a search found. */
export class Study<P> {
  constructor(
    /** Finished trials, by number. */
    readonly trials: readonly Trial<P>[],
    /** One per objective. */
    readonly directions: readonly Direction[],
    /** Why the search ended. */
    readonly stopped: SearchEnd,
  ) {}

  /** The trials of state `done` that no other of them beats in every objective, by number. */
  get front(): readonly Trial<P>[] {
    const done = this.trials.filter((trial) => trial.state === "done");
    return frontOf(done, (trial) => turned(trial, this.directions).values);
  }

  /**
   * The best trial of state `done`, the first of equals.
   *
   * @throws {SpokeshaveError} if no trial is done, or there are several objectives: then see `front`.
   */
  get best(): Trial<P> {
    if (this.directions.length > 1)
      throw new SpokeshaveError(`study.best: there are ${this.directions.length} objectives; see study.front`);
    const [best] = this.front;
    if (best === undefined) throw new SpokeshaveError(`study.best: none of ${this.trials.length} trials is done`);
    return best;
  }
}
