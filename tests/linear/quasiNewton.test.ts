import { describe, expect, test } from "vitest";
import { minimize, type Smooth } from "../../src/linear/quasiNewton.js";
import { draw, expectWithin } from "../grid.js";

/** ½ Σ bend · (u − to)², the numbers mixed with their neighbours by `mix`. */
function bowl(bend: (j: number) => number, to: Float64Array, mix = 0): Smooth {
  const k = to.length;
  const turn = (v: Float64Array, j: number): number => v[j]! + (j + 1 < k ? mix * v[j + 1]! : 0);
  return (u) => {
    const d = u.map((v, j) => v - to[j]!);
    const gradient = new Float64Array(k);
    let value = 0;
    for (let j = 0; j < k; j++) {
      const slope = bend(j) * turn(d, j);
      value += 0.5 * slope * turn(d, j);
      gradient[j]! += slope;
      if (j + 1 < k) gradient[j + 1]! += mix * slope;
    }
    return { value, gradient };
  };
}

const options = (k: number) => ({
  start: new Float64Array(k),
  l1: new Float64Array(k),
  tolerance: 1e-9,
  maxIterations: 2000,
});

describe("minimize", () => {
  test("finds the foot of bowls, steep and flat ones in one", () => {
    for (const steepness of [1, 100, 10_000])
      for (const mix of [0, 0.9]) {
        const to = Float64Array.from(draw("normal", 20, 1));
        const found = minimize(
          bowl((j) => steepness ** (j / 19), to, mix),
          options(20),
        );
        expect(found.converged).toBe(true);
        expectWithin(found.u, to, 1e-6, `steepness ${steepness}, mix ${mix}`);
        expect(found.value).toBeLessThan(1e-12);
      }
  });

  test("with l1 goes to the soft threshold, and to exact zeros", () => {
    const to = Float64Array.from(draw("normal", 50, 2));
    const bend = (j: number): number => 1 + (j % 7);
    const l1 = Float64Array.from(to, (_, j) => 0.3 * (j % 5));
    const { u, value, converged } = minimize(bowl(bend, to), { ...options(50), l1 });
    const want = to.map((v, j) => Math.sign(v) * Math.max(Math.abs(v) - l1[j]! / bend(j), 0));
    expect(converged).toBe(true);
    expectWithin(u, want, 1e-8, "threshold");
    for (const [j, v] of want.entries()) if (v === 0) expect(u[j]).toBe(0);
    const least = want.reduce(
      (sum, v, j) => sum + 0.5 * bend(j) * (v - to[j]!) * (v - to[j]!) + l1[j]! * Math.abs(v),
      0,
    );
    expect(value).toBeCloseTo(least, 10);
  });

  test("with l1 meets its conditions where numbers depend on each other", () => {
    const k = 40;
    const smooth = bowl((j) => 1 + j, Float64Array.from(draw("normal", k, 3)), 0.8);
    const l1 = new Float64Array(k).fill(4);
    const { u, converged } = minimize(smooth, { ...options(k), l1 });
    expect(converged).toBe(true);
    const { gradient } = smooth(u);
    for (const [j, v] of u.entries())
      if (v === 0) expect(Math.abs(gradient[j]!)).toBeLessThanOrEqual(4 + 1e-9);
      else expect(Math.abs(gradient[j]! + 4 * Math.sign(v))).toBeLessThanOrEqual(1e-9);
    expect(u.filter((v) => v === 0).length).toBeGreaterThan(5);
    expect(u.filter((v) => v !== 0).length).toBeGreaterThan(5);
  });

  test("takes no step from the foot, and says so where it cannot get there", () => {
    const k = 5;
    const foot = minimize(
      bowl(() => 1, new Float64Array(k)),
      options(k),
    );
    expect([foot.iterations, foot.converged]).toEqual([0, true]);
    // No slope is exactly 0: rounding comes first.
    const to = Float64Array.from(draw("normal", k, 4));
    const never = minimize(
      bowl((j) => 1 + j, to, 0.5),
      { ...options(k), tolerance: 0 },
    );
    expect(never.iterations).toBeLessThan(2000);
    expectWithin(never.u, to, 1e-6, "as near as rounding lets it");
    // Downhill for ever.
    const slide = minimize((u) => ({ value: -u[0]!, gradient: Float64Array.of(-1) }), {
      ...options(1),
      maxIterations: 50,
    });
    expect([slide.converged, slide.iterations]).toEqual([false, 50]);
  });
});
