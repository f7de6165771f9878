// Products of few rows of A, for which B is read where it is, once: packing it, as matmul.ts does, costs more than the product itself.
//
// |C − exact| ≤ (k + 1) · 2⁻²⁴ · Σ|a·b| per element, as in matmul.ts.
import { finish } from "./epilogue";
import { firstLanes, madd, splat, sumLanes } from "./lanes";

/**
 * Columns [begin, end) of A · Bᵀ, B [n, k] as weights are stored, along its rows. Sums run in four strands of every fourth element, joined
 * pairwise, and what is left of k comes last, so that the bits differ from those of matmul_f32. `bias` (n values) may be 0; `activation` as in epilogue.ts.
 */
export function matvec_f32(
  out: usize, a: usize, b: usize, bias: usize, m: usize, k: usize, n: usize, activation: i32, begin: usize, end: usize,
): void {
  const kBytes = k << 2;
  const nBytes = n << 2;
  for (let j = begin; j < end; j += 6) {
    const columns = min(end - j, 6);
    let at = out + (j << 2);
    let x = a;
    for (let i: usize = 0; i < m; i++, x += kBytes, at += nBytes) dots(at, x, b + j * kBytes, kBytes, columns);
    if (bias | <usize>activation) finish(out + (j << 2), bias ? bias + (j << 2) : 0, nBytes, m, columns, activation);
  }
}

/**
 * Products of one row with six columns; those past the edge read the first again, and are not stored. Six sums and their loads, which
 * some engines move to the front of a loop that they unroll, fit the 16 registers: eight took half as long again.
 */
// @ts-ignore: decorator
@inline
function dots(out: usize, x: usize, b: usize, kBytes: usize, columns: usize): void {
  const row1 = columns > 1 ? kBytes : 0;
  const row2 = columns > 2 ? kBytes << 1 : 0;
  const row3 = columns > 3 ? kBytes * 3 : 0;
  const row4 = columns > 4 ? kBytes << 2 : 0;
  const row5 = columns > 5 ? kBytes * 5 : 0;
  let s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0), s4 = splat(0), s5 = splat(0);
  const last = x + kBytes;
  for (const whole = x + (kBytes & ~15); x < whole; x += 16, b += 16) {
    const v = v128.load(x);
    s0 = madd(v, v128.load(b), s0);
    s1 = madd(v, v128.load(b + row1), s1);
    s2 = madd(v, v128.load(b + row2), s2);
    s3 = madd(v, v128.load(b + row3), s3);
    s4 = madd(v, v128.load(b + row4), s4);
    s5 = madd(v, v128.load(b + row5), s5);
  }
  store<f32>(out, sumLanes(s0));
  if (columns > 1) store<f32>(out, sumLanes(s1), 4);
  if (columns > 2) store<f32>(out, sumLanes(s2), 8);
  if (columns > 3) store<f32>(out, sumLanes(s3), 12);
  if (columns > 4) store<f32>(out, sumLanes(s4), 16);
  if (columns > 5) store<f32>(out, sumLanes(s5), 20);
  if (x < last) {
    const in_ = firstLanes((last - x) >> 2);
    const v = v128.load(x);
    for (const stop = out + (columns << 2); out < stop; out += 4, b += kBytes) {
      // Products past the end may be NaN: they are cut off after, not before.
      const rest = v128.and(f32x4.mul(v, v128.load(b)), in_);
      store<f32>(out, load<f32>(out) + sumLanes(rest));
    }
  }
}
