// Weights of one bit (±1) or of two (−1, 0, 1) with a scale for each row, and their products with f32 rows and with signs.
//
// Codes lie in panels of 16 rows: byte b of the 16 side by side is one vector. A byte holds 8 binary weights of its row (bit 1:
// −1) or 4 ternary ones (two bits each, two's complement). Products go half a byte at a time: what the 16 possible halves give with
// the x that they meet is worked out once, as a table, and one swizzle looks it up for 16 rows (as in T-MAC, Wei et al. 2025).
// For signs the table holds popcount(x xor w): a swizzle takes one or two instructions where a popcount of bytes takes eight on x86.
//
// Sums run in the order of k, whatever the slice.
import { finish, storeRow } from "./epilogue";
import { head, signs, splat, storeLanes, sumLanes, swizzle } from "./lanes";

/** Two bits to a lane of 4: bit 0 where |w| is above the threshold, bit 1 too where w is negative. */
// @ts-ignore: decorator
@inline
function trits(w: v128, threshold: v128): u32 {
  const kept = f32x4.gt(f32x4.abs(w), threshold);
  const both = i16x8.narrow_i32x4_s(kept, v128.and(kept, f32x4.lt(w, splat(0))));
  return i16x8.bitmask(i16x8.shuffle(both, both, 0, 4, 1, 5, 2, 6, 3, 7));
}

/**
 * What the codes of w [rows, k] stand for: ±scale by the sign where |w| is above the threshold, else 0. Rows [begin, end); one
 * threshold and one scale each.
 */
export function bits_round_f32(
  out: usize, w: usize, thresholds: usize, scales: usize, k: usize, begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    const at = (begin * k) << 2;
    const threshold = v128.load32_splat(thresholds + (begin << 2));
    const scale = v128.load32_splat(scales + (begin << 2));
    const last = out + at + (k << 2);
    for (let to = out + at, from = w + at; to < last; to += 16, from += 16) {
      const x = v128.load(from);
      const y = v128.bitselect(f32x4.neg(scale), scale, f32x4.lt(x, splat(0)));
      const kept = v128.and(y, f32x4.gt(f32x4.abs(x), threshold));
      if (to + 16 <= last) v128.store(to, kept);
      else storeLanes(to, kept, (last - to) >> 2);
    }
  }
}

/**
 * Codes and scales of w [rows, k], in one block: panels [begin, end) of `bytes` vectors, and `scalesAt` bytes from `out` the scales.
 * Rows past the last are 0, and so are weights past k.
 */
export function bits_pack_f32(
  out: usize, w: usize, thresholds: usize, scales: usize, rows: usize, k: usize, bytes: usize, scalesAt: usize, perByte: usize,
  begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    const panel = out + ((begin * bytes) << 4);
    memory.fill(panel, 0, bytes << 4);
    for (let row = begin << 4; row < min(rows, (begin + 1) << 4); row++) {
      store<f32>(out + scalesAt + (row << 2), load<f32>(scales + (row << 2)));
      const threshold = v128.load32_splat(thresholds + (row << 2));
      let from = w + ((row * k) << 2);
      let to = panel + (row & 15);
      for (let left = <isize>k; left > 0; left -= perByte, from += perByte << 2, to += 16) {
        const low = head(from, left);
        store<u8>(to, perByte == 4 ? trits(low, threshold) : signs(low, head(from + 16, left - 4)));
      }
    }
  }
}

/** Codes times scales (`scales` 0: the codes themselves), rows [begin, end) of k. */
export function bits_dense_f32(
  out: usize, codes: usize, scales: usize, k: usize, bytes: usize, perByte: usize, begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    const scale: f32 = scales ? load<f32>(scales + (begin << 2)) : 1;
    const row = codes + (((begin >> 4) * bytes) << 4) + (begin & 15);
    for (let i: usize = 0; i < k; i++) {
      const byte = <i32>load<u8>(row + ((i / perByte) << 4));
      const place = <i32>(i % perByte);
      const code = perByte == 4 ? (byte << (30 - (place << 1))) >> 30 : 1 - (((byte >> place) & 1) << 1);
      store<f32>(out + ((begin * k + i) << 2), <f32>code * scale);
    }
  }
}

/**
 * Tables for products with f32: for each row [begin, end) of x and each byte of codes 2 × 4 vectors: for its lower and its upper
 * half the 16 sums, cut into four planes of bytes.
 */
export function bits_sums_f32(
  tables: usize, x: usize, k: usize, bytes: usize, perByte: usize, begin: usize, end: usize,
): void {
  const half = perByte >> 1;
  for (; begin < end; begin++) {
    let from = x + ((begin * k) << 2);
    let to = tables + ((begin * bytes) << 7);
    let left = <isize>k;
    for (const last = to + (bytes << 7); to < last; to += 64, from += half << 2, left -= half) {
      const v = head(from, left);
      const x0 = v128.shuffle<f32>(v, v, 0, 0, 0, 0);
      const x1 = v128.shuffle<f32>(v, v, 1, 1, 1, 1);
      if (perByte == 4) {
        const keep = i32x4(0, -1, 0, -1);
        const flip = i32x4(0, 0, 0, i32.MIN_VALUE);
        const low = v128.and(v128.xor(x0, flip), keep);
        planes(to, low, f32x4.add(low, x1), low, f32x4.sub(low, x1));
      } else {
        const low = f32x4.add(
          v128.xor(x0, i32x4(0, i32.MIN_VALUE, 0, i32.MIN_VALUE)),
          v128.xor(x1, i32x4(0, 0, i32.MIN_VALUE, i32.MIN_VALUE)),
        );
        const x2 = v128.shuffle<f32>(v, v, 2, 2, 2, 2);
        const x3 = v128.shuffle<f32>(v, v, 3, 3, 3, 3);
        const sum = f32x4.add(x2, x3);
        const difference = f32x4.sub(x3, x2);
        planes(to, f32x4.add(low, sum), f32x4.add(low, difference), f32x4.sub(low, difference), f32x4.sub(low, sum));
      }
    }
  }
}

/** Four planes of bytes: plane p holds byte p of each of the 16 numbers. */
// @ts-ignore: decorator
@inline
function planes(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = i8x16.shuffle(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
  const cd = i8x16.shuffle(c, d, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
  v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(to, v128.shuffle<i64>(ab, cd, 1, 3), 16);
  const efgh = i8x16.shuffle(a, b, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
  const ijkl = i8x16.shuffle(c, d, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
  v128.store(to, v128.shuffle<i64>(efgh, ijkl, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(efgh, ijkl, 1, 3), 48);
}

/**
 * Rows [begin, end) of x times the codes, times the scales. `tables` come from bits_sums_f32; `bias` (n values) may be 0.
 * Half a byte costs two roundings at most in its table, and one in the sum.
 */
export function matmul_f32_bits(
  out: usize, tables: usize, codes: usize, scales: usize, bias: usize, n: usize, bytes: usize, activation: i32,
  begin: usize, end: usize,
): void {
  const low = i8x16.splat(15);
  const nBytes = n << 2;
  for (; begin < end; begin++) {
    const first = tables + ((begin * bytes) << 7);
    const row = out + begin * nBytes;
    let w = codes;
    for (let j: usize = 0; j < nBytes; j += 64) {
      let c0 = splat(0), c1 = splat(0), c2 = splat(0), c3 = splat(0);
      for (let t = first, last = w + (bytes << 4); w < last; w += 16, t += 128) {
        const both = v128.load(w);
        let half = v128.and(both, low);
        for (let h: usize = 0; h < 128; h += 64) {
          const p0 = swizzle(v128.load(t + h), half);
          const p1 = swizzle(v128.load(t + h, 16), half);
          const p2 = swizzle(v128.load(t + h, 32), half);
          const p3 = swizzle(v128.load(t + h, 48), half);
          let a = i8x16.shuffle(p0, p1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
          let b = i8x16.shuffle(p2, p3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
          c0 = f32x4.add(c0, i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
          c1 = f32x4.add(c1, i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15));
          a = i8x16.shuffle(p0, p1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
          b = i8x16.shuffle(p2, p3, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
          c2 = f32x4.add(c2, i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
          c3 = f32x4.add(c3, i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15));
          half = i8x16.shr_u(both, 4);
        }
      }
      putSums(row + j, c0, c1, c2, c3, scales + j, (nBytes - j) >> 2);
    }
    if (bias | <usize>activation) finish(row, bias, nBytes, 1, n, activation);
  }
}

/**
 * The sums of one row and 16 columns, times the scales; no store past the last of `left` columns, and no read past its vector. A
 * call, but the last use of the accumulators: none of them gets a stack slot.
 */
function putSums(at: usize, c0: v128, c1: v128, c2: v128, c3: v128, scales: usize, left: usize): void {
  if (left > 8) {
    v128.store(at, f32x4.mul(c0, v128.load(scales)));
    v128.store(at, f32x4.mul(c1, v128.load(scales, 16)), 16);
    at += 32;
    scales += 32;
    left -= 8;
    c0 = c2;
    c1 = c3;
  }
  c0 = f32x4.mul(c0, v128.load(scales));
  if (left > 4) c1 = f32x4.mul(c1, v128.load(scales, 16));
  storeRow(at, c0, c1, min(left, 8));
}

/**
 * Tables for products with signs: for blocks [begin, end) of 4 rows of x and each byte of codes 2 × 4 vectors: for its lower and its
 * upper half, row by row, the popcounts of the row's signs xor each of the 16 halves. A vector behind each block holds the factors
 * of its rows: mean |x| if `scaled`, else 1; NaN if the row holds one.
 */
export function bits_mismatches_f32(
  tables: usize, x: usize, m: usize, k: usize, bytes: usize, scaled: bool, begin: usize, end: usize,
): void {
  const counts = i8x16(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const halves = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (; begin < end; begin++) {
    const block = tables + begin * ((bytes << 7) + 16);
    for (let r: usize = 0; r < min<usize>(4, m - (begin << 2)); r++) {
      let from = x + ((((begin << 2) + r) * k) << 2);
      let to = block + (r << 4);
      let sum = splat(0), nan = splat(0);
      for (let left = <isize>k; left > 0; left -= 8, from += 32, to += 128) {
        const low = head(from, left);
        const high = head(from + 16, left - 4);
        sum = f32x4.add(sum, f32x4.add(f32x4.abs(low), f32x4.abs(high)));
        nan = v128.or(nan, v128.or(f32x4.ne(low, low), f32x4.ne(high, high)));
        const bits = signs(low, high);
        v128.store(to, swizzle(counts, v128.xor(halves, i8x16.splat(<i8>(bits & 15)))));
        v128.store(to, swizzle(counts, v128.xor(halves, i8x16.splat(<i8>(bits >> 4)))), 64);
      }
      const factor: f32 = v128.any_true(nan) ? NaN : scaled ? sumLanes(sum) / <f32>max(k, 1) : 1;
      store<f32>(block + (bytes << 7) + (r << 2), factor);
    }
  }
}

/**
 * Rows [begin, end) of signs times the codes: factor · scale · (k − 2 · popcount(x xor w)), exact before the factors for k up to
 * 65,535. `tables` come from bits_mismatches_f32; `bias` (n values) may be 0.
 */
export function matmul_sign_bits(
  out: usize, tables: usize, codes: usize, scales: usize, bias: usize, k: usize, n: usize, bytes: usize, activation: i32,
  begin: usize, end: usize,
): void {
  const low = i8x16.splat(15);
  const nBytes = n << 2;
  const length = bytes << 4;
  while (begin < end) {
    // A block cut by the slice is computed whole, and stored in part.
    const from = begin & 3;
    const to = min(4, from + (end - begin));
    const block = tables + (begin >> 2) * ((bytes << 7) + 16);
    const factors = block + (bytes << 7);
    const first = out + (begin - from) * nBytes;
    let w = codes;
    for (let j: usize = 0; j < nBytes; j += 64) {
      let t = block;
      let s00 = i16x8.splat(0), s01 = i16x8.splat(0), s10 = i16x8.splat(0), s11 = i16x8.splat(0);
      let s20 = i16x8.splat(0), s21 = i16x8.splat(0), s30 = i16x8.splat(0), s31 = i16x8.splat(0);
      for (const last = w + length; w < last; ) {
        let c0 = i8x16.splat(0), c1 = i8x16.splat(0), c2 = i8x16.splat(0), c3 = i8x16.splat(0);
        // Bytes hold the sums of 31 vectors: 8 a vector at most.
        for (const stop = min(last, w + 31 * 16); w < stop; w += 16, t += 128) {
          const both = v128.load(w);
          let half = v128.and(both, low);
          c0 = i8x16.add(c0, swizzle(v128.load(t), half));
          c1 = i8x16.add(c1, swizzle(v128.load(t, 16), half));
          c2 = i8x16.add(c2, swizzle(v128.load(t, 32), half));
          c3 = i8x16.add(c3, swizzle(v128.load(t, 48), half));
          half = i8x16.shr_u(both, 4);
          c0 = i8x16.add(c0, swizzle(v128.load(t, 64), half));
          c1 = i8x16.add(c1, swizzle(v128.load(t, 80), half));
          c2 = i8x16.add(c2, swizzle(v128.load(t, 96), half));
          c3 = i8x16.add(c3, swizzle(v128.load(t, 112), half));
        }
        s00 = i16x8.add(s00, i16x8.extend_low_i8x16_u(c0));
        s01 = i16x8.add(s01, i16x8.extend_high_i8x16_u(c0));
        s10 = i16x8.add(s10, i16x8.extend_low_i8x16_u(c1));
        s11 = i16x8.add(s11, i16x8.extend_high_i8x16_u(c1));
        s20 = i16x8.add(s20, i16x8.extend_low_i8x16_u(c2));
        s21 = i16x8.add(s21, i16x8.extend_high_i8x16_u(c2));
        s30 = i16x8.add(s30, i16x8.extend_low_i8x16_u(c3));
        s31 = i16x8.add(s31, i16x8.extend_high_i8x16_u(c3));
      }
      const at = first + j;
      const left = (nBytes - j) >> 2;
      if (from == 0) putCounts(at, s00, s01, k, scales + j, factors, left);
      if (from <= 1 && to > 1) putCounts(at + nBytes, s10, s11, k, scales + j, factors + 4, left);
      if (from <= 2 && to > 2) putCounts(at + (nBytes << 1), s20, s21, k, scales + j, factors + 8, left);
      if (to > 3) putCounts(at + nBytes * 3, s30, s31, k, scales + j, factors + 12, left);
    }
    if (bias | <usize>activation) finish(first + from * nBytes, bias, nBytes, to - from, n, activation);
    begin += to - from;
  }
}

/** The sums k − 2 · mismatches of one row and 16 columns, times its factor and the scales. */
function putCounts(at: usize, low: v128, high: v128, k: usize, scales: usize, factor: usize, left: usize): void {
  const all = i32x4.splat(<i32>k);
  const by = v128.load32_splat(factor);
  const c0 = product(all, i32x4.extend_low_i16x8_u(low), by);
  const c1 = product(all, i32x4.extend_high_i16x8_u(low), by);
  const c2 = product(all, i32x4.extend_low_i16x8_u(high), by);
  putSums(at, c0, c1, c2, product(all, i32x4.extend_high_i16x8_u(high), by), scales, left);
}

// @ts-ignore: decorator
@inline
function product(k: v128, mismatches: v128, factor: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(k, i32x4.shl(mismatches, 1))), factor);
}
