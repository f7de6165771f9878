// Philox-4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel Random Numbers: As Easy as 1, 2, 3"): counter-based, so value =
// f(seed, stream, index) and any slice can be drawn alone. Index i is word i % 4 of the block at counter
// (i / 4, 0, stream, 0) under key (seedLow, seedHigh).
import { splat, storeLanes } from "./lanes";
import { cos2pi4, log4 } from "./math";

/** One block, four words in the lanes. */
// @ts-ignore: decorator
@inline
function philox(counter: u32, stream: u32, seedLow: u32, seedHigh: u32): v128 {
  let c0 = counter;
  let c1: u32 = 0;
  let c2 = stream;
  let c3: u32 = 0;
  for (let round = 0; round < 10; round++) {
    const p0 = <u64>c0 * 0xd2511f53;
    const p1 = <u64>c2 * 0xcd9e8d57;
    c0 = <u32>(p1 >> 32) ^ c1 ^ seedLow;
    c2 = <u32>(p0 >> 32) ^ c3 ^ seedHigh;
    c1 = <u32>p1;
    c3 = <u32>p0;
    seedLow += 0x9e3779b9;
    seedHigh += 0xbb67ae85;
  }
  return i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(c0), 1, c1), 2, c2), 3, c3);
}

/** 24 random bits as a float in [0, 1). */
// @ts-ignore: decorator
@inline
function unit(bits: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(bits, 8)), splat(5.9604645e-8));
}

/** Stores lanes of the block at element `from` (a multiple of 4) that lie in [begin, end). */
// @ts-ignore: decorator
@inline
function storeBlock(out: usize, from: usize, values: v128, begin: usize, end: usize): void {
  const at = out + (from << 2);
  if (from >= begin && from + 4 <= end) v128.store(at, values);
  else if (from >= begin) storeLanes(at, values, end - from);
  else {
    if (from + 1 >= begin && from + 1 < end) v128.store32_lane(at, values, 1, 4);
    if (from + 2 >= begin && from + 2 < end) v128.store32_lane(at, values, 2, 8);
    if (from + 3 >= begin && from + 3 < end) v128.store32_lane(at, values, 3, 12);
  }
}

/** The raw words. */
export function bits_u32(
  out: usize, seedLow: u32, seedHigh: u32, stream: u32, begin: usize, end: usize,
): void {
  for (let i = begin & ~3; i < end; i += 4)
    storeBlock(out, i, philox(<u32>(i >> 2), stream, seedLow, seedHigh), begin, end);
}

/** low + (high − low) · u with u in [0, 1) of 24 bits; a value that rounds up to `high` becomes `low`. */
export function uniform_f32(
  out: usize, low: f32, high: f32, seedLow: u32, seedHigh: u32, stream: u32, begin: usize, end: usize,
): void {
  const lowest = splat(low);
  const highest = splat(high);
  const span = splat(high - low);
  for (let i = begin & ~3; i < end; i += 4) {
    const u = unit(philox(<u32>(i >> 2), stream, seedLow, seedHigh));
    const value = f32x4.add(f32x4.mul(u, span), lowest);
    storeBlock(out, i, v128.bitselect(value, lowest, f32x4.lt(value, highest)), begin, end);
  }
}

/** mean + std · z, z normal by Box & Muller (1958): words 0 and 1 give the radii, 2 and 3 the angles. */
export function normal_f32(
  out: usize, mean: f32, std: f32, seedLow: u32, seedHigh: u32, stream: u32, begin: usize, end: usize,
): void {
  for (let i = begin & ~3; i < end; i += 4) {
    const u = unit(philox(<u32>(i >> 2), stream, seedLow, seedHigh));
    // The radius takes 1 − u, which is never 0.
    const near = f32x4.sub(splat(1), v128.shuffle<f32>(u, u, 0, 1, 0, 1));
    const radius = f32x4.sqrt(f32x4.mul(log4(near), splat(-2)));
    const angle = v128.shuffle<f32>(u, u, 2, 3, 2, 3);
    const wave = v128.shuffle<f32>(cos2pi4(angle, 0), cos2pi4(angle, 1), 0, 1, 4, 5);
    storeBlock(out, i, f32x4.add(f32x4.mul(f32x4.mul(radius, wave), splat(std)), splat(mean)), begin, end);
  }
}

/** x · scale where a uniform number is ≥ p, else 0. The same seed gives the same mask: backward calls it on the gradient. */
export function dropout_f32(
  out: usize, x: usize, p: f32, scale: f32, seedLow: u32, seedHigh: u32, stream: u32, begin: usize, end: usize,
): void {
  for (let i = begin & ~3; i < end; i += 4) {
    const keep = f32x4.ge(unit(philox(<u32>(i >> 2), stream, seedLow, seedHigh)), splat(p));
    storeBlock(out, i, v128.and(f32x4.mul(v128.load(x + (i << 2)), splat(scale)), keep), begin, end);
  }
}

/** 0..n−1 in random order (Fisher & Yates, from the end; index by multiply-high of 64 random bits). One slice only. */
export function permutation_i32(out: usize, n: u32, seedLow: u32, seedHigh: u32, stream: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (i << 2), i);
  for (let i = n; i > 1; i--) {
    const words = philox(i, stream, seedLow, seedHigh);
    const low = (<u64>i64x2.extract_lane(words, 0) & 0xffffffff) * i;
    const j = <u32>(((<u64>i64x2.extract_lane(words, 0) >> 32) * i + (low >> 32)) >> 32);
    const a = out + ((i - 1) << 2);
    const b = out + (j << 2);
    const kept = load<u32>(a);
    store<u32>(a, load<u32>(b));
    store<u32>(b, kept);
  }
}
