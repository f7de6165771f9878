// Few rows of integers times bytes [k, n], read where they are, along their rows: eight of them at a time, all the way: more, a
// multiple of 4 KB apart, would push each other out of the cache. The sums wait in the result.
import { storeRow } from "./epilogue";
import { splat } from "./lanes";

/**
 * Columns [begin, end) of the product of rows of i16, one after another from widen_rows_i16 with their `sums`, and bytes less the zero
 * points of their columns. As exact as int_matmul_i16: what wraps on the way comes back.
 */
export function int_matvec_u8(
  out: usize, a: usize, sums: usize, b: usize, zeroPoints: usize, m: usize, k: usize, n: usize, stride: usize, begin: usize, end: usize,
): void {
  for (let first: usize = 0; first == 0 || first < k; first += 8) {
    const last = min(first + 8, k);
    for (let i: usize = 0; i < m; i++) {
      const row = a + ((i * stride) << 1);
      const sum = v128.load32_splat(sums + (i << 2));
      for (let j = begin; j < end; j += 16) {
        const to = out + ((i * n + j) << 2);
        const columns = min(end - j, 16);
        let c0: v128, c1: v128, c2: v128, c3: v128;
        if (first) {
          c0 = v128.load(to);
          c1 = v128.load(columns > 4 ? to + 16 : to);
          c2 = v128.load(columns > 8 ? to + 32 : to);
          c3 = v128.load(columns > 12 ? to + 48 : to);
        } else {
          const zeros = v128.load(zeroPoints + j);
          const low = i16x8.extend_low_i8x16_u(zeros);
          const high = i16x8.extend_high_i8x16_u(zeros);
          c0 = i32x4.neg(i32x4.mul(sum, i32x4.extend_low_i16x8_u(low)));
          c1 = i32x4.neg(i32x4.mul(sum, i32x4.extend_high_i16x8_u(low)));
          c2 = i32x4.neg(i32x4.mul(sum, i32x4.extend_low_i16x8_u(high)));
          c3 = i32x4.neg(i32x4.mul(sum, i32x4.extend_high_i16x8_u(high)));
        }
        let from = b + first * n + j;
        let row1 = n, row2 = n << 1, row3 = n * 3;
        for (let p = first; p < last; p += 4, from += n << 2) {
          // Rows past the end are the first again: A holds 0 there.
          if (p + 4 > last) {
            if (p + 1 == last) row1 = 0;
            if (p + 2 >= last) row2 = 0;
            row3 = 0;
          }
          const x = row + (p << 1);
          const top = v128.load(from);
          const under = v128.load(from + row1);
          const top2 = v128.load(from + row2);
          const under2 = v128.load(from + row3);
          let pair = v128.load32_splat(x);
          let pairs = lows(top, under);
          c0 = i32x4.add(c0, i32x4.dot_i16x8_s(pair, i16x8.extend_low_i8x16_u(pairs)));
          c1 = i32x4.add(c1, i32x4.dot_i16x8_s(pair, i16x8.extend_high_i8x16_u(pairs)));
          pairs = highs(top, under);
          c2 = i32x4.add(c2, i32x4.dot_i16x8_s(pair, i16x8.extend_low_i8x16_u(pairs)));
          c3 = i32x4.add(c3, i32x4.dot_i16x8_s(pair, i16x8.extend_high_i8x16_u(pairs)));
          pair = v128.load32_splat(x, 4);
          pairs = lows(top2, under2);
          c0 = i32x4.add(c0, i32x4.dot_i16x8_s(pair, i16x8.extend_low_i8x16_u(pairs)));
          c1 = i32x4.add(c1, i32x4.dot_i16x8_s(pair, i16x8.extend_high_i8x16_u(pairs)));
          pairs = highs(top2, under2);
          c2 = i32x4.add(c2, i32x4.dot_i16x8_s(pair, i16x8.extend_low_i8x16_u(pairs)));
          c3 = i32x4.add(c3, i32x4.dot_i16x8_s(pair, i16x8.extend_high_i8x16_u(pairs)));
        }
        if (columns == 16) {
          v128.store(to, c0);
          v128.store(to, c1, 16);
          v128.store(to, c2, 32);
          v128.store(to, c3, 48);
        } else put16(to, c0, c1, c2, c3, columns);
      }
    }
  }
}

/** The first eight bytes of two rows side by side. */
// @ts-ignore: decorator
@inline
function lows(x: v128, y: v128): v128 {
  return i8x16.shuffle(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/** The last eight. */
// @ts-ignore: decorator
@inline
function highs(x: v128, y: v128): v128 {
  return i8x16.shuffle(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** A call, but the last use of the sums: none of them gets a stack slot. */
function put16(to: usize, c0: v128, c1: v128, c2: v128, c3: v128, columns: usize): void {
  if (columns > 8) {
    v128.store(to, c0);
    v128.store(to, c1, 16);
    to += 32;
    columns -= 8;
    c0 = c2;
    c1 = c3;
  }
  storeRow(to, c0, c1, columns);
}
