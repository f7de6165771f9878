import { expect, test } from "vitest";
import { intMatmul } from "../../src/ops/intMatmul.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { expectSame, pick, random, zeroLeaks } from "../grid.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Few rows [m, k] times b, beside the same rows in a batch that is multiplied by way of panels. */
function expectAsInBatch(m: number, k: number, n: number, next: () => number): void {
  const draw = (count: number) => Uint8Array.from({ length: count }, () => pick(next, 256));
  const [rows, b, zeros] = [draw(8 * k), draw(k * n), draw(n)];
  const options = { zeroPointA: pick(next, 256), zeroPointB: zeros };
  for (const transposeB of [false, true])
    scope(() => {
      const w = tensor(b, transposeB ? [n, k] : [k, n]);
      const times = (count: number) =>
        readTensor(intMatmul(tensor(rows.subarray(0, count * k), [count, k]), w, { ...options, transposeB }));
      expectSame(times(m), [...times(8).subarray(0, m * n)], `[${m}, ${k}] · [${k}, ${n}], ${transposeB}`);
    });
}

test("few rows give what they give in a batch: around 16 columns, 16 rows of b, 4 rows of a", () => {
  const next = random(1);
  for (let m = 1; m <= 5; m++)
    for (const k of [1, 2, 15, 16, 17, 31, 32, 33, 34, 97])
      for (const n of [1, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 100]) expectAsInBatch(m, k, n, next);
});

test("any slice of the columns, anywhere in memory", () => {
  const next = random(2);
  for (const [m, k, n] of [
    [1, 17, 40],
    [2, 33, 16],
    [3, 16, 19],
    [4, 5, 7],
  ] as const)
    watched(() => expectAsInBatch(m, k, n, next), pick(next, 4) * 4);
});

test("the largest sums: k = 33,025", () => {
  const [k, n] = [33_025, 3];
  for (const [a, zeroPointA, b, zeroPointB] of [
    [255, 0, 255, 0],
    [255, 0, 0, 255],
    [0, 255, 255, 0],
    [0, 255, 0, 255],
  ] as const)
    for (const transposeB of [false, true]) {
      const y = scope(() => {
        const x = tensor(new Uint8Array(k).fill(a), [1, k]);
        const w = tensor(new Uint8Array(k * n).fill(b), transposeB ? [n, k] : [k, n]);
        return readTensor(intMatmul(x, w, { zeroPointA, zeroPointB, transposeB }));
      });
      expect([...y]).toEqual(new Array(n).fill((a - zeroPointA) * (b - zeroPointB) * k));
    }
});
