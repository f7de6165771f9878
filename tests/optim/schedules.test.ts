import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import {
  constant,
  cosine,
  cosineRestarts,
  exponential,
  linear,
  multiStep,
  oneCycle,
  type Schedule,
  sequence,
  step,
  warmup,
} from "../../src/optim/index.js";

const half = (t: number) => (1 + Math.cos(Math.PI * t)) / 2;

/** Values at the start, in the middle, at the end and beyond. */
const table: readonly (readonly [title: string, schedule: Schedule, values: Readonly<Record<number, number>>])[] = [
  ["constant", constant(0.3), { 0: 0.3, 1000: 0.3 }],
  ["step", step(0.8, { every: 10, gamma: 0.5 }), { 0: 0.8, 9: 0.8, 10: 0.4, 25: 0.2, 1000: 0.8 * 0.5 ** 100 }],
  ["step, by ten", step(1, { every: 3 }), { 2: 1, 3: 0.1, 6: 0.01 }],
  ["multiStep", multiStep(1, { at: [3, 10], gamma: 0.5 }), { 0: 1, 2: 1, 3: 0.5, 9: 0.5, 10: 0.25, 99: 0.25 }],
  ["multiStep, one step named twice", multiStep(1, { at: [3, 3], gamma: 0.5 }), { 2: 1, 3: 0.25 }],
  ["multiStep, none", multiStep(0.5, { at: [] }), { 0: 0.5, 9: 0.5 }],
  ["exponential", exponential(2, { gamma: 0.9 }), { 0: 2, 1: 1.8, 50: 2 * 0.9 ** 50, 1000: 2 * 0.9 ** 1000 }],
  ["linear", linear(1, 0.2, 8), { 0: 1, 1: 0.9, 4: 0.6, 8: 0.2, 9: 0.2, 1000: 0.2 }],
  ["linear, rising", linear(0, 1, 4), { 0: 0, 2: 0.5, 4: 1, 5: 1 }],
  ["cosine", cosine(2, 10), { 0: 2, 1: 2 * half(0.1), 5: 1, 9: 2 * half(0.9), 10: 0, 11: 0, 1000: 0 }],
  ["cosine, above a minimum", cosine(1, 4, { min: 0.2 }), { 0: 1, 1: 0.2 + 0.8 * half(0.25), 2: 0.6, 4: 0.2, 9: 0.2 }],
  ["cosine, as a wave", cosine(1, 4, { repeat: true }), { 0: 1, 4: 0, 6: 0.5, 8: 1, 9: half(0.25), 4000: 1 }],
  ["cosineRestarts", cosineRestarts(1, 4), { 0: 1, 2: 0.5, 3: half(0.75), 4: 1, 6: 0.5, 4e9: 1, 4000000002: 0.5 }],
  [
    "cosineRestarts, longer each time",
    cosineRestarts(1, 2, { factor: 2, min: 0.1 }),
    { 0: 1, 1: 0.55, 2: 1, 4: 0.55, 6: 1, 10: 0.55, 14: 1 },
  ],
  ["warmup to a number", warmup(0.4, { steps: 4 }), { 0: 0, 1: 0.1, 4: 0.4, 1000: 0.4 }],
  ["warmup, not from 0", warmup(1, { steps: 4, from: 0.2 }), { 0: 0.2, 2: 0.6, 4: 1 }],
  ["warmup to a schedule", warmup(linear(1, 0, 10), { steps: 5 }), { 0: 0, 4: 0.8, 5: 1, 10: 0.5, 15: 0, 99: 0 }],
  [
    "sequence",
    sequence([constant(1), linear(2, 4, 4), constant(9)], { at: [3, 7] }),
    { 2: 1, 3: 2, 6: 3.5, 7: 9, 99: 9 },
  ],
  ["sequence of one", sequence([linear(0, 1, 2)], { at: [] }), { 1: 0.5 }],
  [
    "oneCycle",
    oneCycle(1, 101, { rise: 51 / 101 }),
    { 0: 0.04, 25: 0.52, 50: 1, 75: (1 + 4e-6) / 2, 100: 4e-6, 101: 4e-6, 1000: 4e-6 },
  ],
  [
    "oneCycle, straight",
    oneCycle(1, 21, { rise: 11 / 21, anneal: "linear", startDivisor: 10, endDivisor: 10 }),
    { 0: 0.1, 5: 0.55, 10: 1, 15: 0.505, 20: 0.01, 50: 0.01 },
  ],
  [
    "oneCycle, three phases",
    oneCycle(1, 31, { rise: 11 / 31, anneal: "linear", startDivisor: 10, endDivisor: 10, threePhase: true }),
    { 0: 0.1, 10: 1, 15: 0.55, 20: 0.1, 25: 0.055, 30: 0.01, 31: 0.01 },
  ],
  ["oneCycle, without a rise", oneCycle(1, 10, { rise: 0.1, anneal: "linear" }), { 0: 1, 9: 4e-6 }],
  ["oneCycle, of one step", oneCycle(1, 1), { 0: 4e-6, 1: 4e-6 }],
];

describe("values", () => {
  it.each(table)("%s", (_, schedule, values) => {
    for (const [t, expected] of Object.entries(values))
      expect(schedule(Number(t)), `step ${t}`).toBeCloseTo(expected, 14);
  });

  it.each(table)("%s: the same whatever was asked before, and never NaN", (_, schedule) => {
    const forward = Array.from({ length: 60 }, (_, t) => schedule(t));
    const backward = Array.from({ length: 60 }, (_, t) => schedule(59 - t));
    expect(backward.reverse()).toEqual(forward);
    expect(forward.every(Number.isFinite)).toBe(true);
  });

  it("the cosine is Math.cos within 10⁻¹⁵, without calling it", () => {
    const wave = cosine(1, 1000, { repeat: true });
    const errors = Array.from({ length: 5000 }, (_, t) => Math.abs(wave(t) - half((t % 2000) / 1000)));
    expect(Math.max(...errors)).toBeLessThan(1e-15);
  });

  it("powers are those of Math.pow within a few roundings", () => {
    const falling = exponential(1, { gamma: 0.999 });
    const errors = Array.from({ length: 3000 }, (_, t) => Math.abs(falling(t) / 0.999 ** t - 1));
    expect(Math.max(...errors)).toBeLessThan(1e-12);
  });
});

describe("arguments out of range", () => {
  it.each<[string, () => Schedule]>([
    ["step: steps is 0;", () => step(1, { every: 0 })],
    ["linear: steps is 0;", () => linear(1, 0, 0)],
    ["linear: steps is 1.5;", () => linear(1, 0, 1.5)],
    ["cosine: steps is -1;", () => cosine(1, -1)],
    ["cosineRestarts: steps is NaN;", () => cosineRestarts(1, Number.NaN)],
    ["cosineRestarts: factor is 0.5;", () => cosineRestarts(1, 10, { factor: 0.5 })],
    ["warmup: steps is 0;", () => warmup(1, { steps: 0 })],
    ["oneCycle: steps is 0;", () => oneCycle(1, 0)],
    ["sequence: 2 schedules need 1 steps", () => sequence([constant(1), constant(2)], { at: [] })],
  ])("%s", (message, make) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });
});
