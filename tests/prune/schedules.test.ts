import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { cubic, iterative, oneShot, type SparsitySchedule } from "../../src/prune/schedules.js";

/** [step, sparsity] of the steps that prune. */
const events = (schedule: SparsitySchedule, steps: number): [number, number][] =>
  Array.from({ length: steps }, (_, step): [number, number | undefined] => [step, schedule(step)]).filter(
    (pair): pair is [number, number] => pair[1] !== undefined,
  );

describe("oneShot", () => {
  test("prunes once", () => {
    expect(events(oneShot({ to: 0.9 }), 5)).toEqual([[0, 0.9]]);
    expect(events(oneShot({ to: 0.9, at: 3 }), 5)).toEqual([[3, 0.9]]);
  });
});

describe("iterative", () => {
  test("removes the same share of what is left in each round, and ends exactly", () => {
    for (const to of [0, 0.3, 0.92, 1])
      for (const rounds of [1, 2, 5]) {
        const found = events(iterative({ to, rounds, every: 7, begin: 2 }), 100);
        expect(found.map(([step]) => step)).toEqual(Array.from({ length: rounds }, (_, i) => 2 + 7 * i));
        for (const [i, [, sparsity]] of found.entries())
          expect(sparsity).toBeCloseTo(1 - (1 - to) ** ((i + 1) / rounds), 12);
        expect(found.at(-1)![1]).toBe(to);
      }
  });
});

describe("cubic", () => {
  test("is equation 1 of Zhu & Gupta, at every so many steps and the last", () => {
    const found = events(cubic({ from: 0.1, to: 0.9, begin: 4, end: 25, every: 10 }), 100);
    expect(found.map(([step]) => step)).toEqual([4, 14, 24, 25]);
    for (const [step, sparsity] of found) expect(sparsity).toBeCloseTo(0.9 - 0.8 * (1 - (step - 4) / 21) ** 3, 14);
    expect([found[0]![1], found.at(-1)![1]]).toEqual([0.9 + (0.1 - 0.9), 0.9]);
  });

  test("never falls, and may be over at once", () => {
    const values = events(cubic({ to: 0.5, end: 40 }), 60).map(([, sparsity]) => sparsity);
    expect(values).toHaveLength(41);
    expect(values.every((value, i) => i === 0 || value >= values[i - 1]!)).toBe(true);
    expect(events(cubic({ to: 0.5, begin: 3, end: 3 }), 9)).toEqual([[3, 0.5]]);
  });
});

test("settings that make no sense are refused", () => {
  expect(() => oneShot({ to: 1.5 })).toThrow("oneShot: to is 1.5");
  expect(() => oneShot(undefined as never)).toThrow(ArgumentError);
  expect(() => iterative({ to: 0.5, rounds: 0, every: 1 })).toThrow("iterative: rounds is 0");
  expect(() => iterative({ to: 0.5, rounds: 2 } as never)).toThrow("iterative: every is undefined");
  expect(() => cubic({ to: 0.5, begin: 9, end: 3 })).toThrow("cubic: end is 3; it must be an integer from 9");
  expect(() => cubic({ from: 0.6, to: 0.5, end: 3 })).toThrow("cubic: from is 0.6; it goes from 0 to 0.5");
  expect(() => cubic({ to: 0.5, end: 3, every: 0 })).toThrow("cubic: every is 0");
});
