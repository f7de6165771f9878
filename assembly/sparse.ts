// Batches on their way into panels and back (see panels.ts), and sparse rows as CSR.
import { finish } from "./epilogue";
import { madd, splat, sumLanes, turn } from "./lanes";
import { finishRow, stored } from "./panels";

/** Rows [begin, end) of x with columns of 0 behind them, up to `padded`. */
export function sparse_pad_f32(out: usize, x: usize, k: usize, padded: usize, begin: usize, end: usize): void {
  for (; begin < end; begin++) {
    const to = out + ((begin * padded) << 2);
    memory.copy(to, x + ((begin * k) << 2), k << 2);
    memory.fill(to + (k << 2), 0, (padded - k) << 2);
  }
}

/** Rows [16 · p, 16 · p + 16) of x [m, k] turned, for p in [begin, end); columns to `padded` are 0. */
export function sparse_panels_f32(panels: usize, x: usize, m: usize, k: usize, padded: usize, begin: usize, end: usize): void {
  const row = k << 2;
  for (; begin < end; begin++) {
    const from = x + (begin << 4) * row;
    const to = panels + begin * (padded << 6);
    const last = min<usize>(m - (begin << 4), 16) - 1;
    // Rows past the end repeat the last: they are computed and not read.
    for (let i: usize = 0; i < 16; i += 4) {
      let c: usize = 0;
      if (i + 3 <= last || i > last)
        for (; c + 4 <= k; c += 4)
          turn(to + (c << 6) + (i << 2), 64, from + min(i, last) * row + (c << 2), i > last ? 0 : row);
      for (; c < k; c++)
        for (let r = i; r < i + 4; r++)
          store<f32>(to + (c << 6) + (r << 2), load<f32>(from + min(r, last) * row + (c << 2)));
    }
    memory.fill(to + (k << 6), 0, (padded - k) << 6);
  }
}

/** The stage [panel][n, in fours][16] as rows of y [m, n], with the epilogue: panels [begin, end). */
export function sparse_rows_f32(
  out: usize, stage: usize, bias: usize, m: usize, n: usize, activation: i32, begin: usize, end: usize,
): void {
  const row = n << 2;
  for (; begin < end; begin++) {
    const rows = min<usize>(m - (begin << 4), 16);
    const from = stage + begin * (((n + 3) & ~3) << 6);
    const to = out + (begin << 4) * row;
    for (let i: usize = 0; i < rows; i += 4) {
      let j: usize = 0;
      if (i + 4 <= rows)
        for (; j + 4 <= n; j += 4) turn(to + i * row + (j << 2), row, from + (j << 6) + (i << 2), 64);
      for (; j < n; j++)
        for (let r = i; r < min(i + 4, rows); r++)
          store<f32>(to + r * row + (j << 2), load<f32>(from + (j << 6) + (r << 2)));
    }
    if (bias | <usize>activation) finish(to, bias, row, rows, n, activation);
  }
}

/** Rows of which some weights are left, each with its distance in columns from the one before it, in a byte. */
export function csr_f32(
  stage: usize, panels: usize, values: usize, gaps: usize, starts: usize, k: usize, n: usize, begin: usize, end: usize,
): void {
  stored(false, stage, panels, values, gaps, starts, k, n, begin, end);
}

/** Eight codes as numbers, first and last four, each rounded once: what dense() gives. */
// @ts-ignore: decorator
@inline
function low(codes: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(codes)), scale);
}
// @ts-ignore: decorator
@inline
function high(codes: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(codes)), scale);
}

/** Codes of rows [begin, end) as f32 values, for products with a batch. */
export function csr_values_f32(values: usize, codes: usize, scales: usize, starts: usize, begin: usize, end: usize): void {
  for (let j = begin; j < end; j++) {
    const first = <usize>load<u32>(starts + (j << 2));
    const last = <usize>load<u32>(starts + (j << 2), 4);
    const s = load<f32>(scales + (j << 2));
    const scale = splat(s);
    let i = first;
    for (; i + 8 <= last; i += 8) {
      const eight = v128.load8x8_s(codes + i);
      v128.store(values + (i << 2), low(eight, scale));
      v128.store(values + (i << 2), high(eight, scale), 16);
    }
    for (; i < last; i++) store<f32>(values + (i << 2), <f32>load<i8>(codes + i) * s);
  }
}

/**
 * One row of x times rows [begin, end) of W, whose values are f32 or, with `scales`, codes. Values of x are gathered into vectors:
 * that is faster than scalar products.
 */
// @ts-ignore: decorator
@inline
function csrRow(
  out: usize, x: usize, values: usize, scales: usize, gaps: usize, starts: usize, bias: usize, activation: i32,
  coded: bool, begin: usize, end: usize,
): void {
  const shift: usize = coded ? 0 : 2;
  for (let j = begin; j < end; j++) {
    const first = <usize>load<u32>(starts + (j << 2));
    const last = gaps + <usize>load<u32>(starts + (j << 2), 4);
    const s: f32 = coded ? load<f32>(scales + (j << 2)) : 0;
    const scale = splat(s);
    let v = values + (first << shift);
    let g = gaps + first;
    let p = x;
    let even = splat(0), odd = splat(0);
    for (; g + 8 <= last; g += 8, v += 8 << shift) {
      const eight = coded ? v128.load8x8_s(v) : splat(0);
      let xs = v128.load32_zero((p += <usize>load<u8>(g) << 2));
      xs = v128.load32_lane((p += <usize>load<u8>(g, 1) << 2), xs, 1);
      xs = v128.load32_lane((p += <usize>load<u8>(g, 2) << 2), xs, 2);
      xs = v128.load32_lane((p += <usize>load<u8>(g, 3) << 2), xs, 3);
      even = madd(xs, coded ? low(eight, scale) : v128.load(v), even);
      xs = v128.load32_zero((p += <usize>load<u8>(g, 4) << 2));
      xs = v128.load32_lane((p += <usize>load<u8>(g, 5) << 2), xs, 1);
      xs = v128.load32_lane((p += <usize>load<u8>(g, 6) << 2), xs, 2);
      xs = v128.load32_lane((p += <usize>load<u8>(g, 7) << 2), xs, 3);
      odd = madd(xs, coded ? high(eight, scale) : v128.load(v, 16), odd);
    }
    let rest: f32 = 0;
    for (; g < last; g++, v += 1 << shift)
      rest += (coded ? <f32>load<i8>(v) * s : load<f32>(v)) * load<f32>((p += <usize>load<u8>(g) << 2));
    store<f32>(out + (j << 2), sumLanes(f32x4.add(even, odd)) + rest);
  }
  finishRow(out, bias, activation, begin, end);
}

export function csr_row_f32(
  out: usize, x: usize, values: usize, gaps: usize, starts: usize, bias: usize, activation: i32, k: usize, n: usize,
  begin: usize, end: usize,
): void {
  csrRow(out, x, values, 0, gaps, starts, bias, activation, false, begin, end);
}
export function csr_row_i8(
  out: usize, x: usize, codes: usize, scales: usize, gaps: usize, starts: usize, bias: usize, activation: i32,
  begin: usize, end: usize,
): void {
  csrRow(out, x, codes, scales, gaps, starts, bias, activation, true, begin, end);
}
