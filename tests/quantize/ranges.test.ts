import { describe, expect, test } from "vitest";
import { gridOf } from "../../src/quantize/grid.js";
import * as ranges from "../../src/quantize/ranges/index.js";
import { histogram, leastDivergence } from "../../src/quantize/ranges/kl.js";
import { quantile } from "../../src/quantize/ranges/range.js";
import { joinRuns, runsOf } from "../../src/quantize/runs.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, pick, random, zeroLeaks } from "../grid.js";
import { fake } from "../reference/fakeQuantize.js";

zeroLeaks();

const signed = { low: -8, high: 7, symmetric: true };
const unsigned = { low: 0, high: 255, symmetric: false };
const all = [ranges.minMax(), ranges.percentile(99.9), ranges.mse({ candidates: 50 }), ranges.kl()];

function bounds(range: ranges.Range, rows: readonly ArrayLike<number>[], codes = unsigned): number[][] {
  return scope(() => {
    const x = tensor(Float32Array.from(rows.flatMap((row) => Array.from(row))), [rows.length, rows[0]!.length]);
    const { low, high } = range.of(x, codes);
    const [l, h] = [readTensor(low), readTensor(high)];
    return rows.map((_, i) => [l[i]!, h[i]!]);
  });
}

describe.each(all.map((range) => [range.name, range] as const))("%s", (_, range) => {
  test("each row is measured alone", () => {
    const rows = [1, 2, 3].map((seed) => draw("normal", 301, seed).map((x) => x * seed));
    for (const codes of [signed, unsigned])
      expect(bounds(range, rows, codes)).toEqual(rows.flatMap((row) => bounds(range, [row], codes)));
  });

  test("rows of zeros, constants and one number", () => {
    expect(bounds(range, [[0, 0, 0]])).toEqual([[0, 0]]);
    const [[, high]] = bounds(range, [new Array(500).fill(2)]) as [[number, number]];
    expect(Math.abs(high - 2)).toBeLessThan(0.01);
    const [[low]] = bounds(range, [[-3]], signed) as [[number, number]];
    expect(Math.abs(low + 3)).toBeLessThan(0.01);
  });
});

describe("percentile", () => {
  const sorted = Float32Array.of(1, 2, 4, 8);
  test.each([
    ["linear", 0.5, 3],
    ["lower", 0.5, 2],
    ["higher", 0.5, 4],
    ["midpoint", 0.4, 3],
    ["nearest", 0.4, 2],
    ["nearest", 0.5, 4],
    ["nearest", 1 / 6, 1],
    ["nearest", 5 / 6, 4],
    ["linear", 1, 8],
    ["linear", 0, 1],
  ] as const)("%s at %f", (method, p, expected) => {
    expect(quantile(sorted, p, method)).toBeCloseTo(expected, 6);
  });

  test("outliers are left outside", () => {
    const row = [...draw("uniform", 2000, 1), 1000];
    const [[low, high]] = bounds(ranges.percentile(99.9), [row]) as [[number, number]];
    expect(low).toBeGreaterThan(-1.01);
    expect(high).toBeLessThan(1.01);
  });
});

test("mse is the least of all its candidates", () => {
  const next = random(3);
  for (const codes of [signed, unsigned])
    for (let i = 0; i < 20; i++) {
      const row = draw(i % 2 === 0 ? "normal" : "logNormal", 1 + pick(next, 60), i);
      const [low, high] = [Math.min(...row), Math.max(...row)];
      const size = Math.max(Math.abs(low), Math.abs(high));
      const whole = codes.symmetric ? [-size, size] : [low, high];
      const errorOf = (from: number, to: number): number =>
        scope(() => {
          const { scale, zeroPoint } = gridOf({ low: tensor([from]), high: tensor([to]) }, codes);
          const [s, z] = [readTensor(scale)[0]!, readTensor(zeroPoint)[0]!];
          return row.reduce((sum, x) => sum + (fake(x, s, z, codes.low, codes.high) - x) ** 2, 0);
        });
      const [[from, to]] = bounds(ranges.mse(), [row], codes) as [[number, number]];
      const least = Math.min(
        ...Array.from({ length: 100 }, (_, k) => errorOf((whole[0]! * (k + 1)) / 100, (whole[1]! * (k + 1)) / 100)),
      );
      expect(errorOf(from, to)).toBeLessThanOrEqual(least * (1 + 1e-4));
    }
});

describe("kl", () => {
  /** The definition, as the golden vectors state it, in plain loops. */
  function slow(counts: readonly number[], levels: number): { bins: number; kl: number } {
    let best = { bins: counts.length, kl: Number.POSITIVE_INFINITY };
    for (let i = levels; i <= counts.length; i++) {
      const p = counts.slice(0, i);
      p[i - 1]! += counts.slice(i).reduce((a, b) => a + b, 0);
      const q = new Array<number>(i).fill(0);
      const width = Math.floor(i / levels);
      for (let j = 0; j < levels; j++) {
        const [start, end] = [j * width, j === levels - 1 ? i : (j + 1) * width];
        const filled = p.slice(start, end).filter((x) => x > 0).length;
        const total = counts.slice(start, end).reduce((a, b) => a + b, 0);
        for (let b = start; b < end; b++) if (p[b]! > 0) q[b] = total / filled;
      }
      const [sp, sq] = [p, q].map((x) => x.reduce((a, b) => a + b, 0)) as [number, number];
      if (sq === 0) continue;
      const kl = p.reduce((s, x, b) => (x > 0 ? s + (x / sp) * Math.log(x / sp / Math.max(q[b]! / sq, 1e-12)) : s), 0);
      if (kl < best.kl) best = { bins: i, kl };
    }
    return best;
  }

  test("is what its definition says, on few bins and levels", () => {
    const next = random(5);
    for (const levels of [2, 4, 8])
      for (let i = 0; i < 30; i++) {
        const counts = Array.from({ length: 40 }, (_, b) => (next() < 0.3 ? 0 : pick(next, 1 + 400 / (b + 1))));
        if (counts.every((c) => c === 0)) continue;
        const [got, want] = [leastDivergence(counts, levels), slow(counts, levels)];
        expect(got.bins, `${levels} levels, ${counts}`).toBe(want.bins);
        expect(Math.abs(got.kl - want.kl)).toBeLessThan(1e-12 * (1 + Math.abs(want.kl)));
      }
  });

  test("counts every size but 0 once, the largest in the last bin", () => {
    const counts = histogram(Float32Array.of(-4, 4, 0, 2, -1.999), 4);
    expect([counts[0], counts[1023], counts[1024], counts[2047]]).toEqual([0, 1, 1, 2]);
    expect(counts.reduce((a, b) => a + b)).toBe(4);
  });
});

test("a grid covers its bounds and holds 0", () => {
  for (const codes of [signed, unsigned, { ...unsigned, symmetric: true }, { low: -2, high: 1, symmetric: false }])
    for (const [low, high] of [
      [-1, 3],
      [0.5, 2],
      [-2, -1],
      [0, 0],
      [-1e-44, 1e-44],
      [-1e30, 1e38],
    ] as const)
      scope(() => {
        const { scale, zeroPoint } = gridOf({ low: tensor([low]), high: tensor([high]) }, codes);
        const [s, z] = [readTensor(scale)[0]!, readTensor(zeroPoint)[0]!];
        const about = `${JSON.stringify(codes)} on ${low} to ${high}`;
        expect(s > 0 && Number.isFinite(s), about).toBe(true);
        expect(Number.isInteger(z) && z >= codes.low && z <= codes.high, about).toBe(true);
        // Half a step where the zero point was rounded.
        expect((codes.low - z - 0.51) * s, about).toBeLessThanOrEqual(codes.symmetric && codes.low < 0 ? 0 : low);
        expect((codes.high - z + 0.51) * s, about).toBeGreaterThanOrEqual(high);
        if (low === 0 && high === 0) expect(s).toBe(1);
      });
});

test("runs are cut from rows and joined again, the short ones too", () => {
  scope(() => {
    for (const [rows, len, size] of [
      [2, 7, 3],
      [3, 6, 3],
      [1, 2, 5],
      [4, 5, 1],
    ] as const) {
      const x = tensor(
        Float32Array.from({ length: rows * len }, (_, i) => i),
        [rows, len],
      );
      const first = runsOf(x, size).map((run) => tensor(readTensor(run).filter((_, i) => i % run.shape[1]! === 0)));
      const starts = Array.from({ length: rows }, (_, r) =>
        Array.from({ length: Math.ceil(len / size) }, (_, g) => r * len + g * size),
      );
      expectSame(readTensor(joinRuns(first, rows)), starts.flat(), `${rows} × ${len} by ${size}`);
    }
  });
});
