import { checkCount, checkOptions } from "../../check.js";
import type { Stopper } from "../stopper.js";

export interface AshaOptions {
  /** Step of the first rung. Default 1. */
  min?: number;
  /** One in so many goes on from a rung, and the next is so many times as far. Default 3. */
  eta?: number;
}

/**
 * Successive halving: at the steps min, min·eta, min·eta², … a trial goes on if it is among the best 1/eta of all that came as
 * far, earlier ones and those of its batch, and always if it is the best.
 *
 * As in asynchronous halving (Li et al., A System for Massively Parallel Hyperparameter Tuning, 2020) no rung waits for a bracket to fill;
 * but the trials of a batch wait for one another at each, so that the study does not hang on which is faster.
 *
 * @throws {ArgumentError} if min is below 1, or eta below 2.
 * @example
 * async function* objective(rate) {
 *   let x = 8;
 *   for (let step = 0; step < 27; step++) yield Math.abs((x -= rate * x));
 * }
 * const study = await search(objective, { space: (draw) => draw.float("rate", 0, 1), stopper: asha(), trials: 20 });
 */
export function asha(options: AshaOptions = {}): Stopper {
  checkOptions("asha", options);
  const { min = 1, eta = 3 } = options;
  checkCount("asha", "min", min, 1);
  checkCount("asha", "eta", eta, 2);
  const isRung = (step: number): boolean => {
    let rung = min;
    while (rung < step) rung *= eta;
    return rung === step;
  };
  return {
    name: `asha(${min}, ${eta})`,
    meets: isRung,
    stop({ step, value, history, mates }) {
      if (!isRung(step)) return false;
      const others = [...history.flatMap(({ curve }) => curve.slice(step - 1, step)), ...mates];
      const better = others.filter((other) => other < value).length;
      return better >= Math.max(1, Math.floor((others.length + 1) / eta));
    },
  };
}
