import { describe, expect, test } from "vitest";
import { descend, type Penalized } from "../../src/ops/descent.js";
import { gram, moments, readDoubles } from "../../src/ops/system.js";
import { scope } from "../../src/scope.js";
import { tensor } from "../../src/tensor.js";
import { draw, zeroLeaks } from "../grid.js";
import { crossProduct } from "../reference/solve.js";
import { watched } from "../watch.js";

zeroLeaks();

type Settings = Omit<Penalized, "system" | "squares">;

function ours(
  x: Float32Array,
  y: Float32Array,
  [n, k, r]: readonly [number, number, number],
  settings: Settings,
): ReturnType<typeof descend> {
  return scope(() => {
    const [data, targets] = [tensor(x, [n, k]), tensor(y, [n, r])];
    const [xMoments, yMoments] = [moments(data, false), moments(targets, false)];
    const system = gram(data, xMoments, targets, yMoments);
    return descend({ ...settings, system, squares: readDoubles(yMoments).slice(r) });
  });
}

/** Xᵀ(Y − X Wᵀ) [k, tasks] and the objective, by plain loops; y holds the targets of one problem. */
function truth(
  x: Float32Array,
  y: Float64Array,
  w: Float64Array,
  [n, k]: readonly [number, number],
  { l1, l2, tasks }: Settings,
) {
  const rest = y.slice();
  for (let p = 0; p < n; p++)
    for (let t = 0; t < tasks; t++) for (let j = 0; j < k; j++) rest[p * tasks + t]! -= x[p * k + j]! * w[t * k + j]!;
  let objective = rest.reduce((sum, v) => sum + (v * v) / 2, 0);
  for (let j = 0; j < k; j++) {
    const square = Array.from({ length: tasks }, (_, t) => w[t * k + j]! * w[t * k + j]!).reduce((a, b) => a + b);
    objective += l1[j]! * Math.sqrt(square) + (l2[j]! * square) / 2;
  }
  return { q: crossProduct(x, rest, n, k, tasks), objective };
}

describe("descend", () => {
  test.each([
    { tasks: 1, positive: false, name: "one target a problem" },
    { tasks: 1, positive: true, name: "none below 0" },
    { tasks: 3, positive: false, name: "three targets a problem" },
  ])("fulfils the conditions of Karush, Kuhn and Tucker, in any slices: $name", ({ tasks, positive }) => {
    for (const [seed, k] of [1, 2, 3, 4, 5, 8, 9, 17, 33].entries()) {
      const [n, problems] = [seed % 3 === 2 ? k : 2 * k + 5, 1 + (seed % 3)];
      const r = tasks * problems;
      const x = draw("normal", n * k, seed);
      const y = draw("normal", n * r, seed + 20);
      const l1 = Float64Array.from({ length: k }, (_, j) => n * (0.05 + 0.3 * ((j * 7) % 3)));
      const l2 = Float64Array.from({ length: k }, (_, j) => n * 0.05 * (j % 4));
      const settings = { l1, l2, tasks, positive, tolerance: 1e-13, sweeps: 100_000 };
      const { found } = watched(() => ours(x, y, [n, k, r], settings), (seed * 8) % 16);
      expect(found).toHaveLength(problems);
      for (const [problem, { weight: w, converged, gap, objective }] of found.entries()) {
        const about = `[${n}, ${k}], seed ${seed}, problem ${problem}`;
        expect(converged, about).toBe(true);
        const own = Float64Array.from(
          { length: n * tasks },
          (_, at) => y[Math.floor(at / tasks) * r + problem * tasks + (at % tasks)]!,
        );
        const { q, objective: exact } = truth(x, own, w, [n, k], settings);
        expect(Math.abs(objective - exact), `${about}, objective`).toBeLessThan(1e-12 * exact);
        expect(gap, about).toBeLessThanOrEqual(1e-13 * own.reduce((sum, v) => sum + v * v, 0));
        for (let j = 0; j < k; j++) {
          const of = (value: (t: number) => number) => Array.from({ length: tasks }, (_, t) => value(t));
          const norm = Math.hypot(...of((t) => w[t * k + j]!));
          // A gap of g leaves slopes of √(2 · g · xᵀx), and here xᵀx is about n.
          const slack = Math.sqrt(8 * n * 1e-13 * n * tasks) + 1e-9;
          const slope = of((t) => q[j * tasks + t]! - l2[j]! * w[t * k + j]!);
          if (norm > 0)
            for (const [t, s] of slope.entries())
              expect(Math.abs(s - (l1[j]! * w[t * k + j]!) / norm), `${about}, ${j}`).toBeLessThan(slack);
          else expect(positive ? slope[0]! : Math.hypot(...slope), `${about}, ${j}`).toBeLessThan(l1[j]! + slack);
          if (positive) expect(w[j]).toBeGreaterThanOrEqual(0);
        }
      }
    }
  });

  test("takes no sweep where the penalty keeps all out, and says so where it ran out of them", () => {
    const [n, k] = [30, 6];
    const x = draw("normal", n * k, 1).map((v, at) => (at % k === 0 ? v : v + 5));
    const y = draw("normal", n, 2);
    const settings = { l2: new Float64Array(k), tasks: 1, positive: false, tolerance: 1e-12 };
    const top = Math.max(...crossProduct(x, y, n, k, 1).map(Math.abs));
    const penalized = (l1: number, sweeps: number) => {
      const { found, sweeps: taken } = ours(x, y, [n, k, 1], { ...settings, l1: new Float64Array(k).fill(l1), sweeps });
      return { ...found[0]!, sweeps: taken };
    };
    const none = penalized(top * (1 + 1e-9), 5);
    expect([none.sweeps, none.converged, ...none.weight]).toEqual([0, true, 0, 0, 0, 0, 0, 0]);
    for (const sweeps of [3, 4, 5]) {
      const some = penalized(0.01, sweeps);
      expect([some.sweeps, some.converged]).toEqual([sweeps, false]);
      expect(some.gap).toBeGreaterThan(0);
    }
  });
});
