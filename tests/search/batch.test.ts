import { expect, test } from "vitest";
import { type Report, runObjective, type TrialContext } from "../../src/search/objective.js";
import { type SearchOptions, search } from "../../src/search/search.js";
import type { Draw } from "../../src/search/space.js";
import { asha } from "../../src/search/stoppers/asha.js";
import { memoryStorage } from "../../src/search/storage.js";
import type { TrialRecord } from "../../src/search/trial.js";

const options: SearchOptions<number> = {
  space: (draw: Draw) => draw.float("rate", 0.01, 1),
  stopper: asha(),
  batch: 6,
  trials: 30,
  seed: 3,
};

/** Falls faster the greater the rate; trials differ in length, and some throw or wait. */
async function* objective(rate: number, { number }: { number: number }): AsyncGenerator<number, void> {
  for (let step = 1; step <= 9 + (number % 3) * 9; step++) {
    if (number % 7 === 3 && step === 3) throw new Error("broken");
    if (number % 2) await new Promise((resolve) => setTimeout(resolve, (number * step) % 3));
    yield 1 / (rate * step);
  }
}

/** Runs the objective as `workers` would, and counts how many trials run at a time. */
function pool(workers: number) {
  let [running, most] = [0, 0];
  const run = async (rate: number, context: TrialContext, report: Report) => {
    most = Math.max(most, ++running);
    try {
      return await runObjective(objective, rate, context, async (score) => {
        running--;
        const end = await report(score);
        most = Math.max(most, ++running);
        return end;
      });
    } finally {
      running--;
    }
  };
  return { workers, run, most: () => most };
}

test("trials of a batch are judged beside one another: one study for any number of workers, no more of them at a time", async () => {
  const whole = await search(objective, options);
  const states = whole.trials.map(({ state }) => state);
  for (const state of ["done", "stopped", "failed"]) expect(states).toContain(state);
  const lengths = whole.trials.slice(0, 6).map(({ curve }) => curve.length);
  expect(lengths.filter((steps) => steps > 1)).toHaveLength(2); // of six, in a batch that knows no other
  for (const workers of [1, 2, 4, 16]) {
    const executor = pool(workers);
    expect(JSON.stringify(await search(executor, options))).toBe(JSON.stringify(whole));
    expect(executor.most()).toBeLessThanOrEqual(workers);
    expect(executor.most()).toBeGreaterThanOrEqual(Math.min(workers, 4));
  }
});

test("a search that ends anywhere and goes on gives the same study, and storage, as one run", async () => {
  const kept = () => {
    const storage = memoryStorage();
    const records: TrialRecord[] = [];
    const append = (trial: TrialRecord) => {
      records.push(trial);
      return storage.append(trial);
    };
    return { ...storage, append, records };
  };
  const storage = kept();
  const whole = await search(objective, { ...options, storage });
  for (let stop = 1; stop < 60; stop += 4) {
    const broken = kept();
    const abort = new AbortController();
    let steps = 0;
    const ends: number[] = [];
    async function* watched(rate: number, context: { number: number }): AsyncGenerator<number, void> {
      try {
        for await (const value of objective(rate, context)) {
          if (++steps === stop) abort.abort();
          yield value;
        }
      } finally {
        ends.push(context.number);
      }
    }
    const first = await search(watched, { ...options, storage: broken, signal: abort.signal });
    expect(first.stopped).toBe("signal");
    expect(new Set(ends).size).toBe(ends.length);
    expect(first.trials.length).toBeLessThan(30);
    const later = await search(objective, { ...options, storage: broken });
    expect(JSON.stringify(later)).toBe(JSON.stringify(whole));
    expect(broken.records).toEqual(storage.records);
  }
});
