// Codes of 4 bits into a table of 16 numbers, times a scale that `block` elements of the flat tensor share: NF4 (Dettmers et al.
// 2023). Two codes to a byte, the first in the low half. `block` is even, so that a block starts at a whole byte.
import { put } from "./lanes";

/**
 * Blocks [begin, end): the code of the table's nearest entry to x / scale, of two equally near the lower. The table ascends; a
 * scale of 0 stands for a block of zeros.
 */
export function codebook_encode_f32(
  out: usize, x: usize, scale: usize, table: usize, block: usize, size: usize, begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    const s = load<f32>(scale + (begin << 2));
    const by = v128.load32_splat(scale + (begin << 2));
    const last = min(size, (begin + 1) * block);
    for (let i = begin * block; i < last; i += 4) {
      let value = f32x4.div(v128.load(x + (i << 2)), by);
      if (s == 0) value = f32x4.splat(0);
      // A code is the number of midpoints below: −1 to a lane for each.
      let code = i32x4.splat(0);
      for (let entry = table; entry < table + 60; entry += 4) {
        const middle = f32x4.splat((load<f32>(entry) + load<f32>(entry, 4)) * 0.5);
        code = i32x4.sub(code, f32x4.gt(value, middle));
      }
      const pairs = v128.or(code, i64x2.shr_u(code, 28));
      store<u8>(out + (i >> 1), <u8>i32x4.extract_lane(last - i > 1 ? pairs : code, 0));
      if (last - i > 2) store<u8>(out + (i >> 1), <u8>i32x4.extract_lane(last - i > 3 ? pairs : code, 2), 1);
    }
  }
}

/** Blocks [begin, end) of the flat tensor, sixteen codes at a time: each byte of the numbers is looked up in a plane of its own. */
export function codebook_decode_f32(
  out: usize, codes: usize, scale: usize, table: usize, block: usize, size: usize, begin: usize, end: usize,
): void {
  const t0 = v128.load(table), t1 = v128.load(table, 16), t2 = v128.load(table, 32), t3 = v128.load(table, 48);
  const low01 = v128.shuffle<u8>(t0, t1, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
  const low23 = v128.shuffle<u8>(t2, t3, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
  const high01 = v128.shuffle<u8>(t0, t1, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
  const high23 = v128.shuffle<u8>(t2, t3, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
  const p0 = v128.shuffle<i64>(low01, low23, 0, 2), p1 = v128.shuffle<i64>(low01, low23, 1, 3);
  const p2 = v128.shuffle<i64>(high01, high23, 0, 2), p3 = v128.shuffle<i64>(high01, high23, 1, 3);
  for (; begin < end; begin++) {
    const by = v128.load32_splat(scale + (begin << 2));
    const last = out + (min(size, (begin + 1) * block) << 2);
    let from = codes + ((begin * block) >> 1);
    for (let at = out + ((begin * block) << 2); at < last; at += 64, from += 8) {
      const pairs = v128.load64_zero(from);
      const code = v128.shuffle<u8>(
        v128.and(pairs, i8x16.splat(15)), i8x16.shr_u(pairs, 4), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23,
      );
      const b0 = i8x16.swizzle(p0, code), b1 = i8x16.swizzle(p1, code);
      const b2 = i8x16.swizzle(p2, code), b3 = i8x16.swizzle(p3, code);
      const h0 = v128.shuffle<u8>(b0, b1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const h1 = v128.shuffle<u8>(b2, b3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const h2 = v128.shuffle<u8>(b0, b1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const h3 = v128.shuffle<u8>(b2, b3, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      put(at, f32x4.mul(v128.shuffle<i16>(h0, h1, 0, 8, 1, 9, 2, 10, 3, 11), by), last);
      if (at + 16 < last) put(at + 16, f32x4.mul(v128.shuffle<i16>(h0, h1, 4, 12, 5, 13, 6, 14, 7, 15), by), last);
      if (at + 32 < last) put(at + 32, f32x4.mul(v128.shuffle<i16>(h2, h3, 0, 8, 1, 9, 2, 10, 3, 11), by), last);
      if (at + 48 < last) put(at + 48, f32x4.mul(v128.shuffle<i16>(h2, h3, 4, 12, 5, 13, 6, 14, 7, 15), by), last);
    }
  }
}
