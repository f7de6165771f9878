import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError } from "../../src/errors.js";
import { zeros } from "../../src/ops/fill.js";
import { clipByNorm, clipByValue, globalNorm, linear, type Optimizer } from "../../src/optim/index.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, roundoff, zeroLeaks } from "../grid.js";

zeroLeaks();

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const orders: readonly number[] = [1, 2, 3, 2.5, inf];

/** Gradients before and after one update, as one list per tensor. */
function clipped(optimizer: Optimizer, columns: readonly ArrayLike<number>[]): Float32Array[] {
  return scope(() => {
    const grads = columns.map((values) => tensor(Float32Array.from(values)));
    optimizer.update(grads, grads, optimizer.init(grads));
    return grads.map((g) => readTensor(g));
  });
}

function normOf(columns: readonly ArrayLike<number>[], order: number): number {
  const all = columns.flatMap((values) => Array.from(values, Math.abs));
  if (order === 1) return all.reduce((sum, x) => sum + x, 0);
  if (order === 2) return Math.hypot(...all);
  return order === inf ? Math.max(0, ...all) : all.reduce((sum, x) => sum + x ** order, 0) ** (1 / order);
}

const trees: readonly (readonly number[])[] = [[1], [3, 0, 5], [4, 9, 1], [63, 1000], [0]];
const cases = trees.flatMap((tree) => orders.map((order) => [tree, order] as const));

describe("globalNorm and clipByNorm", () => {
  it.each(cases)("tensors of %j elements, order %d", (tree, order) => {
    const columns = tree.map((n, i) => draw("normal", n, 7 * n + i));
    const norm = normOf(columns, order);
    const bound = 4 * Math.sqrt(tree.reduce((n, d) => n + d, 4)) * roundoff;
    const got = scope(() =>
      readTensor(
        globalNorm(
          columns.map((values) => tensor(values)),
          { order },
        ),
      ),
    );
    expectWithin(got, [norm], bound * norm, "the norm");
    for (const limit of [norm / 3, norm * 2]) {
      const factor = Math.min(1, limit / (norm + 1e-6));
      const result = clipped(clipByNorm(limit, { order }), columns);
      for (const [i, values] of columns.entries()) {
        const expected = Float64Array.from(values, (x) => x * factor);
        expectWithin(result[i]!, expected, (_, x) => (factor === 1 ? 0 : 2 * bound * Math.abs(x)), `tensor ${i}`);
      }
    }
  });

  it("a norm of exactly the limit is scaled by the 10⁻⁶ alone, as in PyTorch", () => {
    expectWithin(
      clipped(clipByNorm(5), [[3], [4]]).flatMap((x) => [...x]),
      [3, 4],
      2e-6,
      "gradients",
    );
  });

  it.each(orders)("order %d: zeros stay zeros", (order) => {
    expect(clipped(clipByNorm(1, { order }), [[0, 0, 0], [0]]).map((x) => [...x])).toEqual([[0, 0, 0], [0]]);
  });

  it.each(orders)("order %d: NaN makes all NaN", (order) => {
    const [first, second] = clipped(clipByNorm(1, { order }), [[1, nan, 3], [2]]);
    expectSame([...first!, ...second!], [nan, nan, nan, nan], "gradients");
  });

  it.each(orders)("order %d: an infinity makes itself NaN and the others 0", (order) => {
    const [first, second] = clipped(clipByNorm(1, { order }), [[1, inf, 3], [2]]);
    expectSame([...first!, ...second!], [0, nan, 0, 0], "gradients");
  });

  it("a limit of 0 stops everything, one of Infinity nothing", () => {
    expect([...clipped(clipByNorm(0), [[3, 4]])[0]!]).toEqual([0, 0]);
    expect([...clipped(clipByNorm(inf), [[3, 4]])[0]!]).toEqual([3, 4]);
  });

  it("a limit that follows the step", () => {
    scope(() => {
      const optimizer = clipByNorm(linear(10, 1, 2));
      const state = optimizer.init([]);
      const norms = [0, 1, 2].map(() => {
        const g = tensor([30, 40]);
        optimizer.update(g, g, state);
        return readTensor(globalNorm(g))[0]!;
      });
      expectWithin(norms, [10, 5.5, 1], (_, x) => 1e-6 * x, "norms");
      expect(state.step).toBe(3);
    });
  });

  it("of no numbers is 0, and clips nothing", () => {
    scope(() => {
      for (const order of orders) expect([...readTensor(globalNorm([zeros([0])], { order }))]).toEqual([0]);
      expect([...readTensor(globalNorm({}))]).toEqual([0]);
    });
    expect(clipped(clipByNorm(1), [[]])).toEqual([new Float32Array(0)]);
  });

  it("refuses other orders and dtypes", () => {
    scope(() => {
      expect(() => globalNorm(tensor([1]), { order: 0.5 })).toThrow(ArgumentError);
      expect(() => globalNorm(tensor([1]), { order: nan })).toThrow(
        "globalNorm: order is NaN; it goes from 1 to Infinity",
      );
      expect(() => globalNorm(tensor(new Int32Array([1])))).toThrow(DTypeError);
    });
  });
});

describe("clipByValue", () => {
  it.each([0, 1, 3, 4, 5, 9, 63, 1000])("%i elements", (n) => {
    const values = draw("normal", n, n);
    const limit = Math.fround(0.7);
    const expected = values.map((x) => Math.min(Math.max(x, -limit), limit));
    expectSame(clipped(clipByValue(0.7), [values])[0]!, expected, "gradient");
  });

  it("zeros stay zeros, NaN stays NaN, infinities become the limit", () => {
    expectSame(clipped(clipByValue(2), [[0, nan, inf, -inf, -1]])[0]!, [0, nan, 2, -2, -1], "gradient");
  });

  it("a limit that follows the step", () => {
    scope(() => {
      const optimizer = clipByValue(linear(2, 1, 1));
      const [g, state] = [tensor([5]), optimizer.init([])];
      optimizer.update(g, g, state);
      expect([...readTensor(g)]).toEqual([2]);
      optimizer.update(g, g, state);
      expect([...readTensor(g)]).toEqual([1]);
    });
  });

  it("refuses other dtypes", () => {
    scope(() => {
      const g = tensor(new Int32Array([1]));
      const optimizer = clipByValue(1);
      expect(() => optimizer.update(g, g, optimizer.init(g))).toThrow(DTypeError);
    });
  });
});
