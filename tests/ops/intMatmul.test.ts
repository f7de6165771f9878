import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { intMatmul } from "../../src/ops/intMatmul.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { expectSame, pick, random, zeroLeaks } from "../grid.js";
import { watched } from "../watch.js";

zeroLeaks();

type Sizes = readonly [m: number, k: number, n: number];
interface Operands {
  readonly a: Uint8Array;
  /** [k, n] */
  readonly b: Uint8Array;
  readonly zeroA: number;
  readonly zerosB: readonly number[];
}

/** The sums written out; f64 holds them exactly. */
function reference([m, k, n]: Sizes, { a, b, zeroA, zerosB }: Operands): Float64Array {
  const sums = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let p = 0; p < k; p++)
      for (let j = 0; j < n; j++) sums[i * n + j]! += (a[i * k + p]! - zeroA) * (b[p * n + j]! - zerosB[j]!);
  return sums;
}

const turned = (b: Uint8Array, k: number, n: number): Uint8Array =>
  Uint8Array.from({ length: k * n }, (_, i) => b[(i % k) * n + Math.floor(i / k)]!);

function expectExact([m, k, n]: Sizes, operands: Operands, transposeB: boolean, about: string): void {
  const { a, b, zeroA, zerosB } = operands;
  const c = scope(() => {
    const y = transposeB ? tensor(turned(b, k, n), [n, k]) : tensor(b, [k, n]);
    return readTensor(intMatmul(tensor(a, [m, k]), y, { zeroPointA: zeroA, zeroPointB: zerosB, transposeB }));
  });
  expectSame(
    c,
    Array.from(reference([m, k, n], operands), (sum) => sum + 0),
    about,
  );
}

test("6,642 shapes, exact: all of m 1..9, n 1..18, k 0..40", () => {
  const next = random(1);
  const bytes = Uint8Array.from({ length: 1 << 12 }, () => pick(next, 256));
  const cut = (count: number) => {
    const start = pick(next, bytes.length - count);
    return bytes.subarray(start, start + count);
  };
  let shapes = 0;
  for (let m = 1; m <= 9; m++)
    for (let n = 1; n <= 18; n++)
      for (let k = 0; k <= 40; k++) {
        const operands = { a: cut(m * k), b: cut(k * n), zeroA: pick(next, 256), zerosB: [...cut(n)] };
        expectExact([m, k, n], operands, shapes % 2 === 0, `[${m}, ${k}] · [${k}, ${n}], case ${shapes}`);
        shapes++;
      }
  expect(shapes).toBe(6642);
});

test("large and odd shapes, and any slice of rows and panels", () => {
  const next = random(2);
  const draw = (count: number) => Uint8Array.from({ length: count }, () => pick(next, 256));
  for (const [m, k, n] of [
    [1, 1009, 1],
    [1, 1, 1009],
    [101, 1, 1],
    [64, 127, 33],
    [37, 300, 129],
    [5, 2048, 10],
  ] as Sizes[])
    expectExact(
      [m, k, n],
      { a: draw(m * k), b: draw(k * n), zeroA: 7, zerosB: [...draw(n)] },
      false,
      `[${m}, ${k}, ${n}]`,
    );
  for (const [m, k, n] of [
    [1, 1, 1],
    [4, 8, 8],
    [5, 9, 17],
    [9, 16, 7],
    [13, 23, 31],
    [0, 4, 3],
    [3, 4, 0],
    [3, 0, 5],
  ] as Sizes[])
    for (const transposeB of [false, true])
      watched(() => {
        const operands = { a: draw(m * k), b: draw(k * n), zeroA: pick(next, 256), zerosB: [...draw(n)] };
        expectExact([m, k, n], operands, transposeB, `watched [${m}, ${k}, ${n}], ${transposeB}`);
      }, pick(next, 4) * 4);
});

describe("the largest sums", () => {
  const k = 33_025;
  test.each([
    ["most × most", 255, 0, 255, 0],
    ["most × least", 255, 0, 0, 255],
    ["least × most", 0, 255, 255, 0],
    ["least × least", 0, 255, 0, 255],
  ])("%s, k = 33,025", (_, a, zeroA, b, zeroB) => {
    const [m, n] = [5, 9];
    const operands = {
      a: new Uint8Array(m * k).fill(a),
      b: new Uint8Array(k * n).fill(b),
      zeroA,
      zerosB: new Array(n).fill(zeroB),
    };
    const sum = (a - zeroA) * (b - zeroB) * k;
    expect(Math.abs(sum)).toBe(2_147_450_625);
    expectExact([m, k, n], operands, true, "all");
  });

  test("one product more is refused: it would wrap", () => {
    expect(255 * 255 * (k + 1)).toBeGreaterThan(2 ** 31 - 1);
    scope(() => {
      const row = tensor(new Uint8Array(k + 1), [1, k + 1]);
      expect(() => intMatmul(row, row, { transposeB: true })).toThrow(/k is 33026; sums of more than 33025 products/);
    });
  });
});

test("signed bytes, 128 added to codes and zero points, give the product of what they were", () => {
  const [a, b] = [Int8Array.of(-128, 127, 5), Int8Array.of(127, -128, -7)];
  const up = (codes: Int8Array) => Uint8Array.from(codes, (code) => code + 128);
  const c = scope(() =>
    readTensor(intMatmul(tensor(up(a), [1, 3]), tensor(up(b), [3, 1]), { zeroPointA: -3 + 128, zeroPointB: 4 + 128 })),
  );
  expect([...c]).toEqual([(-128 + 3) * (127 - 4) + (127 + 3) * (-128 - 4) + (5 + 3) * (-7 - 4)]);
});

describe("errors", () => {
  const of = (...shape: number[]) => tensor(new Uint8Array(shape.reduce((n, d) => n * d, 1)), shape);
  test.each<[string, () => unknown, typeof ShapeError | typeof DTypeError | typeof ArgumentError]>([
    ["a is [2, 3], b is [4, 5]; they must be [m, k] and [k, n]", () => intMatmul(of(2, 3), of(4, 5)), ShapeError],
    ["a is [2, 3], b is [3, 5] transposed", () => intMatmul(of(2, 3), of(3, 5), { transposeB: true }), ShapeError],
    ["a is [3], b is [3, 5]", () => intMatmul(of(3), of(3, 5)), ShapeError],
    ["a [1, 1] is f32, expected u8", () => intMatmul(tensor([[1]]), of(1, 1)), DTypeError],
    ["zeroPointA is 256", () => intMatmul(of(1, 1), of(1, 1), { zeroPointA: 256 }), ArgumentError],
    ["zeroPointB is -1", () => intMatmul(of(1, 1), of(1, 1), { zeroPointB: -1 }), ArgumentError],
    ["2 zero points for the 1 columns", () => intMatmul(of(1, 1), of(1, 1), { zeroPointB: [1, 2] }), ArgumentError],
  ])("%s", (message, call, type) => {
    scope(() => {
      expect(call).toThrow(type);
      expect(call).toThrow(`intMatmul: ${message}`);
    });
  });
});
