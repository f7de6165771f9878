import { describe, expect, test } from "vitest";
import { lasso } from "../../src/linear/lasso.js";
import { type LassoPathOptions, lassoPath } from "../../src/linear/lassoPath.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, pick, random, zeroLeaks } from "../grid.js";
import { residuals } from "./data.js";

zeroLeaks();

function path(x: Float32Array, y: Float32Array, n: number, options: LassoPathOptions = {}) {
  return scope(() => {
    const { alphas, coefficients, intercepts } = lassoPath(tensor(x, [n, x.length / n]), tensor(y), options);
    const [w, b] = [readTensor(coefficients), readTensor(intercepts)];
    const k = x.length / n;
    expect([coefficients.shape, intercepts.shape]).toEqual([[alphas.length, k], [alphas.length]]);
    return { alphas, b, knots: Array.from(alphas, (_, at) => w.subarray(at * k, at * k + k)) };
  });
}

/** Correlated columns. */
function data(n: number, k: number, seed: number): { x: Float32Array; y: Float32Array } {
  const common = draw("normal", n, seed);
  const x = draw("normal", n * k, seed + 1).map((v, at) => v + 1.5 * common[Math.floor(at / k)]!);
  const noise = draw("normal", n, seed + 2);
  const y = noise.map(
    (v, p) => 3 * v + x.subarray(p * k, p * k + k).reduce((sum, xj, j) => sum + (j % 2 ? -2 : 1.5) * xj, 1),
  );
  return { x, y };
}

describe("lassoPath", () => {
  test.each([{}, { standardize: false }, { intercept: false }])(
    "is the lasso at every knot and between: %j",
    (options) => {
      for (const [seed, [n, k]] of (
        [
          [30, 6],
          [25, 10],
          [8, 20],
        ] as const
      ).entries()) {
        const { x, y } = data(n, k, seed);
        const { alphas, b, knots } = path(x, y, n, options);
        expect(alphas.length).toBeGreaterThan(5);
        for (let at = 1; at < alphas.length; at++) {
          expect(alphas[at]).toBeLessThan(alphas[at - 1]!);
          for (const share of [0, 0.5]) {
            const alpha = (1 - share) * alphas[at]! + share * alphas[at - 1]!;
            // At 0 there is no lasso, and close to it coordinate descent is slow.
            if (alpha < 1e-3) continue;
            const want = knots[at]!.map((v, j) => (1 - share) * v + share * knots[at - 1]![j]!);
            scope(() => {
              const single = lasso(tensor(x, [n, k]), tensor(y), {
                ...options,
                alpha,
                tolerance: 1e-14,
                maxIterations: 1e6,
              });
              expectWithin(readTensor(single.coefficients), want, 2e-4, `[${n}, ${k}], alpha ${alpha}`);
              expectWithin(
                readTensor(single.intercept),
                [(1 - share) * b[at]! + share * b[at - 1]!],
                1e-3,
                "intercept",
              );
            });
          }
        }
      }
    },
  );

  test("fulfils the conditions of the lasso at every knot of 1000 small problems in integers, full of ties", () => {
    let left = 0;
    for (let seed = 0; seed < 1000; seed++) {
      const next = random(seed);
      const [n, k, big] = [2 + pick(next, 9), 1 + pick(next, 9), 1 + pick(next, 4)];
      const integers = (count: number) => Float32Array.from({ length: count }, () => pick(next, 2 * big + 1) - big);
      const [x, y] = [integers(n * k), integers(n)];
      const { alphas, knots } = path(x, y, n, { intercept: false, standardize: false });
      expect(alphas.length, `seed ${seed}`).toBeLessThan(60);
      expect(alphas.at(-1), `seed ${seed}`).toBe(0);
      for (const [at, w] of knots.entries()) {
        const rest = residuals(x, y, w, 0);
        for (let j = 0; j < k; j++) {
          const slope = rest.reduce((sum, v, p) => sum + (x[p * k + j]! * v) / n, 0);
          const [about, alpha] = [`seed ${seed}, knot ${at}, column ${j}`, alphas[at]!];
          if (Math.abs(w[j]!) > 1e-6) expect(Math.abs(slope - alpha * Math.sign(w[j]!)), about).toBeLessThan(1e-5);
          else expect(Math.abs(slope), about).toBeLessThan(alpha + 1e-5);
          if (at > 0 && w[j] === 0 && knots[at - 1]![j] !== 0) left++;
        }
      }
    }
    expect(left, "columns that left again").toBeGreaterThan(100);
  });

  test("ends at least squares, or takes the steps that it may", () => {
    const { x, y } = data(40, 5, 3);
    const whole = path(x, y, 40);
    expect(whole.alphas.at(-1)).toBe(0);
    const two = path(x, y, 40, { steps: 2 });
    expect([...two.alphas]).toEqual([...whole.alphas.subarray(0, 3)]);
    const start = path(x, y, 40, { steps: 0 });
    expect([start.alphas.length, ...start.knots[0]!]).toEqual([1, 0, 0, 0, 0, 0]);
  });

  test("keeps a twin, a dead and a constant column out, and takes ties together", () => {
    const n = 30;
    const base = draw("normal", n * 2, 4);
    const x = Float32Array.from({ length: n * 5 }, (_, at) => {
      const p = Math.floor(at / 5);
      return [base[2 * p]!, base[2 * p]!, 0, 7, base[2 * p + 1]!][at % 5]!;
    });
    const y = Float32Array.from({ length: n }, (_, p) => 2 * base[2 * p]! + base[2 * p + 1]!);
    const { alphas, knots } = path(x, y, n);
    expect(alphas.at(-1)).toBe(0);
    expectWithin(knots.at(-1)!, [2, 0, 0, 0, 1], 1e-5, "last knot");
    // Orthogonal columns that pull alike.
    const tie = path(Float32Array.of(1, 1, 1, -1, -1, 1, -1, -1), Float32Array.of(2, 0, 0, -2), 4);
    expectWithin(tie.knots.at(-1)!, [1, 1], 1e-6, "tie");
  });

  test("of a y that is constant has one knot", () => {
    const { alphas, b } = path(Float32Array.of(1, 2, 3, 5), Float32Array.of(3, 3, 3, 3), 4);
    expect([...alphas, ...b]).toEqual([0, 3]);
  });
});
