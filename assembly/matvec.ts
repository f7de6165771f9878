// C[m, n] = A[m, k] · Bᵀ for few rows of A and B stored [n, k], as weights are: B is read in place, once, along its rows. Packing it, as
// matmul.ts does, costs more than the product itself while m is small.
//
// |C − exact| ≤ (k + 1) · 2⁻²⁴ · Σ|a·b| per element, as in matmul.ts; the sums run in eight strands of every eighth element, joined
// pairwise at the end, so that the bits differ from those of the same rows in a larger product.
import { finish } from "./epilogue";
import { firstLanes, madd, splat, sumLanes } from "./lanes";

/** Columns [begin, end) of n. `bias` (n values) may be 0; `activation` as in epilogue.ts. */
export function matvec_f32(
  out: usize, a: usize, b: usize, bias: usize, m: usize, k: usize, n: usize, activation: i32, begin: usize, end: usize,
): void {
  const kBytes = k << 2;
  const nBytes = n << 2;
  for (let j = begin; j < end; j += 4) {
    const columns = min(end - j, 4);
    const row = b + j * kBytes;
    // Columns past the edge read the first one again; they are computed and not stored.
    const row1 = columns > 1 ? kBytes : 0;
    const row2 = columns > 2 ? kBytes << 1 : 0;
    const row3 = columns > 3 ? kBytes * 3 : 0;
    let at = out + (j << 2);
    let x = a;
    for (let i: usize = 0; i < m; i++, x += kBytes, at += nBytes) dots(at, x, row, row1, row2, row3, kBytes, columns);
    if (bias | <usize>activation)
      finish(out + (j << 2), bias ? bias + (j << 2) : 0, nBytes, m, columns, activation);
  }
}

/** Products of one row with four columns. */
// @ts-ignore: decorator
@inline
function dots(
  out: usize, x: usize, b: usize, row1: usize, row2: usize, row3: usize, kBytes: usize, columns: usize,
): void {
  let s00 = splat(0), s01 = splat(0), s10 = splat(0), s11 = splat(0);
  let s20 = splat(0), s21 = splat(0), s30 = splat(0), s31 = splat(0);
  const to = b - x;
  const last = x + kBytes;
  const whole = x + (kBytes & ~31);
  for (; x < whole; x += 32) {
    const at = to + x;
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    s00 = madd(x0, v128.load(at), s00);
    s01 = madd(x1, v128.load(at, 16), s01);
    s10 = madd(x0, v128.load(at + row1), s10);
    s11 = madd(x1, v128.load(at + row1, 16), s11);
    s20 = madd(x0, v128.load(at + row2), s20);
    s21 = madd(x1, v128.load(at + row2, 16), s21);
    s30 = madd(x0, v128.load(at + row3), s30);
    s31 = madd(x1, v128.load(at + row3, 16), s31);
  }
  for (; x < last; x += 16) {
    const at = to + x;
    // Products past the end may be NaN: they are cut off after, not before.
    const in_ = firstLanes((last - x) >> 2);
    const x0 = v128.load(x);
    s00 = f32x4.add(s00, v128.and(f32x4.mul(x0, v128.load(at)), in_));
    s10 = f32x4.add(s10, v128.and(f32x4.mul(x0, v128.load(at + row1)), in_));
    s20 = f32x4.add(s20, v128.and(f32x4.mul(x0, v128.load(at + row2)), in_));
    s30 = f32x4.add(s30, v128.and(f32x4.mul(x0, v128.load(at + row3)), in_));
  }
  store<f32>(out, sumLanes(f32x4.add(s00, s01)));
  if (columns > 1) store<f32>(out + 4, sumLanes(f32x4.add(s10, s11)));
  if (columns > 2) store<f32>(out + 8, sumLanes(f32x4.add(s20, s21)));
  if (columns > 3) store<f32>(out + 12, sumLanes(f32x4.add(s30, s31)));
}
