// Interleaved rounds: what slows the machine slows all contenders alike.
import { noise } from "./data.mjs";

/**
 * A turn lasts at least so long, so that the clock's steps do not show; and not longer, as other processes take the processor for some
 * milliseconds at a time: most turns then get by between, and the median is theirs.
 */
const turnMs = 0.5;
/** Longest time for the rounds of a work, unless a few take longer. */
const longestMs = 1500;

/**
 * Seconds that one run takes each contender: all turns, sorted. A contender is `{ name, run, result?, dispose? }`; a `run` that returns a
 * promise is waited for.
 */
export async function race(contenders, raceMs = longestMs) {
  const repeats = [];
  for (const { run } of contenders) repeats.push(await warm(run, raceMs / 8));
  const turns = contenders.map(() => []);
  const end = performance.now() + raceMs;
  for (let round = 0; round < 5 || (performance.now() < end && round < 501); round++) {
    // Who begins is drawn: in one order, what comes and goes at the rounds' own pace would always meet the same.
    const first = Math.floor(noise(round) * contenders.length);
    for (const [k] of contenders.entries()) {
      const i = (first + k) % contenders.length;
      turns[i].push((await turn(contenders[i].run, repeats[i])) / repeats[i]);
    }
  }
  return turns.map((seconds) => seconds.sort((a, b) => a - b));
}

/** Runs until engines have compiled all with care, and says how many runs make a turn. */
async function warm(run, warmMs) {
  let count = 1;
  const end = performance.now() + warmMs;
  for (;;) {
    const seconds = await turn(run, count);
    if (performance.now() > end) return Math.max(1, Math.ceil((turnMs / 1000 / seconds) * count));
    if (seconds < turnMs / 1000) count *= 2;
  }
}

async function turn(run, count) {
  const before = performance.now();
  for (let i = 0; i < count; i++) {
    const pending = run();
    if (pending !== undefined) await pending;
  }
  return (performance.now() - before) / 1000;
}

/**
 * @throws {Error} if a contender's result is not the first one's, within `within(i)` for each element. One that can agree in the first
 * elements only says in how many.
 */
export async function compare(contenders, within = () => 0) {
  const [first, ...others] = contenders.filter(({ result }) => result !== undefined);
  const truth = await first?.result();
  for (const { name, result, agrees = truth.length } of others) {
    const values = await result();
    if (values.length !== agrees) throw new Error(`${name} gives ${values.length} elements, not ${agrees}`);
    for (const [i, value] of values.entries())
      if (!(Math.abs(value - truth[i]) <= within(i)))
        throw new Error(
          `element ${i} is ${truth[i]} of ${first.name}, ${value} of ${name}; they may differ by ${within(i)}`,
        );
  }
}
