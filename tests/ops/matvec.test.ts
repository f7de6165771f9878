// Few rows times a matrix: the paths of matmul() that read b where it is.
import { expect, test } from "vitest";
import { ones } from "../../src/ops/fill.js";
import { slice } from "../../src/ops/layout.js";
import { matmul } from "../../src/ops/matmul.js";
import { kernels, useKernels } from "../../src/runtime/kernels.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, roundoff, zeroLeaks } from "../grid.js";
import { product } from "../reference/matmul.js";
import { watched } from "../watch.js";

zeroLeaks();

const sizes = [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33];

test.each([
  [1, true],
  [2, true],
  [8, true],
  [1, false],
  [2, false],
])("%i rows, transposeB %s: against f64, in any slices, and no byte beside the output", (m, transposeB) => {
  for (const k of sizes)
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9, 13])
      for (const shift of k % 3 === 0 ? [4] : [0]) {
        const [a, b] = [draw("logNormal", m * k, k), draw("logNormal", n * k, n)];
        const run = () =>
          scope(() => readTensor(matmul(tensor(a, [m, k]), tensor(b, transposeB ? [n, k] : [k, n]), { transposeB })));
        const got = watched(run, shift);
        const { sums, magnitudes } = product(Float64Array.from(a), Float64Array.from(b), [m, k, n], {
          transposeA: false,
          transposeB,
        });
        expectWithin(
          got,
          sums,
          magnitudes.map((x) => x * (k + 1) * roundoff),
          `[${m}, ${k}] · ${transposeB ? `[${n}, ${k}]ᵀ` : `[${k}, ${n}]`}`,
        );
      }
});

test("rows that lie behind NaNs take none of them", () => {
  // Five of eight values of each row belong to the matrix: what follows the last is NaN under watch.
  const a = draw("normal", 5, 1);
  const got = watched(() =>
    scope(() => readTensor(matmul(tensor(a, [1, 5]), tensor(a, [1, 5]), { transposeB: true }))),
  );
  expect(got[0]).toBeGreaterThan(0);
});

test("a row alone has the bits that it has among many, where b is stored [k, n]", () => {
  scope(() => {
    for (const [k, n] of [
      [1, 1],
      [7, 13],
      [33, 24],
      [130, 40],
    ] as const) {
      const [a, b] = [tensor(draw("logNormal", 9 * k, k), [9, k]), tensor(draw("normal", k * n, n), [k, n])];
      const many = readTensor(matmul(a, b));
      for (const rows of [1, 2])
        expectSame(
          readTensor(matmul(slice(a, [{ end: rows }]), b)),
          many.subarray(0, rows * n),
          `${rows} rows, [${k}, ${n}]`,
        );
    }
  });
});

/** Which kernels multiply. */
test.each([
  [1, 3, 3, true, ["matvec_f32"]],
  [8, 3, 3, true, ["matvec_f32"]],
  [9, 3, 3, true, ["matmul_pack_f32", "matmul_f32"]],
  [3, 3, 3, false, ["matmul_pack_f32", "matmul_f32"]],
  [3, 3, 4, false, ["matmul_f32"]],
  [16, 1025, 4, false, ["matmul_f32"]],
  [17, 1025, 4, false, ["matmul_pack_f32", "matmul_f32"]],
  [17, 1024, 4, false, ["matmul_f32"]],
])("[%i, %i] · [%i columns], transposeB %s: %j", (m, k, n, transposeB, expected) => {
  const real = kernels();
  const called: string[] = [];
  const spied = Object.entries(real).map(([name, kernel]) => [
    name,
    (...args: number[]) => {
      called.push(name);
      return (kernel as (...args: number[]) => unknown)(...args);
    },
  ]);
  useKernels(Object.fromEntries(spied));
  try {
    scope(() => void matmul(ones([m, k]), ones(transposeB ? [n, k] : [k, n]), { transposeB }));
  } finally {
    useKernels(real);
  }
  expect(called.filter((name) => name.startsWith("mat"))).toEqual(expected);
});
