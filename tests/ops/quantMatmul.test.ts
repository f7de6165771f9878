import { describe, expect, test } from "vitest";
import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { matmul } from "../../src/ops/matmul.js";
import { type Activations, quantized } from "../../src/ops/quantized.js";
import { sum } from "../../src/ops/reduce.js";
import { relu, sigmoid, tanh } from "../../src/ops/unary.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, pick, type Random, random, roundoff, zeroLeaks } from "../grid.js";
import { type Drawn, drawMatrix, ours, widths } from "../matrices.js";
import { dense, type Input, product } from "../reference/quantized.js";
import { watched } from "../watch.js";

zeroLeaks();

type Sizes = readonly [m: number, k: number, n: number];

/** Groups to try with k columns. */
function groupOf(next: Random, k: number): number {
  const fitting = [1, 3, 4, 8, 16, 24, 32, k].filter((group) => group <= k && group > 0);
  return fitting[pick(next, fitting.length)] ?? 1;
}

const inputs: readonly Input[] = [
  "dynamic",
  { scale: Math.fround(0.02), zeroPoint: 131 },
  { scale: 0.5, zeroPoint: 0 },
];

function times(x: Float32Array, m: number, w: Drawn, input: Activations): Float32Array {
  return scope(() => readTensor(matmul(tensor(x, [m, w.columns]), ours(w, { input }), { transposeB: true })));
}

/** Bit for bit. */
function expectExact(x: Float32Array, m: number, w: Drawn, input: Input, about: string): void {
  expectSame(times(x, m, w, input), product(x, m, w, input), about);
}

/** |y − exact| ≤ (k + 4) · 2⁻²⁴ · Σ|x·w|: scaling rounds, too. */
function expectClose(x: Float32Array, m: number, w: Drawn, about: string): void {
  const { rows: n, columns: k } = w;
  const y = times(x, m, w, "f32");
  const values = dense(w);
  const exact = new Float64Array(m * n);
  const bound = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let p = 0; p < k; p++) {
        const term = x[i * k + p]! * values[j * k + p]!;
        exact[i * n + j]! += term;
        bound[i * n + j]! += Math.abs(term) * (k + 4) * roundoff;
      }
  expectWithin(y, exact, bound, about);
}

describe.each(widths)("%i bits", (bits) => {
  test("6,642 shapes, bit for bit: all of m 1..9, n 1..18, k 0..40", () => {
    const next = random(bits);
    const pool = draw("normal", 1 << 12, bits);
    let shapes = 0;
    for (let m = 1; m <= 9; m++)
      for (let n = 1; n <= 18; n++)
        for (let k = 0; k <= 40; k++) {
          const w = drawMatrix(next, [n, k], { bits, group: groupOf(next, k), symmetric: shapes % 2 === 0 });
          const start = pick(next, pool.length - m * k);
          const x = pool.subarray(start, start + m * k);
          const about = `[${m}, ${k}] · [${n}, ${k}]ᵀ, group ${w.group}, case ${shapes}`;
          expectExact(x, m, w, inputs[shapes % 3]!, about);
          expectClose(x, m, w, about);
          shapes++;
        }
    expect(shapes).toBe(6642);
  });

  test("large and odd shapes", () => {
    const next = random(bits + 1);
    const large: [...Sizes, group: number][] = [
      [1, 1009, 3, 1009],
      [2, 1009, 9, 32],
      [3, 784, 30, 784],
      [64, 300, 100, 128],
      [37, 515, 65, 64],
      [5, 2048, 17, 256],
    ];
    for (const [seed, [m, k, n, group]] of large.entries()) {
      const w = drawMatrix(next, [n, k], { bits, group, symmetric: seed % 2 === 0 });
      const x = draw("normal", m * k, seed);
      for (const input of inputs) expectExact(x, m, w, input, `[${m}, ${k}, ${n}], group ${group}`);
      expectClose(x, m, w, `[${m}, ${k}, ${n}], group ${group}, f32`);
    }
  });

  test("any slice of the rows, the panels and the columns, anywhere in memory", () => {
    const next = random(bits + 2);
    for (const [m, k, n] of [
      [1, 1, 1],
      [1, 33, 9],
      [2, 40, 17],
      [3, 16, 8],
      [4, 8, 8],
      [5, 31, 9],
      [9, 48, 25],
    ] as Sizes[])
      for (const group of [k, 16, 5].filter((g) => g <= k))
        for (const input of ["f32", ...inputs] as const) {
          const w = drawMatrix(next, [n, k], { bits, group, symmetric: next() < 0.5 });
          const x = draw("normal", m * k, m);
          const about = `[${m}, ${k}, ${n}], group ${group}`;
          watched(() => {
            if (input === "f32") expectClose(x, m, w, about);
            else expectExact(x, m, w, input, about);
          }, pick(next, 4) * 4);
        }
  });

  test("every code at one end, and every activation: sums as far as they go", () => {
    const k = 33_025;
    for (const [spread, zero] of [
      ["least", 2 ** bits - 1],
      ["most", 0],
    ] as const)
      for (const [end, zeroPoint] of [
        [1e9, 0],
        [-1e9, 255],
      ] as const)
        for (const m of [1, 17]) {
          const drawn = drawMatrix(random(bits + 3), [9, k], { bits, group: k, symmetric: false, spread });
          const w = { ...drawn, zeroPoints: new Array(9).fill(zero) };
          const x = new Float32Array(m * k).fill(end);
          expectExact(x, m, w, { scale: 0.5, zeroPoint }, `${spread}, ${end}, ${m} rows`);
        }
  });

  test("bias and activations equal the ops one by one; no columns give the bias, nothing gives nothing", () => {
    const next = random(bits + 4);
    for (const [m, k, n] of [
      [5, 7, 9],
      [1, 40, 21],
      [3, 33, 5],
      [4, 0, 11],
      [0, 3, 4],
      [3, 4, 0],
      [2, 0, 0],
    ] as Sizes[])
      for (const input of ["f32", ...inputs] as const)
        scope(() => {
          const w = ours(drawMatrix(next, [n, k], { bits, group: Math.max(1, k), symmetric: true }), { input });
          const [x, bias] = [tensor(draw("normal", m * k, m), [m, k]), tensor(draw("normal", n, n))];
          const plain = matmul(x, w, { transposeB: true });
          expect(plain.shape).toEqual([m, n]);
          for (const shift of [undefined, bias])
            for (const [activation, op] of [
              ["relu", relu],
              ["sigmoid", sigmoid],
              ["tanh", tanh],
              [undefined, (y: Tensor) => y],
            ] as const) {
              const values = Float32Array.from(
                readTensor(plain),
                (y, i) => y + (shift === undefined ? 0 : readTensor(bias)[i % n]!),
              );
              const y = matmul(x, w, { transposeB: true, bias: shift, activation });
              const about = `[${m}, ${k}, ${n}], ${shift && "bias"}, ${activation}`;
              expectSame(readTensor(y), readTensor(op(tensor(values, [m, n]))), about);
            }
        });
  });
});

describe("activations that are not finite", () => {
  const w = () => quantized([1, 2, 3, -4, 5, 6], 0.5, undefined, [2, 3], { bits: 8 });
  const rows = (input: Activations, ...x: number[]) =>
    scope(() => [...readTensor(matmul(tensor(x, [x.length / 3, 3]), w().reading(input), { transposeB: true }))]);

  test("NaN makes its row NaN, and no other", () => {
    for (const input of ["dynamic", { scale: 1, zeroPoint: 0 }] as const)
      expect(rows(input, 1, Number.NaN, 2, 255, 0, 0).map(Number.isNaN)).toEqual([true, true, false, false]);
  });

  test("an infinity is clipped by a given scale; a row's own range has no place for it", () => {
    const infinity = Number.POSITIVE_INFINITY;
    expect(rows({ scale: 1, zeroPoint: 0 }, infinity, 0, -infinity)).toEqual([127.5, -510]);
    expect(rows("dynamic", infinity, 0, 0)).toEqual([Number.NaN, Number.NaN]);
  });

  test("rows of zeros, of one number, and of the least numbers there are", () => {
    expect(rows("dynamic", 0, 0, 0)).toEqual([0, 0]);
    expect(rows("dynamic", -255, 0, 0)).toEqual([-127.5, 510]);
    expect(rows("dynamic", 2 ** -149, 0, 0)).toEqual([0, 0]);
  });
});

test("the gradient goes straight through rounding: that of the dense product", () => {
  const drawn = drawMatrix(random(8), [5, 12], { bits: 4, group: 4, symmetric: false });
  const [x, bias, g] = [draw("normal", 36, 1), draw("normal", 5, 2), draw("normal", 15, 3)];
  for (const input of inputs)
    scope(() => {
      const w = ours(drawn, { input });
      const run = (weight: Tensor) =>
        valueAndGrad((p: { x: Tensor; bias: Tensor }) =>
          sum(mul(matmul(p.x, weight, { transposeB: true, bias: p.bias }), tensor(g, [3, 5]))),
        )({ x: tensor(x, [3, 12]), bias: tensor(bias) }).grads;
      const [rounded, exact] = [run(w), run(w.dense())];
      for (const name of ["x", "bias"] as const)
        expectWithin(readTensor(rounded[name]), readTensor(exact[name]), 1e-5, name);
    });
});
