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
  for (; begin < end; begin += 4) {
    const value = v128.load(x + (begin << 2));
    const size = v128.and(value, ints(0x7fffffff));
    const odd = v128.and(i32x4.shr_u(size, shift), ints(1));
    const rounded = i32x4.add(i32x4.add(size, ints((1 << (shift - 1)) - 1)), odd);
    let code = i32x4.sub(i32x4.shr_u(rounded, shift), ints((127 - bias) << mantissa));
    code = v128.bitselect(i32x4.sub(f32x4.add(size, magic), magic), code, i32x4.lt_s(size, least));
    code = v128.bitselect(ints(saturate ? top : top + 1), code, i32x4.gt_s(code, ints(top)));
    code = v128.or(code, v128.and(i32x4.shr_u(value, 31 - exponent - mantissa), ints(1 << (exponent + mantissa))));
    // One NaN, without a sign: hosts differ in it.
    code = v128.bitselect(nan, code, i32x4.gt_s(size, ints(0x7f800000)));
    const at = out + begin * bytes;
    const count = min(end - begin, 4);
    const words = v128.shuffle<u8>(code, code, 0, 1, 4, 5, 8, 9, 12, 13, 0, 4, 8, 12, 0, 4, 8, 12);
    if (count == 4) {
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

/** Four codes as f32, times `scale`. */
// @ts-ignore: decorator
@inline
function decode(codes: usize, exponent: i32, mantissa: i32, finite: i32, scale: v128): v128 {
  const bits = exponent + mantissa;
  const code = bits > 8
    ? i32x4.extend_low_i16x8_u(v128.load64_zero(codes))
    : i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(codes)));
  const size = v128.and(code, ints((1 << bits) - 1));
  const top = topOf(exponent, mantissa, finite);
  // The exponent is moved by a product with a power of two, which is exact, of subnormals too.
  const power = ints((254 - ((1 << (exponent - 1)) - 1)) << 23);
  const finites = f32x4.mul(i32x4.shl(size, 23 - mantissa), power);
  const beyond = v128.bitselect(ints(0x7fc00000), ints(0x7f800000), i32x4.gt_s(size, ints(finite ? top : top + 1)));
  const value = v128.bitselect(beyond, finites, i32x4.gt_s(size, ints(top)));
  return f32x4.mul(v128.or(value, i32x4.shl(i32x4.shr_u(code, bits), 31)), scale);
}

// @ts-ignore: decorator
@inline
function scaleOf(scale: usize, row: usize): v128 {
  return scale ? v128.load32_splat(scale + (row << 2)) : splat(1);
}

/** Rows [begin, end) of `len` codes to f32, each times its scale; `scale` 0: none. */
export function float_decode_f32(
  out: usize, codes: usize, scale: usize, len: usize, exponent: i32, mantissa: i32, finite: i32, begin: usize, end: usize,
): void {
  const bytes = (1 + exponent + mantissa) >> 3;
  for (; begin < end; begin++) {
    const by = scaleOf(scale, begin);
    const last = out + (((begin + 1) * len) << 2);
    let from = codes + begin * len * bytes;
    for (let at = out + ((begin * len) << 2); at < last; at += 16, from += bytes << 2)
      put(at, decode(from, exponent, mantissa, finite, by), last);
  }
}

/** As matmul_pack_f32, of n rows of k codes: panels [begin, end) of `ceil(n / 8)`, four codes of each row at a time. */
export function float_pack_f32(
  packed: usize, codes: usize, scale: usize, k: usize, n: usize, exponent: i32, mantissa: i32, finite: i32,
  begin: usize, end: usize,
): void {
  const bytes = (1 + exponent + mantissa) >> 3;
  for (; begin < end; begin++) {
    const panel = packed + begin * (k << 5);
    for (let j: usize = 0; j < 8; j++) {
      const row = (begin << 3) + j;
      const by = row < n ? scaleOf(scale, row) : splat(0);
      let from = codes + min(row, n - 1) * k * bytes;
      const last = panel + (k << 5);
      for (let to = panel + (j << 2); to < last; to += 128, from += bytes << 2) {
        const four = decode(from, exponent, mantissa, finite, by);
        v128.store32_lane(to, four, 0);
        if (to + 32 < last) v128.store32_lane(to, four, 1, 32);
        if (to + 64 < last) v128.store32_lane(to, four, 2, 64);
        if (to + 96 < last) v128.store32_lane(to, four, 3, 96);
      }
    }
  }
}
