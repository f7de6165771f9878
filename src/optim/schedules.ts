// Settings that change with the step, from 0. All f64 and without the host's Math: the same numbers everywhere.
import { checkCount, checkNumber } from "../check.js";
import { ArgumentError } from "../errors.js";

/** The value of a hyper-parameter at a step, from 0. */
export type Schedule = (step: number) => number;

/** base^n for an integer n ≥ 0, by squaring. */
export function power(base: number, n: number): number {
  let result = 1;
  for (let square = base; n > 0; n = Math.floor(n / 2), square *= square) if (n % 2 === 1) result *= square;
  return result;
}

/** cos πt: reduced to |x| ≤ π/4 and summed by Taylor's series, within 1e-15. */
function cosPi(t: number): number {
  const turns = Math.round(t * 2);
  const x = (t - turns / 2) * Math.PI;
  const w = x * x;
  let cos = 0;
  let sin = 0;
  for (let k = 18; k >= 2; k -= 2) {
    cos = (1 + cos) * (-w / (k * (k - 1)));
    sin = (1 + sin) * (-w / (k * (k + 1)));
  }
  const quarter = ((turns % 4) + 4) % 4;
  const value = quarter % 2 === 0 ? 1 + cos : x * (1 + sin);
  return quarter === 0 || quarter === 3 ? value : -value;
}

/**
 * The same value for ever.
 *
 * @example
 * const lr = optim.constant(0.1)(500); // 0.1
 */
export function constant(value: number): Schedule {
  return () => value;
}

/**
 * Multiplied by `gamma` every `every` steps.
 *
 * @example
 * const lr = optim.step(0.1, { every: 30 }); // 0.1 for 30 steps, then 0.01
 */
export function step(base: number, options: { every: number; gamma?: number }): Schedule {
  const { every, gamma = 0.1 } = options;
  checkCount("step", "steps", every, 1);
  return (t) => base * power(gamma, Math.floor(t / every));
}

/**
 * Multiplied by `gamma` at each of the steps in `at`.
 *
 * @example
 * const lr = optim.multiStep(0.1, { at: [30, 80] })(50); // 0.01
 */
export function multiStep(base: number, options: { at: readonly number[]; gamma?: number }): Schedule {
  const { at, gamma = 0.1 } = options;
  return (t) => base * power(gamma, at.filter((milestone) => milestone <= t).length);
}

/**
 * base · gammaᵗ
 *
 * @example
 * const lr = optim.exponential(1, { gamma: 0.5 })(3); // 0.125
 */
export function exponential(base: number, options: { gamma: number }): Schedule {
  return (t) => base * power(options.gamma, t);
}

/**
 * A straight line from `from` to `to` over `steps` steps, then `to`.
 *
 * @example
 * const lr = optim.linear(1, 0, 10)(5); // 0.5
 */
export function linear(from: number, to: number, steps: number): Schedule {
  checkCount("linear", "steps", steps, 1);
  return (t) => from + (to - from) * Math.min(1, t / steps);
}

/**
 * Half a cosine from `base` down to `min` over `steps` steps (Loshchilov & Hutter 2017), then `min`.
 *
 * @param options `repeat: true` goes on as a wave, up and down (PyTorch's CosineAnnealingLR past its end).
 * @example
 * const lr = optim.cosine(1e-3, 1000); // lr(500) is 5e-4
 */
export function cosine(base: number, steps: number, options: { min?: number; repeat?: boolean } = {}): Schedule {
  checkCount("cosine", "steps", steps, 1);
  const { min = 0, repeat = false } = options;
  return (t) => min + ((base - min) * (1 + cosPi(repeat ? t / steps : Math.min(1, t / steps)))) / 2;
}

/**
 * Cosines that start again at `base`, each `factor` times as long as the one before (SGDR; Loshchilov & Hutter 2017).
 *
 * @example
 * const lr = optim.cosineRestarts(1, 10, { factor: 2 })(10); // 1
 */
export function cosineRestarts(base: number, steps: number, options: { min?: number; factor?: number } = {}): Schedule {
  checkCount("cosineRestarts", "steps", steps, 1);
  const { min = 0, factor = 1 } = options;
  checkNumber("cosineRestarts", "factor", factor, 1, Number.POSITIVE_INFINITY);
  return (step) => {
    let t = factor === 1 ? step % steps : step;
    let length = steps;
    while (t >= length) {
      t -= length;
      length *= factor;
    }
    return min + ((base - min) * (1 + cosPi(t / length))) / 2;
  };
}

/**
 * Grows linearly from `from` (a share of the value, default 0) over `steps` steps, then follows `after`, counted from there.
 *
 * @example
 * const lr = optim.warmup(optim.cosine(1e-3, 900), { steps: 100 });
 */
export function warmup(after: number | Schedule, options: { steps: number; from?: number }): Schedule {
  const { steps, from = 0 } = options;
  checkCount("warmup", "steps", steps, 1);
  const schedule = typeof after === "number" ? constant(after) : after;
  return (t) => (t < steps ? schedule(0) * (from + (1 - from) * (t / steps)) : schedule(t - steps));
}

/**
 * One schedule after another: the i-th takes over at `at[i − 1]` and counts from there.
 *
 * @example
 * const lr = optim.sequence([optim.constant(1), optim.linear(1, 0, 10)], { at: [10] })(15); // 0.5
 */
export function sequence(schedules: readonly Schedule[], options: { at: readonly number[] }): Schedule {
  const { at } = options;
  if (at.length !== schedules.length - 1)
    throw new ArgumentError(
      `sequence: ${schedules.length} schedules need ${schedules.length - 1} steps in \`at\`, not ${at.length}`,
    );
  return (t) => {
    const i = at.filter((start) => start <= t).length;
    return schedules[i]!(i === 0 ? t : t - at[i - 1]!);
  };
}

export interface OneCycleOptions {
  /** Share of the steps that rise. Default 0.3. */
  rise?: number;
  /** The start is `max / startDivisor`. Default 25. */
  startDivisor?: number;
  /** The end is the start divided by this. Default 1e4. */
  endDivisor?: number;
  /** Default "cosine". */
  anneal?: "cosine" | "linear";
  /** Falls back to the start as long as it rose, and only then to the end. Default false. */
  threePhase?: boolean;
}

/**
 * Up to `max` and down again over `steps` steps (Smith & Topin 2019; the phases of PyTorch's OneCycleLR).
 *
 * @example
 * const lr = optim.oneCycle(0.01, 1000);
 */
export function oneCycle(max: number, steps: number, options: OneCycleOptions = {}): Schedule {
  checkCount("oneCycle", "steps", steps, 1);
  const { rise = 0.3, startDivisor = 25, endDivisor = 1e4, anneal = "cosine", threePhase = false } = options;
  const start = max / startDivisor;
  const end = start / endDivisor;
  const top = rise * steps - 1;
  const phases: readonly (readonly [until: number, from: number, to: number])[] = threePhase
    ? [
        [top, start, max],
        [2 * rise * steps - 2, max, start],
        [steps - 1, start, end],
      ]
    : [
        [top, start, max],
        [steps - 1, max, end],
      ];
  return (t) => {
    let begin = 0;
    for (const [until, from, to] of phases) {
      if (t <= until) {
        const share = until > begin ? (t - begin) / (until - begin) : 1;
        return anneal === "linear" ? from + (to - from) * share : to + ((from - to) * (1 + cosPi(share))) / 2;
      }
      begin = until;
    }
    return end;
  };
}
