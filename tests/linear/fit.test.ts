// What all fits have in common: guards, memory, and bits.
import { afterEach, describe, expect, test, vi } from "vitest";
import { ArgumentError, DTypeError, OutOfMemoryError, ShapeError } from "../../src/errors.js";
import * as linear from "../../src/linear/index.js";
import { heap, memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { Tensor, tensor } from "../../src/tensor.js";
import { deterministic, draw, zeroLeaks } from "../grid.js";
import { read } from "./data.js";

zeroLeaks();
afterEach(() => void vi.restoreAllMocks());

const [n, k] = [24, 7];
const x = (): Tensor => tensor(draw("normal", n * k, 1), [n, k]);
const y = (): Tensor => tensor(draw("normal", n, 2));
const two = (): Tensor => tensor(draw("normal", 2 * n, 3), [n, 2]);
const labels = (): Tensor => tensor(Int32Array.from({ length: n }, (_, i) => i % 3));

type Made = { readonly coefficients: Tensor<"f32"> } & ({ intercept: Tensor<"f32"> } | { intercepts: Tensor<"f32"> });
const fits: readonly [string, () => Tensor, (x: Tensor, y: Tensor, options?: object) => Made][] = [
  ["ridge", y, linear.ridge],
  ["lasso", y, linear.lasso],
  ["elasticNet", two, linear.elasticNet],
  ["multiTaskLasso", two, linear.multiTaskLasso],
  ["multiTaskElasticNet", two, linear.multiTaskElasticNet],
  ["lassoPath", y, linear.lassoPath],
  ["logisticRegression", labels, linear.logisticRegression],
];

describe.each(fits)("%s", (name, target, fit) => {
  test("leaves two tensors behind, and nothing where any allocation fails", () => {
    const operands = [x(), target()] as const;
    const before = memory();
    const allocate = heap.allocate.bind(heap);
    /** Whether a fit gets by without its nth allocation. */
    const succeeds = (nth: number): boolean => {
      let count = 0;
      vi.spyOn(heap, "allocate").mockImplementation((bytes) => {
        if (++count === nth) throw new OutOfMemoryError("none left", bytes, 0, 0);
        return allocate(bytes);
      });
      try {
        const made = fit(...operands, { intercept: false, maxIterations: 3 });
        expect(memory().tensors).toBe(before.tensors + 2);
        for (const part of Object.values(made)) if (part instanceof Tensor) part.dispose();
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemoryError);
        return false;
      } finally {
        vi.restoreAllMocks();
        expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
      }
    };
    let failed = 0;
    while (!succeeds(failed + 1)) failed++;
    expect(failed).toBeGreaterThan(5);
    for (const t of operands) t.dispose();
  });

  test("refuses data that are no matrix of numbers with a target each", () => {
    scope(() => {
      const bad = (at: number, value: number): Tensor => {
        const values = draw("normal", n * k, 1);
        values[at] = value;
        return tensor(values, [n, k]);
      };
      expect(() => fit(bad(9, Number.NaN), target())).toThrow(`${name}: column 2 of x holds NaN or an infinity`);
      expect(() => fit(bad(0, Number.NEGATIVE_INFINITY), target())).toThrow(ArgumentError);
      expect(() => fit(tensor(new Float32Array(n)), target())).toThrow(`${name}: x is [${n}]; it must be a matrix`);
      expect(() => fit(tensor(new Float32Array(0), [0, 3]), target())).toThrow(`${name}: x is [0, 3]; it needs a row`);
      expect(() => fit(tensor(new Float32Array(6), [2, 3]), target())).toThrow(ShapeError);
      expect(() => fit(tensor(new Int32Array(n), [n, 1]), target())).toThrow(DTypeError);
    });
  });
});

test("targets of NaN, of another dtype or rank are refused", () => {
  scope(() => {
    for (const fit of [linear.ridge, linear.lasso, linear.elasticNet]) {
      const nan = tensor(draw("normal", n, 2).fill(Number.NaN, 3, 4));
      expect(() => fit(x(), nan)).toThrow(/column 0 of y holds NaN/);
      expect(() => fit(x(), labels())).toThrow(DTypeError);
      expect(() => fit(x(), tensor([1], [1, 1, 1]))).toThrow(
        /y is \[1, 1, 1\]; it must be \[rows\] or \[rows, targets\]/,
      );
    }
    expect(() => linear.lassoPath(x(), two())).toThrow(/lassoPath: y is \[24, 2\]; it must be \[rows\]/);
  });
});

test("a penalty that is none is sent to ridge", () => {
  scope(() => {
    for (const call of [
      () => linear.lasso(x(), y(), { alpha: 0 }),
      () => linear.elasticNet(x(), y(), { l1Ratio: 0 }),
      () => linear.multiTaskLasso(x(), two(), { alpha: 0 }),
    ])
      expect(call).toThrow(/no L1 penalty; use ridge/);
    for (const options of [
      { alpha: -1 },
      { l1Ratio: 1.1 },
      { tolerance: -1 },
      { maxIterations: 0 },
      { maxIterations: 1.5 },
    ])
      expect(() => linear.elasticNet(x(), y(), options)).toThrow(ArgumentError);
  });
});

test("the plain binary gives the same bits again, and the relaxed ones are close", async () => {
  const all = (): number[] =>
    scope(() => fits.slice(0, 3).flatMap(([, target, fit]) => [...read(fit(x(), target()) as linear.LinearFit).w]));
  const here = all();
  const [one, again] = await deterministic(() => [all(), all()] as const);
  expect(one).toEqual(again);
  for (const [i, v] of here.entries()) expect(Math.abs(v - one[i]!)).toBeLessThan(1e-5);
});
