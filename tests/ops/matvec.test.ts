// Few rows times the transpose of a matrix: the path of matmul() that reads b where it is.
import { expect, test } from "vitest";
import { matmul } from "../../src/ops/matmul.js";
import { kernels, useKernels } from "../../src/runtime/kernels.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, roundoff, zeroLeaks } from "../grid.js";
import { product } from "../reference/matmul.js";
import { watched } from "../watch.js";

zeroLeaks();

const sizes = [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33];

test.each([1, 2, 3, 4])("%i rows: against f64, in any slices, and no byte beside the output", (m) => {
  for (const k of sizes)
    for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 13])
      for (const shift of k % 3 === 0 ? [4] : [0]) {
        const [a, b] = [draw("logNormal", m * k, k), draw("logNormal", n * k, n)];
        const run = () => scope(() => readTensor(matmul(tensor(a, [m, k]), tensor(b, [n, k]), { transposeB: true })));
        const got = watched(run, shift);
        const { sums, magnitudes } = product(Float64Array.from(a), Float64Array.from(b), [m, k, n], {
          transposeA: false,
          transposeB: true,
        });
        expectWithin(
          got,
          sums,
          magnitudes.map((x) => x * (k + 1) * roundoff),
          `[${m}, ${k}] · [${n}, ${k}]ᵀ`,
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

test.each([
  [1, true, true],
  [4, true, true],
  [5, true, false],
  [1, false, false],
])("of %i rows, transposeB %s: taken %s", (m, transposeB, taken) => {
  const real = kernels();
  let calls = 0;
  const matvec_f32: typeof real.matvec_f32 = (...args) => {
    calls++;
    real.matvec_f32(...args);
  };
  useKernels({ ...real, matvec_f32 });
  try {
    scope(
      () => void matmul(tensor(draw("normal", 3 * m, 1), [m, 3]), tensor(draw("normal", 9, 2), [3, 3]), { transposeB }),
    );
  } finally {
    useKernels(real);
  }
  expect(calls).toBe(taken ? 1 : 0);
});
