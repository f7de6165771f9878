import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { choose, type SelectOptions, select } from "../../src/prune/select.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, zeroLeaks } from "../grid.js";
import { inRuns, largest } from "../reference/mask.js";

zeroLeaks();

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

/** The mask of one matrix. */
function maskOf(values: ArrayLike<number>, shape: readonly number[], options: SelectOptions): number[] {
  return scope(() => [...readTensor(select({ w: tensor(Float32Array.from(values), shape) }, options).w!)]);
}

/** Halves to even. */
const rounded = (amount: number): number => (amount % 1 === 0.5 ? 2 * Math.round(amount / 2) : Math.round(amount));

const shapes = [
  [1, 1],
  [1, 9],
  [9, 1],
  [4, 4],
  [5, 7],
  [16, 33],
] as const;
const amounts = [0, 0.1, 0.3, 0.5, 0.75, 1];

describe("single weights", () => {
  test("of each layer, of each row, and of all together", () => {
    for (const [seed, shape] of shapes.entries())
      for (const sparsity of amounts) {
        const [size, cols] = [shape[0] * shape[1], shape[1]];
        const x = draw("uniform", size, seed);
        const about = `${shape}, ${sparsity}`;
        const keep = (n: number): number => n - rounded(sparsity * n);
        expectSame(maskOf(x, shape, { sparsity }), largest(x, keep(size)), about);
        const rows = inRuns(x, cols, (row) => largest(row, keep(cols)));
        expectSame(maskOf(x, shape, { sparsity, scope: "row" }), rows, about);
        scope(() => {
          const y = draw("uniform", 6, seed + 9);
          const masks = select({ a: tensor(x, shape), b: tensor(y) }, { sparsity, scope: "global" });
          const truth = largest([...x, ...y], keep(size + 6));
          expectSame([...readTensor(masks.a!), ...readTensor(masks.b!)], truth, `${about}, global`);
        });
      }
  });

  test("by count, and in a pattern whose last group is short", () => {
    const x = [5, 1, 4, 2, 3];
    expect(maskOf(x, [5], { count: 2 })).toEqual([1, 0, 1, 0, 1]);
    expect(maskOf(x, [1, 5], { count: 2, scope: "row" })).toEqual([1, 0, 1, 0, 1]);
    expect(maskOf(x, [1, 5], { pattern: [1, 2] })).toEqual([1, 0, 1, 0, 1]);
    expect(maskOf(x, [5], { pattern: [1, 4] })).toEqual([1, 0, 0, 0, 1]);
    expect(maskOf(x, [5, 1], { pattern: [0, 4] })).toEqual([0, 0, 0, 0, 0]);
    expect(maskOf(x, [1, 5], { pattern: [4, 4] })).toEqual([1, 1, 1, 1, 1]);
  });

  test("nothing of nothing", () => {
    expect(scope(() => select({}, { sparsity: 0.5, scope: "global" }))).toEqual({});
    expect(maskOf([], [0, 3], { sparsity: 0.5 })).toEqual([]);
    expect(maskOf([], [0, 3], { sparsity: 0.5, scope: "row" })).toEqual([]);
  });

  test("infinities are scores, equal ones fall from the end", () => {
    expect(maskOf([inf, 1, -inf, inf], [4], { count: 2 })).toEqual([1, 0, 0, 1]);
    expect(maskOf([0, -0, 0, -0], [4], { sparsity: 0.5 })).toEqual([1, 1, 0, 0]);
  });
});

describe("what falls as one", () => {
  const matrix = [1, 0, 0, 0, 9, 0, 2, 2, 2, 2, 2, 2, 3, 0, 0, 0, 0, 4];
  const shape = [3, 6];

  test("rows and columns, by sum, norm or maximum", () => {
    const fallen = (options: SelectOptions): number[] => {
      const mask = maskOf(matrix, shape, options);
      const [rows, cols] = shape as [number, number];
      const lines = options.unit === "row" ? rows : cols;
      const at = (line: number, i: number): number => (options.unit === "row" ? line * cols + i : i * cols + line);
      return Array.from({ length: lines }, (_, line) => line).filter((line) =>
        Array.from({ length: matrix.length / lines }, (_, i) => mask[at(line, i)]).every((bit) => bit === 0),
      );
    };
    expect(fallen({ unit: "row", count: 1 })).toEqual([2]);
    expect(fallen({ unit: "row", count: 1, norm: 2 })).toEqual([1]);
    expect(fallen({ unit: "row", count: 1, norm: inf })).toEqual([1]);
    expect(fallen({ unit: "column", sparsity: 0.5 })).toEqual([1, 2, 3]);
    expect(fallen({ unit: "column", sparsity: 1 })).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("blocks of 1 × 4 and 4 × 1, short at the edge", () => {
    const [rows, cols] = [6, 9];
    const x = draw("uniform", rows * cols, 5).map(Math.abs);
    for (const [r, c] of [
      [1, 4],
      [4, 1],
      [2, 3],
      [7, 10],
      [1, 1],
    ] as const)
      for (const sparsity of amounts) {
        const [down, across] = [Math.ceil(rows / r), Math.ceil(cols / c)];
        const blockOf = (i: number): number =>
          Math.floor(Math.floor(i / cols) / r) * across + Math.floor((i % cols) / c);
        const sums = new Array<number>(down * across).fill(0);
        for (const [i, value] of x.entries()) sums[blockOf(i)]! += value;
        const kept = largest(sums, sums.length - rounded(sparsity * sums.length));
        const truth = Array.from(x, (_, i) => kept[blockOf(i)]!);
        expectSame(maskOf(x, [rows, cols], { unit: [r, c], sparsity }), truth, `${r} × ${c}, ${sparsity}`);
      }
  });

  test("in all layers together", () => {
    scope(() => {
      const scores = {
        a: tensor([
          [1, 1],
          [5, 5],
        ]),
        b: tensor([
          [2, 2, 2],
          [1, 0, 0],
        ]),
      };
      const masks = select(scores, { unit: "row", scope: "global", sparsity: 0.5 });
      expect([[...readTensor(masks.a!)], [...readTensor(masks.b!)]]).toEqual([
        [0, 0, 1, 1],
        [1, 1, 1, 0, 0, 0],
      ]);
    });
  });

  test("in more dimensions than two", () => {
    const x = [1, 2, 3, 4, 5, 6, 8, 7];
    expect(maskOf(x, [2, 2, 2], { unit: "row", count: 1 })).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(maskOf(x, [2, 2, 2], { unit: "column", count: 1 })).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
  });
});

describe("within earlier masks", () => {
  const within = (values: number[], bytes: number[], options: SelectOptions): number[] =>
    scope(() => {
      const shape = [2, values.length / 2];
      const earlier = { w: tensor(Uint8Array.from(bytes), shape) };
      return [...readTensor(choose("test", { w: tensor(values, shape) }, options, earlier).w!.mask)];
    });

  test("what fell before counts, and stays", () => {
    expect(within([9, 1, 8, 2, 7, 3], [0, 1, 1, 1, 1, 1], { sparsity: 0.5 })).toEqual([0, 0, 1, 0, 1, 1]);
    expect(within([9, 1, 8, 2, 7, 3], [0, 0, 0, 1, 1, 1], { sparsity: 0 })).toEqual([0, 0, 0, 1, 1, 1]);
    expect(within([9, 1, 8, 2, 7, 3], [0, 1, 1, 1, 1, 1], { pattern: [1, 3] })).toEqual([0, 0, 1, 0, 1, 0]);
    expect(within([nan, 1, 8, 2], [0, 1, 1, 1], { sparsity: 0.5 })).toEqual([0, 0, 1, 1]);
  });

  test("a unit of which nothing is left falls first, another counts by what is left of it", () => {
    expect(within([9, 9, 1, 1], [0, 0, 1, 1], { unit: "row", count: 1 })).toEqual([0, 0, 1, 1]);
    expect(within([9, 1, 2, 2], [0, 1, 1, 1], { unit: "row", count: 1 })).toEqual([0, 0, 1, 1]);
  });
});

test("what makes no sense is refused, and nothing stays behind", () => {
  const before = memory().tensors;
  const w = tensor([
    [1, 2],
    [3, 4],
  ]);
  const call =
    (options: unknown, score = w) =>
    () =>
      select({ w: score }, options as SelectOptions);
  expect(call({})).toThrow("select: one of sparsity, count and pattern says how much falls; give exactly one");
  expect(call({ sparsity: 0.5, count: 1 })).toThrow("give exactly one");
  expect(call(undefined)).toThrow(ArgumentError);
  expect(call({ sparsity: 1.1 })).toThrow("select: sparsity is 1.1; it goes from 0 to 1");
  expect(call({ sparsity: nan })).toThrow(ArgumentError);
  expect(call({ count: 5 })).toThrow("select: count is 5, there are 4 to choose from");
  expect(call({ count: 3, scope: "row" })).toThrow("there are 2 to choose from");
  expect(call({ pattern: [3, 2] })).toThrow("select: pattern[0] is 3");
  expect(call({ pattern: [2, 64] })).toThrow("select: pattern[1] is 64");
  expect(call({ pattern: 2 })).toThrow("select: pattern is 2; it must be two numbers");
  expect(call({ pattern: [2, 4], unit: "row" })).toThrow("leave out unit and scope");
  expect(call({ sparsity: 0.5, unit: "row", scope: "row" })).toThrow("where a row is no part");
  expect(call({ sparsity: 0.5, unit: "cell" })).toThrow('select: unit is "cell"');
  expect(call({ sparsity: 0.5, unit: [0, 4] })).toThrow("select: unit[0] is 0");
  expect(call({ sparsity: 0.5, scope: "all" })).toThrow('select: scope is "all"');
  expect(call({ sparsity: 0.5, norm: 3 })).toThrow("select: norm is 3");
  w.dispose();
  scope(() => {
    expect(call({ sparsity: 0.5 }, tensor([1, nan]))).toThrow('select: a score of "w" is NaN');
    expect(call({ sparsity: 0.5, unit: "column" }, tensor([1]))).toThrow(ShapeError);
    expect(call({ sparsity: 0.5, unit: [1, 4] }, tensor([1]))).toThrow(ShapeError);
    expect(call({ pattern: [1, 2] }, tensor(1))).toThrow(ShapeError);
    expect(call({ sparsity: 0.5 }, tensor(Int32Array.of(1)) as never)).toThrow(DTypeError);
  });
  expect(memory().tensors).toBe(before);
});
