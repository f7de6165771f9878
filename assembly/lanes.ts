// Four f32 lanes. This file alone differs between the binaries: relaxed SIMD may fuse multiply and add
// (one rounding), plain SIMD never does (two), and only plain is bit-stable from host to host.

/** Rows of a matrix product that are summed in registers at once. */
export const tileRows: usize = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

/** a · b + c */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** a · b + c, two f64 lanes */
// @ts-ignore: decorator
@inline
export function madd2(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

/** c − a · b */
// @ts-ignore: decorator
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** Per i32 lane: c + four products of a's bytes (−128..127) with b's, which must be 0..127. */
// @ts-ignore: decorator
@inline
export function dot(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(a, b, c);
  const pairs = i16x8.add(
    i16x8.shuffle(i16x8.extmul_low_i8x16_s(a, b), i16x8.extmul_high_i8x16_s(a, b), 0, 2, 4, 6, 8, 10, 12, 14),
    i16x8.shuffle(i16x8.extmul_low_i8x16_s(a, b), i16x8.extmul_high_i8x16_s(a, b), 1, 3, 5, 7, 9, 11, 13, 15),
  );
  return i32x4.add(c, i32x4.extadd_pairwise_i16x8_s(pairs));
}

/** Byte i: byte `at[i]` of the table; every `at` must be 0..15. */
// @ts-ignore: decorator
@inline
export function swizzle(table: v128, at: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, at);
  return i8x16.swizzle(table, at);
}

// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** Stores the first `lanes` (1..3) lanes of `x`: kernels may read past an end, never write. */
export function storeLanes(at: usize, x: v128, lanes: usize): void {
  v128.store32_lane(at, x, 0);
  if (lanes > 1) v128.store32_lane(at, x, 1, 4);
  if (lanes > 2) v128.store32_lane(at, x, 2, 8);
}

/** Stores the lanes of `x` that lie before `last`: the whole vector, or a tail. */
// @ts-ignore: decorator
@inline
export function put(at: usize, x: v128, last: usize): void {
  if (at + 16 <= last) v128.store(at, x);
  else storeLanes(at, x, (last - at) >> 2);
}

/** Lane mask of a tail: all ones in the first `lanes` lanes. */
// @ts-ignore: decorator
@inline
export function firstLanes(lanes: usize): v128 {
  return i32x4.gt_s(i32x4.splat(<i32>lanes), i32x4(0, 1, 2, 3));
}

/** Four values from `x`, 0 from number `left` on. Nothing is read if none is left. */
// @ts-ignore: decorator
@inline
export function head(x: usize, left: isize): v128 {
  if (left >= 4) return v128.load(x);
  if (left <= 0) return splat(0);
  return v128.and(v128.load(x), firstLanes(left));
}

/** Bit i: whether lane i of 8 is below 0 (−0 and NaN are not). */
// @ts-ignore: decorator
@inline
export function signs(low: v128, high: v128): u32 {
  const zero = splat(0);
  return i16x8.bitmask(i16x8.narrow_i32x4_s(f32x4.lt(low, zero), f32x4.lt(high, zero)));
}

/** Sum of the lanes, pairwise: (0 + 2) + (1 + 3). */
// @ts-ignore: decorator
@inline
export function sumLanes(x: v128): f32 {
  const half = f32x4.add(x, i64x2.shuffle(x, x, 1, 1));
  return f32x4.extract_lane(half, 0) + f32x4.extract_lane(half, 1);
}

/** Sum of i32 lanes. */
// @ts-ignore: decorator
@inline
export function sumIntegers(x: v128): i32 {
  const half = i32x4.add(x, i64x2.shuffle(x, x, 1, 1));
  return i32x4.extract_lane(half, 0) + i32x4.extract_lane(half, 1);
}

/** Largest lane; NaN if there is one. */
// @ts-ignore: decorator
@inline
export function maxLanes(x: v128): f32 {
  const half = f32x4.max(x, i64x2.shuffle(x, x, 1, 1));
  return max(f32x4.extract_lane(half, 0), f32x4.extract_lane(half, 1));
}

/** Smallest lane; NaN if there is one. */
// @ts-ignore: decorator
@inline
export function minLanes(x: v128): f32 {
  const half = f32x4.min(x, i64x2.shuffle(x, x, 1, 1));
  return min(f32x4.extract_lane(half, 0), f32x4.extract_lane(half, 1));
}

/** Writes a block of 4 × 4 turned: rows `fromStride` bytes apart become columns of rows `toStride` bytes apart. */
// @ts-ignore: decorator
@inline
export function turn(to: usize, toStride: usize, from: usize, fromStride: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + fromStride);
  const r2 = v128.load(from + (fromStride << 1));
  const r3 = v128.load(from + fromStride * 3);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(to + toStride, v128.shuffle<i64>(low01, low23, 1, 3));
  v128.store(to + (toStride << 1), v128.shuffle<i64>(high01, high23, 0, 2));
  v128.store(to + toStride * 3, v128.shuffle<i64>(high01, high23, 1, 3));
}
