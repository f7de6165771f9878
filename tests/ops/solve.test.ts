import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import {
  choleskyOfInverse,
  hessianDiagonal,
  inverseHessian,
  leastSquares,
  maskedLeastSquares,
} from "../../src/ops/solve.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { type Bound, draw, expectWithin, pick, random, roundoff, zeroLeaks } from "../grid.js";
import * as reference from "../reference/solve.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Around the tile of 4, the block of 32 and twice it; primes. */
const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 37, 63, 64, 65, 101];
/** Rows around the chunk of 256. */
const rows = [1, 255, 256, 257, 513];

/** Rounding to f32, and what f64 loses on matrices as well conditioned as those here. */
const rounded =
  (scale: number): Bound =>
  (_, want) =>
    Math.abs(want) * roundoff + scale * 1e-10;

const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((a, v) => Math.max(a, Math.abs(v)), 0);

interface Fit {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

function fit(
  x: Float32Array,
  y: Float32Array,
  [n, k, r]: readonly [number, number, number],
  options: { l2?: number; bias?: boolean } = {},
): Fit {
  return scope(() => {
    const { weight, bias } = leastSquares(tensor(x, [n, k]), tensor(y, [n, r]), options);
    expect([weight.shape, bias.shape]).toEqual([[r, k], [r]]);
    return { weight: readTensor(weight), bias: readTensor(bias) };
  });
}

function expectFit(
  got: Fit,
  [x, y, sizes]: readonly [Float32Array, Float32Array, readonly [number, number, number]],
  options: { l2?: number; bias?: boolean },
  about: string,
): void {
  const want = reference.leastSquares(x, y, sizes, options);
  expectWithin(got.weight, want.weight, rounded(largest(want.weight)), `${about}, weight`);
  expectWithin(got.bias, want.bias, rounded(largest(want.bias) + largest(want.weight)), `${about}, bias`);
}

describe("leastSquares", () => {
  test.each([
    { l2: 0, bias: false },
    { l2: 0, bias: true },
    { l2: 0.5, bias: false },
    { l2: 30, bias: true },
  ])("agrees with Gauss's elimination in f64, in any slices: %j", (options) => {
    for (const [seed, k] of sizes.entries()) {
      const [n, r] = [2 * k + 6, sizes[(seed * 5) % sizes.length]!];
      const x = draw("normal", n * k, seed).map((v, i) => v + (i % k));
      const y = draw("uniform", n * r, seed + 50);
      const about = `[${n}, ${k}] to ${r}, seed ${seed}`;
      const got = watched(() => fit(x, y, [n, k, r], options), (seed * 8) % 16);
      expectFit(got, [x, y, [n, k, r]], options, about);
    }
  });

  test("takes any number of rows", () => {
    for (const n of rows) {
      const [k, r] = [Math.min(n, 6), 3];
      const [x, y] = [draw("normal", n * k, n), draw("normal", n * r, n + 1)];
      const got = watched(() => fit(x, y, [n, k, r], { l2: 0.1 }));
      expectFit(got, [x, y, [n, k, r]], { l2: 0.1 }, `${n} rows`);
    }
  });

  test("of no columns is the mean, of no targets nothing", () => {
    const bare = fit(new Float32Array(0), Float32Array.of(1, 3), [2, 0, 1], { bias: true });
    expect([...bare.bias]).toEqual([2]);
    expect(fit(Float32Array.of(1, 2), new Float32Array(0), [2, 1, 0]).weight).toHaveLength(0);
  });

  describe("where columns depend on each other gives the least norm:", () => {
    test("twins share, a dead column and a constant one get 0", () => {
      const [n, k] = [40, 5];
      const base = draw("normal", n * 2, 1);
      // a, a, b, 0, 3
      const x = Float32Array.from({ length: n * k }, (_, at) => {
        const [p, i] = [Math.floor(at / k), at % k];
        return [base[p * 2]!, base[p * 2]!, base[p * 2 + 1]!, 0, 3][i]!;
      });
      const y = Float32Array.from({ length: n }, (_, p) => 4 * base[p * 2]! - base[p * 2 + 1]! + 0.5);
      const { weight, bias } = fit(x, y, [n, k, 1], { bias: true });
      expectWithin(weight, [2, 2, -1, 0, 0], 1e-6, "weight");
      expectWithin(bias, [0.5], 1e-6, "bias");
    });

    test("fewer rows than columns: Xᵀ (X Xᵀ)⁻¹ Y", () => {
      for (const [n, k] of [
        [1, 2],
        [3, 8],
        [20, 33],
        [30, 100],
      ] as const) {
        const r = 3;
        const [x, y] = [draw("normal", n * k, k), draw("normal", n * r, k + 1)];
        const turned = Float64Array.from({ length: n * k }, (_, at) => x[(at % n) * k + Math.floor(at / n)]!);
        const dual = reference.solveDense(reference.crossProduct(turned, turned, k, n, n), y, n, r);
        const want = reference.crossProduct(x, dual, n, k, r);
        const byRow = Float64Array.from({ length: r * k }, (_, at) => want[(at % k) * r + Math.floor(at / k)]!);
        expectWithin(fit(x, y, [n, k, r]).weight, byRow, 1e-6 * largest(want), `[${n}, ${k}]`);
      }
    });

    test("data that are all 0 get weights of 0", () => {
      const { weight } = fit(new Float32Array(12), Float32Array.of(1, 2, 2), [3, 4, 1]);
      expect([...weight]).toEqual([0, 0, 0, 0]);
    });
  });
});

describe("maskedLeastSquares", () => {
  const refit = (x: Tensor, w: Tensor, mask: Uint8Array): Float32Array =>
    scope(() => readTensor(maskedLeastSquares(x, w, tensor(mask, w.shape))));

  test("solves each row over what its mask keeps", () => {
    for (const [seed, k] of [1, 3, 4, 5, 8, 33, 65].entries()) {
      const [n, r] = [3 * k + 5, 7];
      const next = random(seed);
      const [x, w] = [draw("normal", n * k, seed), draw("normal", r * k, seed + 9)];
      // The last two rows share a mask.
      const mask = Uint8Array.from({ length: r * k }, () => (next() < 0.6 ? 1 + pick(next, 255) : 0));
      mask.copyWithin((r - 1) * k, (r - 2) * k, (r - 1) * k);
      const got = watched(() => scope(() => refit(tensor(x, [n, k]), tensor(w, [r, k]), mask)));
      for (let row = 0; row < r; row++) {
        const kept = Array.from({ length: k }, (_, i) => i).filter((i) => mask[row * k + i]);
        const thin = Float64Array.from({ length: n * kept.length }, (_, at) => {
          const p = Math.floor(at / kept.length);
          return x[p * k + kept[at % kept.length]!]!;
        });
        const y = Float64Array.from({ length: n }, (_, p) =>
          w.subarray(row * k, row * k + k).reduce((s, v, i) => s + v * x[p * k + i]!, 0),
        );
        const { weight } = reference.leastSquares(thin, y, [n, kept.length, 1]);
        const want = new Float64Array(k);
        for (const [at, i] of kept.entries()) want[i] = weight[at]!;
        // The output that was lost is f32: k + 1 roundings of it, then two of the sum.
        const bound = (k + 3) * roundoff * largest(w) * Math.sqrt(k) * 2;
        expectWithin(got.slice(row * k, row * k + k), want, bound, `${k} columns, row ${row}`);
      }
    }
  });

  test("leaves rows that lose nothing as they are, and zeros what is pruned", () => {
    scope(() => {
      const x = tensor(draw("normal", 60, 1), [12, 5]);
      const values = Float32Array.of(1, -2, 0.1, 4, 5, 1, 0, 3, 0, -7, 1, 2, 3, 4, 5);
      const w = tensor(values, [3, 5]);
      // All kept; only zeros pruned; all pruned.
      const got = refit(x, w, Uint8Array.of(1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0));
      expect([...got]).toEqual([...values.subarray(0, 10), 0, 0, 0, 0, 0]);
    });
  });

  test("moves as little as can be where kept columns are twins", () => {
    scope(() => {
      const x = tensor([
        [1, 1, 1],
        [2, 2, 2],
        [-1, -1, -1],
      ]);
      expectWithin(refit(x, tensor([[1, 3, 2]]), Uint8Array.of(1, 1, 0)), [2, 4, 0], 1e-6, "twins");
    });
  });
});

describe("the inverse of the Hessian, and its factor,", () => {
  const ordered = (k: number): number[] =>
    Array.from({ length: k }, (_, i) => i).sort((a, b) => ((a * 7919) % 13) - ((b * 7919) % 13) || b - a);

  test("agree with Gauss's elimination in f64, in any slices", () => {
    for (const [seed, k] of sizes.entries()) {
      const n = [3, k, 2 * k + 3][seed % 3]!;
      const x = draw("normal", n * k, seed);
      // A dead column.
      if (k > 4) for (let p = 0; p < n; p++) x[p * k + 3] = 0;
      const damp = [0.01, 0.5][seed % 2]!;
      const order = ordered(k);
      for (const options of [{ damp }, { damp, order: Int32Array.from(order) }]) {
        const h = reference.hessian(x, n, k, damp, "order" in options ? order : undefined);
        const identity = Float64Array.from(h, (_, at) => (Math.floor(at / k) === at % k ? 1 : 0));
        const want = reference.solveDense(h, identity, k, k);
        const about = `[${n}, ${k}], seed ${seed}${"order" in options ? ", ordered" : ""}`;
        const [inverse, factor] = watched(
          () => scope(() => [inverseHessian, choleskyOfInverse].map((f) => readTensor(f(tensor(x, [n, k]), options)))),
          (seed * 8) % 16,
        ) as [Float32Array, Float32Array];
        expectWithin(inverse, want, rounded(largest(want)), `${about}, inverse`);
        for (let i = 0; i < k; i++) {
          expect(factor[i * k + i]).toBeGreaterThan(0);
          for (let j = 0; j < i; j++) expect(factor[i * k + j]).toBe(0);
        }
        const product = reference.crossProduct(factor, factor, k, k, k);
        const bound = 4 * roundoff * largest(want);
        expectWithin(product, want, bound, `${about}, UᵀU`);
      }
    }
  });

  test("hessianDiagonal is 2 / n · Σx², 0 for a dead column", () => {
    const x = draw("normal", 300 * 7, 1).map((v, i) => (i % 7 === 2 ? 0 : v));
    const got = scope(() => watched(() => scope(() => hessianDiagonal(tensor(x, [300, 7])))));
    const want = Float64Array.from(
      { length: 7 },
      (_, i) => (x.reduce((s, v, at) => (at % 7 === i ? s + v * v : s), 0) * 2) / 300,
    );
    expectWithin(got, want, (_, v) => v * 1e-14, "diagonal");
    expect(got[2]).toBe(0);
  });

  test("says what to do where H is not positive definite", () => {
    scope(() => {
      const x = tensor([
        [1, 1],
        [2, 2],
      ]);
      for (const f of [inverseHessian, choleskyOfInverse]) {
        expect(() => f(x, { damp: 0 })).toThrow(ArgumentError);
        expect(() => f(x, { damp: 0 })).toThrow(/not positive definite with damp 0; give it more, such as 0.01/);
        expect(f(x, { damp: 1e-6 }).shape).toEqual([2, 2]);
        // Nothing but dead columns: 1 on the diagonal.
        expect(Array.from(readTensor(f(tensor([[0, 0]]), { damp: 0 })))).toEqual([1, 0, 0, 1]);
      }
    });
  });
});

describe("errors name the shapes and the fix", () => {
  const of = (...shape: number[]) => tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  const nan = () => tensor([[1, Number.NaN]]);
  const infinite = () => tensor([[1, Number.POSITIVE_INFINITY]]);
  const mask = () => tensor(new Uint8Array(2), [1, 2]);
  test.each<[string, () => unknown, abstract new (...args: never[]) => Error]>([
    ["leastSquares: x is [3]; it must be a matrix, a row an example", () => leastSquares(of(3), of(3, 1)), ShapeError],
    ["leastSquares: x is [0, 2]; it needs a row at least", () => leastSquares(of(0, 2), of(0, 1)), ShapeError],
    [
      "leastSquares: x is [2, 2], y [3, 1]; each row of x needs one of y",
      () => leastSquares(of(2, 2), of(3, 1)),
      ShapeError,
    ],
    ["leastSquares: column 1 of x holds NaN or an infinity", () => leastSquares(nan(), of(1, 1)), ArgumentError],
    [
      "leastSquares: column 1 of y holds NaN or an infinity",
      () => leastSquares(of(1, 1), infinite(), { bias: true }),
      ArgumentError,
    ],
    ["leastSquares: l2 is -1", () => leastSquares(of(1, 1), of(1, 1), { l2: -1 }), ArgumentError],
    [
      "leastSquares: y [2, 1] is i32, expected f32",
      () => leastSquares(of(2, 1), tensor(new Int32Array(2), [2, 1])),
      DTypeError,
    ],
    [
      "maskedLeastSquares: x is [2, 3], w [1, 2], mask [1, 2]; w and mask need [rows, 3]",
      () => maskedLeastSquares(of(2, 3), of(1, 2), mask()),
      ShapeError,
    ],
    ["maskedLeastSquares: row 0 of w holds NaN", () => maskedLeastSquares(of(2, 2), nan(), mask()), ArgumentError],
    [
      "maskedLeastSquares: mask [1, 2] is f32, expected u8",
      () => maskedLeastSquares(of(2, 2), of(1, 2), of(1, 2)),
      DTypeError,
    ],
    ["hessianDiagonal: column 1 of x holds NaN or an infinity", () => hessianDiagonal(infinite()), ArgumentError],
    ["inverseHessian: damp is NaN", () => inverseHessian(of(1, 1), { damp: Number.NaN }), ArgumentError],
    [
      "choleskyOfInverse: order is a list; it must name each of the 2 columns of x once",
      () => choleskyOfInverse(of(1, 2), { order: [0, 0] }),
      ArgumentError,
    ],
  ])("%s", (message, call, type) => {
    scope(() => {
      expect(call).toThrow(type);
      expect(call).toThrow(message);
    });
  });
});
