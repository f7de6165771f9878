// Pruning masks: bytes, 1 keeps. Rows are independent, and equal scores are told apart by place, so a mask is one answer.
import { firstLanes, put } from "./lanes";
import { rank } from "./rows";

/** Four numbers as integers of the same order: negative ones have their magnitude turned round, −0 is 0. */
// @ts-ignore: decorator
@inline
function keys(x: v128): v128 {
  const bits = v128.andnot(x, f32x4.eq(x, f32x4.splat(0)));
  return v128.xor(bits, i32x4.shr_u(i32x4.shr_s(bits, 31), 1));
}

/** How many of the numbers [x, last) have a key below this one. */
function below(x: usize, last: usize, key: i32): usize {
  const limit = i32x4.splat(key);
  let a = i32x4.splat(0);
  let b = a;
  for (; x + 32 <= last; x += 32) {
    a = i32x4.sub(a, i32x4.lt_s(keys(v128.load(x)), limit));
    b = i32x4.sub(b, i32x4.lt_s(keys(v128.load(x, 16)), limit));
  }
  a = i32x4.add(a, b);
  for (; x < last; x += 16) {
    const less = v128.and(i32x4.lt_s(keys(v128.load(x)), limit), firstLanes(min(last - x, 16) >> 2));
    a = i32x4.sub(a, less);
  }
  a = i32x4.add(a, i64x2.shuffle(a, a, 1, 1));
  return <usize>(i32x4.extract_lane(a, 0) + i32x4.extract_lane(a, 1));
}

/**
 * Drops the `drop` smallest scores of each row of `len`, of equal ones the last. The threshold is found bit by bit from the top:
 * the largest key that no more than `drop` scores are below. Most searches end early, with exactly so many.
 */
export function mask_largest_f32(out: usize, scores: usize, len: usize, drop: usize, begin: usize, end: usize): void {
  for (let row = begin; row < end; row++) {
    const x = scores + ((row * len) << 2);
    const to = out + row * len;
    let threshold = i32.MIN_VALUE;
    let dropped: usize = 0;
    for (let bit: i32 = i32.MIN_VALUE; bit != 0 && dropped < drop; bit = <i32>(<u32>bit >> 1)) {
      const count = below(x, x + (len << 2), threshold + bit);
      if (count <= drop) {
        threshold += bit;
        dropped = count;
      }
    }
    let i: usize = 0;
    const limit = i32x4.splat(threshold);
    for (; i + 4 <= len; i += 4) {
      const kept = i32x4.ge_s(keys(v128.load(x + (i << 2))), limit);
      const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(kept, kept), kept);
      v128.store32_lane(to + i, v128.and(bytes, i8x16.splat(1)), 0);
    }
    for (; i < len; i++) store<u8>(to + i, key(x + (i << 2)) >= threshold ? 1 : 0);
    // What is still to go is equal to the threshold.
    while (dropped < drop) {
      i--;
      if (key(x + (i << 2)) != threshold) continue;
      store<u8>(to + i, 0);
      dropped++;
    }
  }
}

// @ts-ignore: decorator
@inline
function key(at: usize): i32 {
  return i32x4.extract_lane(keys(v128.load32_zero(at)), 0);
}

/** Of every `m` scores in turn of a row of `cols` keeps the `n` largest, of equal ones the first. A shorter rest keeps `n` too. */
export function mask_pattern_f32(
  out: usize, scores: usize, cols: usize, n: usize, m: usize, begin: usize, end: usize,
): void {
  for (let row = begin; row < end; row++)
    for (let first: usize = 0; first < cols; first += m) {
      const at = row * cols + first;
      const size = min(m, cols - first);
      for (let i: usize = 0; i < size; i++) store<u8>(out + at + i, <u8>(rank(scores + (at << 2), i, size) < n));
    }
}

/** out = mask ? x : 0, elements [begin, end); in place where out is x. What is kept keeps every bit. */
export function mask_f32(out: usize, x: usize, mask: usize, begin: usize, end: usize): void {
  for (let i = begin; i < end; i += 4) {
    const bytes = i16x8.extend_low_i8x16_u(v128.load32_zero(mask + i));
    const kept = i32x4.ne(i32x4.extend_low_i16x8_u(bytes), i32x4.splat(0));
    put(out + (i << 2), v128.and(v128.load(x + (i << 2)), kept), out + (end << 2));
  }
}
