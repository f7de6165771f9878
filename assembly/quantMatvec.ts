// Few rows times a matrix of affine codes, read where they are: no panels. Codes of 8 bits are taken 16 a turn, 8 by f32 numbers. Of 4
// and 2 bits they are taken 32 a turn: eight lanes of i16 hold four codes each, and masks take out the first of each lane, the second,
// …: the other operand lies ready in that order, number p of 32 in lane p >> 2 of vector p & 3. Its groups are padded with 0 to whole
// turns, to `padded` columns.
//
// Neighbouring rows of codes share what they meet. Rows far apart, a power of two, would push each other out of the cache.
import { bytesOf, rowBytes } from "./codes";
import { finish } from "./epilogue";
import { madd, splat, sumLanes } from "./lanes";

/**
 * Columns [begin, end) of the product of rows of i16, from quantize_rows_i16, and rows of codes: four of them at once. As exact, and in
 * the same order, as int_matmul_i16. Without `scales` of the rows there is one group, and its sums are stored as i32.
 */
export function quant_matvec_i16(
  out: usize, a: usize, scales: usize, sums: usize, codes: usize, codeScales: usize, zeroPoints: usize, bias: usize,
  m: usize, k: usize, n: usize, group: usize, padded: usize, bits: usize, stride: usize, activation: i32, begin: usize, end: usize,
): void {
  const groups = (k + group - 1) / group;
  const bytes = rowBytes(k, group, bits);
  const groupBytes = bytesOf(group, bits);
  for (let j = begin; j < end; j += 4) {
    // Rows past the end are the first again, and not stored.
    const to1: usize = j + 1 < end ? 1 : 0;
    const to2: usize = j + 2 < end ? 2 : 0;
    const to3: usize = j + 3 < end ? 3 : 0;
    const next1 = to1 * bytes;
    const next2 = to2 * bytes;
    const next3 = to3 * bytes;
    for (let i: usize = 0; i < m; i++) {
      let x = a + ((i * stride) << 1);
      const rowEnd = x + (stride << 1);
      let from = codes + j * bytes;
      let sum = sums + ((i * groups) << 2);
      let index = j * groups;
      let y = splat(0);
      for (; x < rowEnd; from += groupBytes, sum += 4, index++) {
        const last = min(x + (padded << 1), rowEnd);
        const index1 = index + to1 * groups;
        const index2 = index + to2 * groups;
        const index3 = index + to3 * groups;
        let c0 = splat(0), c1 = splat(0), c2 = splat(0), c3 = splat(0);
        if (bits == 8) {
          // Two and two: four rows a multiple of 4 KB apart push each other out of the cache.
          for (let first = false; ; first = true) {
            let at = from + (first ? 0 : next2);
            const second = first ? next1 : next3 - next2;
            for (let p = x; p < last; p += 32, at += 16) {
              const x0 = v128.load(p);
              const x1 = v128.load(p, 16);
              c0 = add(add(c0, x0, v128.load_ext<u8>(at)), x1, v128.load_ext<u8>(at, 8));
              c1 = add(add(c1, x0, v128.load_ext<u8>(at + second)), x1, v128.load_ext<u8>(at + second, 8));
            }
            if (first) break;
            c2 = c0;
            c3 = c1;
            c0 = c1 = splat(0);
          }
          x = last;
        } else
          for (let at = from; x < last; x += 64, at += bits << 2) {
            const x0 = v128.load(x);
            const x1 = v128.load(x, 16);
            const x2 = v128.load(x, 32);
            const x3 = v128.load(x, 48);
            c0 = add4(c0, x0, x1, x2, x3, nibbles(at, bits));
            c1 = add4(c1, x0, x1, x2, x3, nibbles(at + next1, bits));
            c2 = add4(c2, x0, x1, x2, x3, nibbles(at + next2, bits));
            c3 = add4(c3, x0, x1, x2, x3, nibbles(at + next3, bits));
          }
        c0 = i32x4.add(v128.shuffle<i32>(c0, c1, 0, 4, 1, 5), v128.shuffle<i32>(c0, c1, 2, 6, 3, 7));
        c2 = i32x4.add(v128.shuffle<i32>(c2, c3, 0, 4, 1, 5), v128.shuffle<i32>(c2, c3, 2, 6, 3, 7));
        c0 = i32x4.add(v128.shuffle<i64>(c0, c2, 0, 2), v128.shuffle<i64>(c0, c2, 1, 3));
        let centre = v128.load32_splat(sum);
        if (zeroPoints) {
          let zeros = v128.load8_lane(zeroPoints + index, splat(0), 0);
          zeros = v128.load8_lane(zeroPoints + index1, zeros, 4);
          zeros = v128.load8_lane(zeroPoints + index2, zeros, 8);
          centre = i32x4.mul(centre, v128.load8_lane(zeroPoints + index3, zeros, 12));
        }
        c0 = i32x4.sub(c0, centre);
        if (!scales) {
          y = c0;
          continue;
        }
        let by = v128.load32_zero(codeScales + (index << 2));
        by = v128.load32_lane(codeScales + (index1 << 2), by, 1);
        by = v128.load32_lane(codeScales + (index2 << 2), by, 2);
        by = v128.load32_lane(codeScales + (index3 << 2), by, 3);
        y = f32x4.add(y, f32x4.mul(f32x4.convert_i32x4_s(c0), by));
      }
      if (scales) y = f32x4.mul(y, v128.load32_splat(scales + (i << 2)));
      const to = out + ((i * n + j) << 2);
      v128.store32_lane(to, y, 0);
      if (to1) v128.store32_lane(to + (to1 << 2), y, 1);
      if (to2) v128.store32_lane(to + (to2 << 2), y, 2);
      if (to3) v128.store32_lane(to + (to3 << 2), y, 3);
    }
  }
  finishRows(out, bias, m, n, activation, begin, end);
}

/** sum + products of eight */
// @ts-ignore: decorator
@inline
function add(sum: v128, a: v128, b: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(a, b));
}

/** sum + products with 32 codes */
// @ts-ignore: decorator
@inline
function add4(sum: v128, x0: v128, x1: v128, x2: v128, x3: v128, codes: v128): v128 {
  const mask = i16x8.splat(15);
  sum = add(sum, x0, v128.and(codes, mask));
  sum = add(sum, x1, v128.and(i16x8.shr_u(codes, 4), mask));
  sum = add(sum, x2, v128.and(i16x8.shr_u(codes, 8), mask));
  return add(sum, x3, i16x8.shr_u(codes, 12));
}

/** 32 codes of 4 or 2 bits, four to a lane of i16. */
// @ts-ignore: decorator
@inline
function nibbles(codes: usize, bits: usize): v128 {
  if (bits == 4) return v128.load(codes);
  let v = v128.load_ext<u8>(codes);
  v = v128.and(v128.or(v, i16x8.shl(v, 4)), i8x16.splat(15));
  return v128.and(v128.or(v, i16x8.shl(v, 2)), i8x16.splat(0x33));
}

/** Rows [begin, end) of f32 numbers, each group padded with 0 to a multiple of `unit`: 16, or 32 in the order above. */
export function turn_rows_f32(
  out: usize, x: usize, k: usize, group: usize, unit: usize, stride: usize, begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    let to = out + ((begin * stride) << 2);
    memory.fill(to, 0, stride << 2);
    const row = x + ((begin * k) << 2);
    for (let first: usize = 0; first < k; first += group, to += ((group + unit - 1) & -unit) << 2)
      for (let p: usize = 0; p < group && first + p < k; p++) {
        const at = unit == 16 ? p : (p & ~31) + ((p & 3) << 3) + ((p & 31) >> 2);
        store<f32>(to + (at << 2), load<f32>(row + ((first + p) << 2)));
      }
  }
}

/** Columns [begin, end) of the product of rows of f32 numbers, from turn_rows_f32, and rows of codes: two of them at once. */
export function quant_matvec_f32(
  out: usize, a: usize, codes: usize, codeScales: usize, zeroPoints: usize, bias: usize,
  m: usize, k: usize, n: usize, group: usize, padded: usize, bits: usize, stride: usize, activation: i32, begin: usize, end: usize,
): void {
  const groups = (k + group - 1) / group;
  const bytes = rowBytes(k, group, bits);
  const groupBytes = bytesOf(group, bits);
  for (let j = begin; j < end; j += 2) {
    const more: usize = j + 1 < end ? 1 : 0;
    const next = more * bytes;
    const away = more * groups;
    for (let i: usize = 0; i < m; i++) {
      let x = a + ((i * stride) << 2);
      const rowEnd = x + (stride << 2);
      let from = codes + j * bytes;
      let scale = codeScales + ((j * groups) << 2);
      let zero = zeroPoints + j * groups;
      let y0 = splat(0), y1 = splat(0);
      for (; x < rowEnd; from += groupBytes, scale += 4, zero++) {
        const last = min(x + (padded << 2), rowEnd);
        const middle = 1 << <i32>(bits - 1);
        const zero0 = above(zeroPoints ? <i32>load<u8>(zero) : middle);
        const zero1 = above(zeroPoints ? <i32>load<u8>(zero + away) : middle);
        let c0 = splat(0), c1 = splat(0), d0 = splat(0), d1 = splat(0);
        // Few loads to a block: engines move them all to its start.
        if (bits == 8)
          for (let at = from; x < last; x += 32, at += 8) {
            const x0 = v128.load(x);
            const x1 = v128.load(x, 16);
            const v = v128.load_ext<u8>(at);
            const w = v128.load_ext<u8>(at + next);
            c0 = madd(x0, low(v, zero0), c0);
            c1 = madd(x1, high(v, zero0), c1);
            d0 = madd(x0, low(w, zero1), d0);
            d1 = madd(x1, high(w, zero1), d1);
          }
        else
          for (let at = from; x < last; at += bits << 2) {
            let v = nibbles(at, bits);
            let w = nibbles(at + next, bits);
            for (const turn = x + 128; x < turn; x += 32) {
              const x0 = v128.load(x);
              const x1 = v128.load(x, 16);
              const v4 = v128.and(v, i16x8.splat(15));
              const w4 = v128.and(w, i16x8.splat(15));
              c0 = madd(x0, low(v4, zero0), c0);
              c1 = madd(x1, high(v4, zero0), c1);
              d0 = madd(x0, low(w4, zero1), d0);
              d1 = madd(x1, high(w4, zero1), d1);
              v = i16x8.shr_u(v, 4);
              w = i16x8.shr_u(w, 4);
            }
          }
        y0 = madd(f32x4.add(c0, c1), v128.load32_splat(scale), y0);
        y1 = madd(f32x4.add(d0, d1), v128.load32_splat(scale + (away << 2)), y1);
      }
      const to = out + ((i * n + j) << 2);
      store<f32>(to, sumLanes(y0));
      if (more) store<f32>(to + (more << 2), sumLanes(y1));
    }
  }
  finishRows(out, bias, m, n, activation, begin, end);
}

/** A zero point with 2²³ added, four times. */
// @ts-ignore: decorator
@inline
function above(zero: i32): v128 {
  return i32x4.splat(0x4b000000 | zero);
}

/**
 * Codes 0..3 of eight less their zero point, which has 2²³ added. Behind the upper half of 2²³ a code is 2²³ + code: that takes less
 * than to convert it, and is as exact.
 */
// @ts-ignore: decorator
@inline
function low(codes: v128, zero: v128): v128 {
  return f32x4.sub(i16x8.shuffle(codes, i16x8.splat(0x4b00), 0, 8, 1, 9, 2, 10, 3, 11), zero);
}

/** Codes 4..7. */
// @ts-ignore: decorator
@inline
function high(codes: v128, zero: v128): v128 {
  return f32x4.sub(i16x8.shuffle(codes, i16x8.splat(0x4b00), 4, 12, 5, 13, 6, 14, 7, 15), zero);
}

/** Bias and activation for columns [begin, end) of every row. */
function finishRows(out: usize, bias: usize, m: usize, n: usize, activation: i32, begin: usize, end: usize): void {
  if (bias | <usize>activation) finish(out + (begin << 2), bias ? bias + (begin << 2) : 0, n << 2, m, end - begin, activation);
}
