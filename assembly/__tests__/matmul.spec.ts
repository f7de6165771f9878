import { matmul_f32, matmul_pack_f32 } from "../matmul";
import { at, same, untouched } from "./floats";

/** Small integers, so that every order of summation is exact. */
function integers(n: i32, step: i32): StaticArray<f32> {
  const x = new StaticArray<f32>(n);
  for (let i = 0; i < n; i++) x[i] = <f32>(((i * step) % 7) - 3);
  return x;
}

function naive(a: StaticArray<f32>, b: StaticArray<f32>, m: i32, k: i32, n: i32): StaticArray<f32> {
  const c = new StaticArray<f32>(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) for (let p = 0; p < k; p++) c[i * n + j] += a[i * k + p] * b[p * n + j];
  return c;
}

function turned(x: StaticArray<f32>, rows: i32, cols: i32): StaticArray<f32> {
  const y = new StaticArray<f32>(x.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) y[j * rows + i] = x[i * cols + j];
  return y;
}

/** Panels of 8 columns of B, given by its strides. */
function pack(b: StaticArray<f32>, k: i32, n: i32, kStride: i32, nStride: i32): StaticArray<f32> {
  const panels = (n + 7) >> 3;
  const packed = new StaticArray<f32>(panels * k * 8);
  matmul_pack_f32(at(packed), at(b), k, n, kStride, nStride, 0, 0, panels);
  return packed;
}

describe("matmul", () => {
  it("is right around the 4 × 8 tile, however A and B are stored", () => {
    for (let m = 1; m <= 9; m += m < 5 ? 1 : 4)
      for (let n = 1; n <= 17; n++)
        for (let k = 0; k <= 6; k++) {
          const a = integers(m * k, 3);
          const b = integers(k * n, 5);
          const expected = naive(a, b, m, k, n);
          const rows = pack(b, k, n, n, 1);
          const columns = pack(turned(b, k, n), k, n, 1, k);
          expect<bool>(same(rows, columns)).toBe(true, `packed alike, [${k}, ${n}]`);
          const c = new StaticArray<f32>(m * n);
          matmul_f32(at(c), at(a), at(rows), 0, m, k, n, k, 1, 8, 0, 0, 0, 0, m);
          expect<bool>(same(c, expected)).toBe(true, `[${m}, ${k}] · [${k}, ${n}]`);
          const d = new StaticArray<f32>(m * n);
          matmul_f32(at(d), at(turned(a, m, k)), at(rows), 0, m, k, n, 1, m, 8, 0, 0, 0, 0, m);
          expect<bool>(same(d, expected)).toBe(true, `[${m}, ${k}] transposed · [${k}, ${n}]`);
        }
  });

  it("packs columns past n as zeros", () => {
    const packed = pack([1, 2, 3], 1, 3, 3, 1);
    expect<bool>(same(packed, [1, 2, 3, 0, 0, 0, 0, 0])).toBe(true);
  });

  it("stores rows [begin, end) and nothing else", () => {
    const a: StaticArray<f32> = [1, 2, 3];
    const packed = pack([10, 20], 1, 2, 2, 1);
    const c = untouched(6);
    matmul_f32(at(c), at(a), at(packed), 0, 3, 1, 2, 1, 1, 8, 0, 0, 0, 1, 2);
    expect<bool>(same(c, [99, 99, 20, 40, 99, 99])).toBe(true);
  });

  it("adds the bias, then activates; k = 0 leaves the bias", () => {
    const bias: StaticArray<f32> = [-1, 0, 2, 0, 0, 0, 0, 0];
    const c = untouched(4);
    matmul_f32(at(c), at(bias), at(bias), at(bias), 1, 0, 3, 0, 1, 8, 0, 0, 0, 0, 1);
    expect<bool>(same(c, [-1, 0, 2, 99])).toBe(true);
    matmul_f32(at(c), at(bias), at(bias), at(bias), 1, 0, 3, 0, 1, 8, 0, 0, 1, 0, 1);
    expect<bool>(same(c, [0, 0, 2, 99])).toBe(true);
    matmul_f32(at(c), at(bias), at(bias), at(bias), 1, 0, 3, 0, 1, 8, 0, 0, 2, 0, 1);
    expect<f32>(c[1]).toBe(0.5);
    matmul_f32(at(c), at(bias), at(bias), at(bias), 1, 0, 3, 0, 1, 8, 0, 0, 3, 0, 1);
    expect<f32>(c[1]).toBe(0);
  });

  it("walks batches of A and of packed B", () => {
    const a: StaticArray<f32> = [1, 2];
    const b: StaticArray<f32> = [3, 5];
    const packed = new StaticArray<f32>(16);
    matmul_pack_f32(at(packed), at(b), 1, 1, 1, 1, 1, 0, 2);
    const c = untouched(3);
    matmul_f32(at(c), at(a), at(packed), 0, 1, 1, 1, 1, 1, 8, 1, 8, 0, 0, 2);
    expect<bool>(same(c, [3, 10, 99])).toBe(true);
  });
});
