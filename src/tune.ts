import { race } from "./race.js";
import { isDeterministic } from "./runtime/init.js";
import { type Kernels, kernels } from "./runtime/kernels.js";

/** Which of several ways to do the same was picked for a piece of work, and why. */
export interface Explanation {
  readonly op: string;
  /** Shapes, and what else it depends on. */
  readonly work: string;
  /** Milliseconds of each way that was measured, of weights for all sizes of batches together; nothing where a rule decided. */
  readonly ms: Readonly<Record<string, number>>;
  readonly picked: string;
  /** A rule decides under `deterministic`, and where the clock stands still while code runs. */
  readonly reason: "measured" | "rule" | "deterministic";
}

/** What was settled, by the work: for each binary of its own. */
const settled = new WeakMap<Kernels, Map<string, Explanation>>();

/**
 * The way to take for a piece of work: settled once, by measurement or, where no clock may decide or none runs, by the rule.
 * `measure` gives milliseconds by name and what to pick for them; a way that took none was not measured at all.
 */
export function settle(
  op: string,
  work: string,
  rule: () => string,
  measure: () => Pick<Explanation, "ms" | "picked">,
): string {
  const known = settled.get(kernels()) ?? new Map<string, Explanation>();
  settled.set(kernels(), known);
  const fixed = isDeterministic();
  const key = JSON.stringify([op, work, fixed]);
  let choice = known.get(key);
  if (choice === undefined) {
    const { ms, picked } = fixed ? { ms: {}, picked: "" } : measure();
    const timed = !fixed && Object.values(ms).every((one) => one > 0);
    choice = timed
      ? { op, work, ms, picked, reason: "measured" }
      : { op, work, ms: {}, picked: rule(), reason: fixed ? "deterministic" : "rule" };
    known.set(key, choice);
  }
  return choice.picked;
}

/** Measures ways to do the same, and picks the fastest. */
export function fastest(ways: Readonly<Record<string, () => void>>): Pick<Explanation, "ms" | "picked"> {
  const names = Object.keys(ways);
  const times = race(Object.values(ways));
  const best = names[times.indexOf(Math.min(...times))]!;
  return { ms: Object.fromEntries(names.map((name, i) => [name, times[i]!])), picked: best };
}

/**
 * What was picked where there are several ways to do the same, and why: products of few rows, under `init({ tune: true })`, and the
 * layouts of packed weights. Plain data for `console.table`, oldest first, of the kernels that are loaded.
 *
 * @throws {DisposedError} before `init()`.
 * @example
 * const picked = explain().map(({ op, work, picked, reason }) => `${op} ${work}: ${picked}, ${reason}`);
 */
export function explain(): Explanation[] {
  return [...(settled.get(kernels())?.values() ?? [])];
}
