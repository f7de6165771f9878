import { checkCount, checkOptions } from "../../check.js";
import type { Stopper } from "../stopper.js";

export interface MedianOptions {
  /** Trials that must be done before any is stopped. Default 5. */
  startup?: number;
  /** Steps that every trial may take. Default 0. */
  warmup?: number;
}

/**
 * Stops a trial whose best value so far is worse than the median of what the trials that are done had at the same step.
 *
 * As Optuna's MedianPruner, whose steps begin where the objective says; here a trial's first yield is step 1.
 *
 * @throws {ArgumentError} if an option is no count.
 * @example
 * async function* objective(rate) {
 *   let x = 8;
 *   for (let step = 0; step < 9; step++) yield Math.abs((x -= rate * x));
 * }
 * const study = await search(objective, { space: (draw) => draw.float("rate", 0, 1), stopper: median(), trials: 20 });
 */
export function median(options: MedianOptions = {}): Stopper {
  checkOptions("median", options);
  const { startup = 5, warmup = 0 } = options;
  checkCount("median", "startup", startup, 0);
  checkCount("median", "warmup", warmup, 0);
  return {
    name: `median(${startup}, ${warmup})`,
    stop({ step, curve, history }) {
      const done = history.filter(({ state }) => state === "done");
      if (done.length < startup || step <= warmup) return false;
      const others = done.flatMap((trial) => trial.curve.slice(step - 1, step)).sort((a, b) => a - b);
      const middle = others.length >> 1;
      return Math.min(...curve) > (others[middle]! + others[others.length - 1 - middle]!) / 2;
    },
  };
}
