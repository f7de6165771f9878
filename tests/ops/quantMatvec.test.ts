import { describe, expect, test } from "vitest";
import { matmul } from "../../src/ops/matmul.js";
import type { Activations } from "../../src/ops/quantized.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, random, zeroLeaks } from "../grid.js";
import { drawMatrix, ours, widths } from "../matrices.js";
import { product } from "../reference/quantized.js";

zeroLeaks();

describe.each(widths)("%i bits", (bits) => {
  test("a row alone gives the bits that it gives among many, one that is alone in its half too", () => {
    const next = random(bits);
    for (const [k, n, group] of [
      [1, 8, 1],
      [40, 9, 40],
      [96, 8, 32],
      [100, 11, 16],
      [300, 23, 128],
    ] as const)
      for (const symmetric of [true, false])
        for (const input of ["dynamic", { scale: 0.05, zeroPoint: 120 }] as Activations[]) {
          const w = drawMatrix(next, [n, k], { bits, group, symmetric });
          const x = draw("normal", 20 * k, k);
          const times = (rows: Float32Array) =>
            scope(() =>
              Float32Array.from(
                readTensor(matmul(tensor(rows, [rows.length / k, k]), ours(w, { input }), { transposeB: true })),
              ),
            );
          const all = times(x);
          for (const i of [0, 1, 7, 19])
            expectSame(
              times(x.subarray(i * k, (i + 1) * k)),
              all.subarray(i * n, (i + 1) * n),
              `[${n}, ${k}], row ${i}`,
            );
        }
  });
});

test.each([
  [4, 561_433],
  [2, 2_807_168],
] as const)("%i bits: exact up to %i columns in a group", (bits, k) => {
  expect(255 * (2 ** bits - 1) * k).toBeLessThan(2 ** 31);
  expect(255 * (2 ** bits - 1) * (k + 1)).toBeGreaterThanOrEqual(2 ** 31);
  const options = { bits, group: k, symmetric: false, spread: "most" } as const;
  const w = { ...drawMatrix(random(1), [1, k], options), zeroPoints: [0] };
  const x = new Float32Array(k).fill(1e9);
  const input = { scale: 0.5, zeroPoint: 0 };
  const y = scope(() => readTensor(matmul(tensor(x, [1, k]), ours(w, { input }), { transposeB: true })));
  expectSame(y, product(x, 1, w, input), "most × most");
  expect(() => scope(() => ours(drawMatrix(random(1), [1, k + 1], { ...options, group: k + 1 }), { input }))).toThrow(
    `make groups of at most ${k} columns`,
  );
});
