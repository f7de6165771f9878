import { describe, expect, test } from "vitest";
import { ridge } from "../../src/linear/ridge.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, roundoff, zeroLeaks } from "../grid.js";
import { leastSquares } from "../reference/solve.js";
import { type Coefficients, read, residuals, standardized } from "./data.js";

zeroLeaks();

const fit = (x: Tensor, y: Tensor, options: object): Coefficients => scope(() => read(ridge(x, y, options)));

describe("ridge", () => {
  test("agrees with Gauss's elimination in f64, target by target", () => {
    for (const [seed, k] of [1, 2, 5, 8, 33].entries())
      for (const intercept of [true, false])
        for (const r of [1, 3]) {
          const n = 2 * k + 3;
          const [x, y] = [draw("normal", n * k, seed), draw("normal", n * r, seed + 9)];
          const alpha = [0.01, 1, 100][seed % 3]!;
          const got = scope(() => fit(tensor(x, [n, k]), tensor(y, [n, r]), { alpha, intercept, standardize: false }));
          const want = leastSquares(x, y, [n, k, r], { l2: alpha, bias: intercept });
          const about = `[${n}, ${k}] to ${r}, intercept ${intercept}`;
          expectWithin(got.w, want.weight, (_, v) => Math.abs(v) * roundoff + 1e-11, about);
          expectWithin(got.b, want.bias, (_, v) => Math.abs(v) * roundoff + 1e-11, about);
          const squares = want.weight.reduce((sum, v) => sum + alpha * v * v, want.residual);
          expect(Math.abs(got.objective / squares - 1), about).toBeLessThan(1e-12);
        }
  });

  test("leaves no slope: Xᵀ(y − Xw) = alpha · w, up to the rounding of w to f32", () => {
    const [n, k, alpha] = [60, 9, 3];
    const x = draw("normal", n * k, 5);
    const y = draw("normal", n, 6);
    const { w, b } = scope(() => fit(tensor(x, [n, k]), tensor(y), { alpha, standardize: false }));
    const rest = residuals(x, y, w, b[0]!);
    for (let j = 0; j < k; j++) {
      let [slope, bound] = [-alpha * w[j]!, 1e-9];
      for (let p = 0; p < n; p++) {
        slope += x[p * k + j]! * rest[p]!;
        for (let i = 0; i <= k; i++)
          bound += Math.abs(x[p * k + j]! * (i < k ? x[p * k + i]! * w[i]! : b[0]!)) * roundoff;
      }
      expect(Math.abs(slope), `column ${j}`).toBeLessThan(bound);
    }
    expect(w.every((v) => v !== 0)).toBe(true);
  });

  test("with standardize is the fit of the standardized columns, told in the units of the given ones", () => {
    const [n, k] = [40, 4];
    const x = draw("normal", n * k, 1).map((v, at) => [v, 1000 * v + 5, v / 64, 3][at % k]!);
    const y = draw("normal", n, 2);
    const { z, means, scales } = standardized(x, n, k);
    const got = scope(() => fit(tensor(x, [n, k]), tensor(y), { alpha: 7 }));
    const want = leastSquares(z, y, [n, k, 1], { l2: 7, bias: true });
    const weight = want.weight.map((v, j) => v / scales[j]!);
    expectWithin(got.w, weight, (_, v) => Math.abs(v) * (roundoff + 1e-9), "coefficients");
    // The constant column says nothing.
    expect(got.w[3]).toBe(0);
    expectWithin(got.b, [weight.reduce((b, v, j) => b - v * means[j]!, want.bias[0]!)], 1e-6, "intercept");
    // Units do not matter: a power of two changes no bit of what is left.
    const other = scope(() =>
      fit(
        tensor(
          x.map((v, at) => (at % k === 2 ? v * 1024 : v)),
          [n, k],
        ),
        tensor(y),
        { alpha: 7 },
      ),
    );
    expect([...other.w]).toEqual([...got.w].map((v, j) => (j === 2 ? v / 1024 : v)));
    expect([...other.b]).toEqual([...got.b]);
  });

  test("predicts what it was fitted to, of vectors and of matrices", () => {
    scope(() => {
      const x = tensor([
        [0, 1],
        [1, 1],
        [2, 0],
        [3, 5],
      ]);
      const line = ridge(x, tensor([1, 3, 5, 7]), { alpha: 0 });
      expect([line.coefficients.shape, line.intercept.shape]).toEqual([[2], []]);
      expectWithin(
        readTensor(
          line.predict(
            tensor([
              [10, 3],
              [-1, 0],
            ]),
          ),
        ),
        [21, -1],
        1e-5,
        "line",
      );
      const both = ridge(
        x,
        tensor([
          [1, 0],
          [3, 1],
          [5, 2],
          [7, 3],
        ]),
        { alpha: 0 },
      );
      expect([both.coefficients.shape, both.intercept.shape]).toEqual([[2, 2], [2]]);
      expectWithin(readTensor(both.predict(tensor([[10, 3]]))), [21, 10], 1e-5, "two lines");
    });
  });

  test("of one row, of no columns, of twins, of one that is constant", () => {
    scope(() => {
      const one = fit(tensor([[1, 2]]), tensor([5]), {});
      expect([...one.w, ...one.b]).toEqual([0, 0, 5]);
      const none = fit(tensor(new Float32Array(0), [3, 0]), tensor([1, 2, 6]), {});
      expect([...none.w, ...none.b, none.objective]).toEqual([3, 14]);
      const twins = fit(
        tensor([
          [1, 1],
          [2, 2],
          [3, 3],
        ]),
        tensor([2, 4, 6]),
        { alpha: 0 },
      );
      expectWithin(twins.w, [1, 1], 1e-6, "twins");
      // Without an intercept a constant column stands in for it.
      const stand = fit(tensor([[1], [1], [1]]), tensor([2, 4, 6]), { alpha: 0, intercept: false });
      expectWithin(stand.w, [4], 1e-6, "constant");
    });
  });
});
