import { describe, expect, test } from "vitest";
import type { Stopper, StopRequest } from "../../../src/search/stopper.js";
import { asha } from "../../../src/search/stoppers/asha.js";
import { median } from "../../../src/search/stoppers/median.js";
import type { TrialRecord } from "../../../src/search/trial.js";

/** Earlier trials with these curves. */
function past(...curves: number[][]): TrialRecord[] {
  return curves.map((curve, number) => ({ number, draws: {}, state: "done", values: curve.slice(-1), curve }));
}

function stops(stopper: Stopper, curve: number[], history: TrialRecord[], mates: number[] = []): boolean {
  const request: StopRequest = {
    number: 99,
    draws: {},
    step: curve.length,
    value: curve.at(-1)!,
    curve,
    history,
    mates,
  };
  return stopper.stop(request);
}

describe("median", () => {
  const history = past([5, 4, 3], [6, 6, 6], [9, 8, 1], [7, 2]);

  test("judges the best value so far by the median of what others had at the same step", () => {
    const stopper = median({ startup: 4 });
    expect(stops(stopper, [6.5], history)).toBe(false); // (6 + 7) / 2
    expect(stops(stopper, [6.6], history)).toBe(true);
    expect(stops(stopper, [6.6, 5], history)).toBe(false); // (4 + 6) / 2
    expect(stops(stopper, [5, 9], history)).toBe(false);
    expect(stops(stopper, [9, 9, 3.1], history)).toBe(true); // of three
    expect(stops(stopper, [9, 9, 3], history)).toBe(false);
    expect(stops(stopper, [9, 9, 9, 9], history)).toBe(false); // nobody was there
  });

  test("waits for trials that are done, and for the warm-up", () => {
    const broken = { ...history[0]!, state: "failed" as const };
    const stopped = { ...history[1]!, state: "stopped" as const };
    expect(stops(median(), [99], history)).toBe(false);
    expect(stops(median(), [99], [...history, broken, stopped])).toBe(false);
    expect(stops(median(), [99], [...history, ...history])).toBe(true);
    expect(stops(median({ startup: 0, warmup: 2 }), [99, 99], history)).toBe(false);
    expect(stops(median({ startup: 0, warmup: 2 }), [99, 99, 99], history)).toBe(true);
    expect(stops(median({ startup: 0 }), [99], [])).toBe(false);
  });
});

describe("asha", () => {
  const history = past([1], [2], [3], [4], [5, 5, 5], [6, 6, 4]);

  test("lets the best 1/eta of a rung go on", () => {
    expect(stops(asha(), [2.5], history)).toBe(true); // third of seven, of whom two go on
    expect(stops(asha(), [2], history)).toBe(false); // equals go on together
    expect(stops(asha(), [1.5], history)).toBe(false);
    expect(stops(asha({ eta: 2 }), [2.5], history)).toBe(false);
    expect(stops(asha({ eta: 4 }), [1.5], history)).toBe(true);
  });

  test("judges at rungs alone", () => {
    const rungs = (stopper: Stopper) => Array.from({ length: 40 }, (_, i) => i + 1).filter((s) => stopper.meets?.(s));
    expect(rungs(asha())).toEqual([1, 3, 9, 27]);
    expect(rungs(asha({ min: 2, eta: 4 }))).toEqual([2, 8, 32]);
    expect(stops(asha(), [9, 9], history)).toBe(false);
    expect(stops(asha(), [9, 9, 9], history)).toBe(true);
    expect(stops(asha(), [9, 9, 3], history)).toBe(false);
  });

  test("lets the best of few go on, and counts its batch", () => {
    expect(stops(asha(), [9], [])).toBe(false);
    expect(stops(asha(), [9], [], [10])).toBe(false);
    expect(stops(asha(), [9], [], [8])).toBe(true);
    expect(stops(asha(), [1.5], history, [1.2, 1.3])).toBe(true); // fourth of nine
    expect(stops(asha(), [1.25], history, [1.2, 1.4])).toBe(false);
  });
});
