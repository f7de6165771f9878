// What gradient codecs do to every element: signs as bits, rounding up or down by chance; and the numbers that tell where the few
// elements are that are sent, in Elias's gamma code.
import { head, put, signs, splat } from "./lanes";

/** Bytes [begin, end): bit i of byte b is 1 where element 8 b + i of x is below 0. Bits past n are 0. */
export function signs_pack_f32(out: usize, x: usize, n: usize, begin: usize, end: usize): void {
  for (; begin < end; begin++) {
    const from = x + (begin << 5);
    const left = <isize>(n - (begin << 3));
    store<u8>(out + begin, signs(head(from, left), head(from + 16, left - 4)));
  }
}

/** Its inverse: −scale where the bit is 1, else scale. Bytes [begin, end) of bits, 8 elements each but for the last. */
export function signs_unpack_f32(out: usize, bits: usize, scale: f32, n: usize, begin: usize, end: usize): void {
  const low = i32x4(1, 2, 4, 8);
  const last = out + (n << 2);
  for (; begin < end; begin++) {
    const to = out + (begin << 5);
    const byte = i32x4.splat(load<u8>(bits + begin));
    const upper = i32x4.shr_u(byte, 4);
    put(to, v128.bitselect(splat(-scale), splat(scale), i32x4.eq(v128.and(byte, low), low)), last);
    if (to + 16 < last)
      put(to + 16, v128.bitselect(splat(-scale), splat(scale), i32x4.eq(v128.and(upper, low), low)), last);
  }
}

/**
 * Levels −levels..levels, i32: |x| · levels / largest rounded up where `uniforms` (in [0, 1)) are below its fraction, else down, with
 * the sign of x. On average that is x. Elements [begin, end); largest above 0.
 */
export function levels_i32(
  out: usize, x: usize, uniforms: usize, levels: f32, largest: f32, begin: usize, end: usize,
): void {
  for (let i = begin; i < end; i += 4) {
    const v = v128.load(x + (i << 2));
    const exact = f32x4.div(f32x4.mul(f32x4.abs(v), splat(levels)), splat(largest));
    const floor = f32x4.floor(exact);
    const up = f32x4.lt(v128.load(uniforms + (i << 2)), f32x4.sub(exact, floor));
    const level = f32x4.min(f32x4.add(floor, v128.and(up, splat(1))), splat(levels));
    const negative = f32x4.lt(v, splat(0));
    // −level = ~level + 1
    const signed = i32x4.sub(v128.xor(i32x4.trunc_sat_f32x4_s(level), negative), negative);
    put(out + (i << 2), signed, out + (end << 2));
  }
}

/**
 * Elias's gamma code (1975) of `count` integers from 1 to 2³¹ − 1: as many zeros as bits follow the leading 1, then these. Bits fill
 * bytes from the lowest. One slice only.
 */
export function gamma_pack_i32(out: usize, values: usize, count: usize): void {
  let bits: u64 = 0;
  let held: u32 = 0;
  for (const last = values + (count << 2); values < last; values += 4) {
    const value = load<u32>(values);
    const length = 31 - clz(value);
    bits |= <u64>1 << (held + length);
    held += length + 1;
    for (; held >= 8; held -= 8, bits >>= 8) store<u8>(out++, <u8>bits);
    bits |= <u64>(value - (1 << length)) << held;
    held += length;
    for (; held >= 8; held -= 8, bits >>= 8) store<u8>(out++, <u8>bits);
  }
  if (held > 0) store<u8>(out, <u8>bits);
}

/** Its inverse, from `size` bytes. 0 from where they end, or make no number, on. One slice only. */
export function gamma_unpack_i32(out: usize, bytes: usize, size: usize, count: usize): void {
  const end = bytes + size;
  const last = out + (count << 2);
  let bits: u64 = 0;
  let held: u32 = 0;
  for (; out < last; out += 4) {
    for (; held <= 32 && bytes < end; held += 8) bits |= <u64>load<u8>(bytes++) << held;
    // Without a 1 there are 64 zeros.
    const length = <u32>ctz(bits);
    if (length > 30) break;
    bits >>= length + 1;
    held -= length + 1;
    for (; held <= 32 && bytes < end; held += 8) bits |= <u64>load<u8>(bytes++) << held;
    if (held < length) break;
    const mask = ((<u64>1) << length) - 1;
    store<u32>(out, (1 << length) + <u32>(bits & mask));
    bits >>= length;
    held -= length;
  }
  memory.fill(out, 0, last - out);
}
