import { describe, expect, test } from "vitest";
import {
  type ElasticNetOptions,
  elasticNet,
  type PositiveOptions,
  type SparseFit,
} from "../../src/linear/elasticNet.js";
import { lasso } from "../../src/linear/lasso.js";
import { multiTaskElasticNet, multiTaskLasso } from "../../src/linear/multiTask.js";
import { ridge } from "../../src/linear/ridge.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, roundoff, zeroLeaks } from "../grid.js";
import { type Coefficients, read, residuals, standardized } from "./data.js";

zeroLeaks();

type Options = ElasticNetOptions & PositiveOptions;

/** A few columns that matter among many that do not, and noise. */
function problem(n: number, k: number, seed: number): { x: Float32Array; y: Float32Array } {
  const x = draw("normal", n * k, seed);
  const noise = draw("normal", n, seed + 1);
  const y = noise.map((v, p) => 2 + 3 * x[p * k]! - 2 * (x[p * k + 3] ?? 0) + x[p * k + k - 1]! + 0.3 * v);
  return { x, y };
}

function fit(
  x: Float32Array,
  y: Float32Array,
  n: number,
  options: Options,
): Omit<SparseFit, "coefficients" | "intercept"> & Coefficients {
  return scope(() => read(elasticNet(tensor(x, [n, x.length / n]), tensor(y), options)));
}

describe("lasso and elastic net", () => {
  test.each<Options>([
    { alpha: 0.1, l1Ratio: 1 },
    { alpha: 0.5, l1Ratio: 0.5 },
    { alpha: 0.2, l1Ratio: 0.9, intercept: false },
    { alpha: 0.1, l1Ratio: 1, positive: true },
  ])("fulfil the conditions of Karush, Kuhn and Tucker: %j", (options) => {
    for (const [n, k] of [
      [50, 8],
      [30, 31],
      [20, 60],
    ] as const) {
      const { x, y } = problem(n, k, k);
      const { alpha = 1, l1Ratio = 1, positive = false } = options;
      const { w, b, converged, objective } = fit(x, y, n, { ...options, standardize: false, tolerance: 1e-13 });
      const about = `[${n}, ${k}]`;
      expect(converged, about).toBe(true);
      const rest = residuals(x, y, w, b[0]!);
      const exact =
        rest.reduce((sum, v) => sum + v * v, 0) / (2 * n) +
        alpha * w.reduce((sum, v) => sum + l1Ratio * Math.abs(v) + ((1 - l1Ratio) / 2) * v * v, 0);
      expect(Math.abs(objective / exact - 1), about).toBeLessThan(1e-6);
      if (options.intercept === false) expect(b[0]).toBe(0);
      else expect(Math.abs(rest.reduce((sum, v) => sum + v, 0)), about).toBeLessThan(1e-4);
      for (let j = 0; j < k; j++) {
        let slope = -n * alpha * (1 - l1Ratio) * w[j]!;
        for (let p = 0; p < n; p++) slope += x[p * k + j]! * rest[p]!;
        slope /= n * alpha * l1Ratio;
        // 1 is the limit; w was rounded to f32.
        if (w[j] !== 0) expect(Math.abs(slope - Math.sign(w[j]!)), `${about}, column ${j}`).toBeLessThan(1e-4);
        else expect(positive ? slope : Math.abs(slope), `${about}, column ${j}`).toBeLessThan(1 + 1e-4);
        if (positive) expect(w[j]).toBeGreaterThanOrEqual(0);
      }
      const zeros = w.filter((v) => v === 0).length;
      if (k > 8) expect(zeros, about).toBeGreaterThan(k / 3);
    }
  });

  test("give exact zeros, where ridge and a subgradient give none", () => {
    const [n, k, alpha] = [100, 40, 0.2];
    const { x, y } = problem(n, k, 1);
    const zeros = (w: ArrayLike<number>): number => Array.from(w).filter((v) => v === 0).length;
    const found = fit(x, y, n, { alpha, l1Ratio: 1, standardize: false, intercept: false });
    expect(zeros(found.w)).toBeGreaterThan(20);
    const dense = scope(() => readTensor(ridge(tensor(x, [n, k]), tensor(y), { alpha: 20 }).coefficients));
    expect(zeros(dense)).toBe(0);
    // The same objective down its subgradient, with steps that get smaller: close, and not one zero.
    const w = Float64Array.from(draw("normal", k, 9));
    for (let t = 0; t < 3000; t++) {
      const rest = residuals(x, y, w, 0);
      const step = 0.2 / Math.sqrt(t + 1);
      for (let j = 0; j < k; j++) {
        let slope = alpha * Math.sign(w[j]!);
        for (let p = 0; p < n; p++) slope -= (x[p * k + j]! * rest[p]!) / n;
        w[j]! -= step * slope;
      }
    }
    const objective =
      residuals(x, y, w, 0).reduce((sum, v) => sum + v * v, 0) / (2 * n) +
      alpha * w.reduce((sum, v) => sum + Math.abs(v), 0);
    expect(objective / found.objective).toBeLessThan(1.01);
    expect(objective).toBeGreaterThan(found.objective);
    expect(zeros(w)).toBe(0);
  });

  test("with standardize fit the standardized columns, and units do not matter", () => {
    const [n, k, alpha] = [60, 6, 0.3];
    const base = problem(n, k, 4);
    const x = base.x.map((v, at) => [v, 100 * v + 7, v / 32, v, 2, v][at % k]!);
    const { z, scales } = standardized(x, n, k);
    const plain = fit(Float32Array.from(z), base.y, n, { alpha, standardize: false });
    const got = fit(x, base.y, n, { alpha });
    // z was rounded to f32.
    expectWithin(
      got.w.map((v, j) => v * scales[j]!),
      plain.w,
      1e-5,
      "coefficients",
    );
    expect(got.w[4]).toBe(0);
    expect(got.objective / plain.objective).toBeCloseTo(1, 5);
    const other = fit(
      x.map((v, at) => (at % k === 0 ? v * 256 : v)),
      base.y,
      n,
      { alpha },
    );
    expect([...other.w]).toEqual([...got.w].map((v, j) => (j === 0 ? v / 256 : v)));
    // Without an intercept the standard deviation is still the one about the mean.
    const bare = fit(x, base.y, n, { alpha, intercept: false });
    const moved = fit(x, base.y, n, { alpha, intercept: false, standardize: false });
    expect([...bare.w]).not.toEqual([...moved.w]);
  });

  test("fit several targets one by one", () => {
    const [n, k] = [40, 7];
    const [a, b] = [problem(n, k, 1), problem(n, k, 1).y.map((v) => v * v)];
    const y = Float32Array.from({ length: 2 * n }, (_, at) => (at % 2 === 0 ? a.y : b)[at >> 1]!);
    scope(() => {
      const x = tensor(a.x, [n, k]);
      const both = read(lasso(x, tensor(y, [n, 2]), { alpha: 0.1 }));
      const each = [a.y, b].map((target) => read(lasso(x, tensor(target), { alpha: 0.1 })));
      expect([...both.w]).toEqual(each.flatMap(({ w }) => [...w]));
      expect([...both.b]).toEqual(each.flatMap((one) => [...one.b]));
      expect(both.objective).toBeCloseTo(each[0]!.objective + each[1]!.objective, 9);
      expect(readTensor(both.predict(x)).length).toBe(2 * n);
    });
  });

  test("say where the sweeps ran out", () => {
    const { x, y } = problem(30, 31, 2);
    const short = fit(x, y, 30, { alpha: 0.001, l1Ratio: 1, maxIterations: 2 });
    expect([short.converged, short.iterations]).toEqual([false, 2]);
    const whole = fit(x, y, 30, { alpha: 0.001, l1Ratio: 1 });
    expect(whole.converged).toBe(true);
    expect(short.objective - short.gap).toBeLessThanOrEqual(whole.objective);
    expect(whole.objective).toBeLessThan(short.objective);
  });

  test("of one row, of no columns, of a constant y", () => {
    const one = fit(Float32Array.of(1, 2, 3), Float32Array.of(5), 1, {});
    expect([...one.w, ...one.b, one.objective, one.converged]).toEqual([0, 0, 0, 5, 0, true]);
    const none = fit(new Float32Array(0), Float32Array.of(1, 2, 6), 3, {});
    expect([...none.b, none.objective]).toEqual([3, 14 / 6]);
    const flat = fit(Float32Array.of(1, 2, 3), Float32Array.of(4, 4, 4), 3, {});
    expect([...flat.w, ...flat.b, flat.iterations]).toEqual([0, 4, 0]);
  });
});

describe("multi-task lasso and elastic net", () => {
  const [n, k, r] = [60, 12, 3];
  const { x } = problem(n, k, 7);
  const noise = draw("normal", n * r, 8);
  const y = noise.map((v, at) => v + (1 + (at % r)) * x[Math.floor(at / r) * k]! - x[Math.floor(at / r) * k + 5]!);

  test.each([
    { l1Ratio: 1, alpha: 0.4 },
    { l1Ratio: 0.6, alpha: 0.4 },
  ])("are 0 for all targets or for none, and fulfil the conditions of their groups: %j", ({ l1Ratio, alpha }) => {
    const { w, b } = scope(() => {
      const options = { alpha, standardize: false, tolerance: 1e-13 };
      const [data, targets] = [tensor(x, [n, k]), tensor(y, [n, r])];
      return read(
        l1Ratio === 1
          ? multiTaskLasso(data, targets, options)
          : multiTaskElasticNet(data, targets, { ...options, l1Ratio }),
      );
    });
    const rest = Array.from({ length: r }, (_, t) => {
      const own = Float32Array.from({ length: n }, (_, p) => y[p * r + t]!);
      return residuals(x, own, w.subarray(t * k, t * k + k), b[t]!);
    });
    let out = 0;
    for (let j = 0; j < k; j++) {
      const group = rest.map((_, t) => w[t * k + j]!);
      const norm = Math.hypot(...group);
      const slopes = rest.map((own, t) => {
        const slope = own.reduce((sum, v, p) => sum + x[p * k + j]! * v, 0) / n - alpha * (1 - l1Ratio) * group[t]!;
        return slope / (alpha * l1Ratio);
      });
      if (norm > 0)
        expectWithin(
          slopes,
          group.map((v) => v / norm),
          1e-4,
          `column ${j}`,
        );
      else expect(Math.hypot(...slopes)).toBeLessThan(1 + 1e-4);
      if (norm === 0) out++;
      else expect(group.every((v) => v !== 0)).toBe(true);
    }
    expect(out).toBeGreaterThan(3);
    expect(out).toBeLessThan(k - 1);
  });

  test("of one target are lasso and elastic net", () => {
    scope(() => {
      const [data, target] = [tensor(x, [n, k]), tensor(y.subarray(0, n), [n, 1])];
      const pairs = [
        [multiTaskLasso(data, target, { alpha: 0.2 }), lasso(data, target, { alpha: 0.2 })],
        [multiTaskElasticNet(data, target, { alpha: 0.2 }), elasticNet(data, target, { alpha: 0.2 })],
      ] as const;
      for (const [group, single] of pairs)
        expectWithin(
          readTensor(group.coefficients),
          readTensor(single.coefficients),
          (_, v) => Math.abs(v) * roundoff,
          "one",
        );
    });
  });
});
