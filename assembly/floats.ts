// Floats of 8 and 16 bits: sign, `exponent` bits, `mantissa` bits, biased and with subnormals as IEEE 754 has them (f16, bf16,
// e5m2); with `finite` the topmost code alone is NaN and there is no infinity (e4m3fn). One rounding, ties to even. Codes are
// written and read with no function of the format but shifts, so one kernel serves all.
import { put, splat } from "./lanes";

// @ts-ignore: decorator
@inline
function ints(x: i32): v128 {
  return i32x4.splat(x);
}

/** The largest finite code. */
// @ts-ignore: decorator
@inline
function topOf(exponent: i32, mantissa: i32, finite: i32): i32 {
  return finite ? (1 << (exponent + mantissa)) - 2 : (((1 << exponent) - 1) << mantissa) - 1;
}

/** Values [begin, end) to codes of 1 or 2 bytes. Beyond the largest: infinity, or NaN where there is none, or it, if `saturate`. */
export function float_encode_f32(
  out: usize, x: usize, exponent: i32, mantissa: i32, finite: i32, saturate: i32, begin: usize, end: usize,
): void {
  const bytes = (1 + exponent + mantissa) >> 3;
  const bias = (1 << (exponent - 1)) - 1;
  const shift = 23 - mantissa;
  const top = topOf(exponent, mantissa, finite);
  const nan = ints(finite ? top + 1 : top + 1 + (1 << (mantissa - 1)));
  // Below the least normal number the codes are multiples of one step: adding what has that step as its last place rounds to it.
  const least = ints((128 - bias) << 23);
  const magic = ints((151 - bias - mantissa) << 23);
  const sign = exponent + mantissa;
  const half = ints((1 << (shift - 1)) - 1), rebias = ints((127 - bias) << mantissa);
  const tops = ints(top), over = ints(saturate ? top : top + 1);
  for (; begin < end; begin += 4) {
    const value = v128.load(x + (begin << 2));
    const size = v128.and(value, ints(0x7fffffff));
    const rounded = i32x4.add(i32x4.add(size, half), v128.and(i32x4.shr_u(size, shift), ints(1)));
    let code = i32x4.sub(i32x4.shr_u(rounded, shift), rebias);
    code = v128.bitselect(i32x4.sub(f32x4.add(size, magic), magic), code, i32x4.lt_s(size, least));
    code = v128.bitselect(over, code, i32x4.gt_s(code, tops));
    code = v128.or(code, v128.and(i32x4.shr_u(value, 31 - sign), ints(1 << sign)));
    // One NaN, without a sign: hosts differ in it.
    code = v128.bitselect(nan, code, i32x4.gt_s(size, ints(0x7f800000)));
    const at = out + begin * bytes;
    const count = min(end - begin, 4);
    if (count == 4) {
      const words = v128.shuffle<u8>(code, code, 0, 1, 4, 5, 8, 9, 12, 13, 0, 4, 8, 12, 0, 4, 8, 12);
      if (bytes == 2) v128.store64_lane(at, words, 0);
      else v128.store32_lane(at, words, 2);
      continue;
    }
    for (let i: usize = 0; i < count; i++) {
      const one = i32x4.extract_lane(code, 0);
      if (bytes == 2) store<u16>(at + (i << 1), <u16>one);
      else store<u8>(at + i, <u8>one);
      code = v128.shuffle<i32>(code, code, 1, 2, 3, 0);
    }
  }
}

/** Rows [begin, end) of `len` codes to f32, each times its scale; `scale` 0: none. */
export function float_decode_f32(
  out: usize, codes: usize, scale: usize, len: usize, exponent: i32, mantissa: i32, finite: i32, begin: usize, end: usize,
): void {
  const bits = exponent + mantissa;
  const bytes = (1 + bits) >> 3;
  const top = topOf(exponent, mantissa, finite);
  const mask = ints((1 << bits) - 1), tops = ints(top), infinity = ints(finite ? top : top + 1), sign = ints(1 << 31);
  // The exponent is moved by a product with a power of two, which is exact, of subnormals too.
  const power = ints((255 - (1 << (exponent - 1))) << 23);
  for (; begin < end; begin++) {
    const by = scale ? v128.load32_splat(scale + (begin << 2)) : splat(1);
    const last = out + (((begin + 1) * len) << 2);
    let from = codes + begin * len * bytes;
    for (let at = out + ((begin * len) << 2); at < last; at += 16, from += bytes << 2) {
      const code = bytes == 2
        ? i32x4.extend_low_i16x8_u(v128.load64_zero(from))
        : i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from)));
      const size = v128.and(code, mask);
      let value = f32x4.mul(i32x4.shl(size, 23 - mantissa), power);
      const beyond = i32x4.gt_s(size, tops);
      if (v128.any_true(beyond)) {
        const special = v128.bitselect(ints(0x7fc00000), ints(0x7f800000), i32x4.gt_s(size, infinity));
        value = v128.bitselect(special, value, beyond);
      }
      put(at, f32x4.mul(v128.or(value, v128.and(i32x4.shl(code, 31 - bits), sign)), by), last);
    }
  }
}
