// How much of a model is pruned when: sparsity as a function of the training step, from 0.
import { checkCount, checkNumber, checkOptions } from "../check.js";
import { power } from "../optim/schedules.js";

/** The sparsity to prune to before a step, or undefined where that step prunes nothing. */
export type SparsitySchedule = (step: number) => number | undefined;

/**
 * All at once.
 *
 * @param options `to`: the sparsity. `at`: the step before which it happens, default 0.
 * @throws {ArgumentError} if `to` is not from 0 to 1.
 * @example
 * const now = oneShot({ to: 0.9 })(0); // 0.9
 */
export function oneShot(options: { to: number; at?: number }): SparsitySchedule {
  checkOptions("oneShot", options);
  const { to, at = 0 } = options;
  checkNumber("oneShot", "to", to, 0, 1);
  checkCount("oneShot", "at", at, 0);
  return (step) => (step === at ? to : undefined);
}

/**
 * In rounds, with training between them (Han et al. 2015): each removes the same share of what is left (Frankle & Carbin 2019), so
 * that n rounds end at `to`.
 *
 * @param options `every`: steps from one round to the next. `begin`: the step before which the first happens, default 0.
 * @throws {ArgumentError} if `to` is not from 0 to 1, or a count none.
 * @example
 * const first = iterative({ to: 0.75, rounds: 2, every: 100 })(0); // 0.5
 */
export function iterative(options: { to: number; rounds: number; every: number; begin?: number }): SparsitySchedule {
  checkOptions("iterative", options);
  const { to, rounds, every, begin = 0 } = options;
  checkNumber("iterative", "to", to, 0, 1);
  checkCount("iterative", "rounds", rounds, 1);
  checkCount("iterative", "every", every, 1);
  checkCount("iterative", "begin", begin, 0);
  const kept = root(1 - to, rounds);
  return (step) => {
    const round = (step - begin) / every + 1;
    if (!Number.isInteger(round) || round < 1 || round > rounds) return undefined;
    return round === rounds ? to : 1 - power(kept, round);
  };
}

/** The n-th root of a number from 0 to 1, by halving: the same bits on every host. */
function root(x: number, n: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (power(middle, n) > x) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * Fast at first, while there is much to lose, then ever slower (Zhu & Gupta 2017, equation 1):
 * to + (from − to) · (1 − (step − begin) / (end − begin))³, every so many steps and at `end`.
 *
 * @param options `from`: default 0. `begin`: default 0. `every`: default 1.
 * @throws {ArgumentError} if a sparsity is not from 0 to 1, or `end` is before `begin`.
 * @example
 * const half = cubic({ to: 0.8, end: 1000, every: 100 })(500); // 0.7
 */
export function cubic(options: {
  to: number;
  end: number;
  from?: number;
  begin?: number;
  every?: number;
}): SparsitySchedule {
  checkOptions("cubic", options);
  const { to, end, from = 0, begin = 0, every = 1 } = options;
  checkNumber("cubic", "to", to, 0, 1);
  checkNumber("cubic", "from", from, 0, to);
  checkCount("cubic", "begin", begin, 0);
  checkCount("cubic", "end", end, begin);
  checkCount("cubic", "every", every, 1);
  return (step) => {
    if (step < begin || step > end || ((step - begin) % every !== 0 && step !== end)) return undefined;
    return to + (from - to) * power(end === begin ? 0 : (end - step) / (end - begin), 3);
  };
}
