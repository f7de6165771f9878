// Affine codes of matrices: code = clip(round(x / scale) + zeroPoint), x ≈ (code − zeroPoint) · scale. A scale and a zero point
// for each row and each group of columns, the last of which may be short. Codes are unsigned here: signed ones are shifted by half
// their range.
import { bytesOf, centered, codes8, factors, largest, places, rowBytes, zeroAt } from "./codes";
import { put, splat } from "./lanes";

/** Codes of rows [begin, end). x is finite. `zeroPoints` may be 0: all in the middle. */
export function quantize_affine_f32(
  out: usize, x: usize, scales: usize, zeroPoints: usize, columns: usize, group: usize, bits: usize, begin: usize, end: usize,
): void {
  const groups = (columns + group - 1) / group;
  const bytes = rowBytes(columns, group, bits);
  const most = (1 << <i32>bits) - 1;
  for (; begin < end; begin++) {
    const row = out + begin * bytes;
    memory.fill(row, 0, bytes);
    for (let g: usize = 0; g < groups; g++) {
      const index = begin * groups + g;
      const scale = v128.load32_splat(scales + (index << 2));
      const zero = zeroAt(zeroPoints, index, bits);
      const low = splat(<f32>-zero);
      const high = splat(<f32>(most - zero));
      const first = g * group;
      const last = min(first + group, columns);
      for (let at = first, bit = g * (bytesOf(group, bits) << 3); at < last; at++, bit += bits) {
        const q = centered(v128.load32_splat(x + ((begin * columns + at) << 2)), scale, low, high);
        const byte = row + (bit >> 3);
        store<u8>(byte, load<u8>(byte) | ((i32x4.extract_lane(q, 0) + zero) << (bit & 7)));
      }
    }
  }
}

/** The f32 numbers of rows [begin, end). */
export function dequantize_affine_f32(
  out: usize, codes: usize, scales: usize, zeroPoints: usize, columns: usize, group: usize, bits: usize, begin: usize, end: usize,
): void {
  const groups = (columns + group - 1) / group;
  const bytes = rowBytes(columns, group, bits);
  const where = places(bits);
  const shift = factors(bits);
  const mask = largest(bits);
  for (; begin < end; begin++) {
    const to = out + ((begin * columns) << 2);
    for (let g: usize = 0; g < groups; g++) {
      const index = begin * groups + g;
      const scale = v128.load32_splat(scales + (index << 2));
      const zero = i16x8.splat(<i16>zeroAt(zeroPoints, index, bits));
      const first = g * group;
      const last = min(first + group, columns);
      const from = codes + begin * bytes + g * bytesOf(group, bits);
      // Half of eight codes a turn: one tail to care for.
      for (let at = first; at < last; at += 4) {
        const q = i16x8.sub(codes8(from + (((at - first) * bits) >> 3), where, shift, mask), zero);
        put(to + (at << 2), f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(q)), scale), to + (last << 2));
      }
    }
  }
}

/**
 * Rows of codes in panels [begin, end) of 8; rows past the last repeat it. With `stride` 0 they are f32 numbers, as matmul_f32 reads
 * its second matrix. Else codes less their zero points as int_matmul_i16 reads them, `stride` i16 to a row, and the last panel begins
 * early rather than stick out: each group begins with 8 scales, if there are scales, and ends at a multiple of 8 columns, those past
 * its own anything.
 */
export function pack_codes(
  packed: usize, codes: usize, scales: usize, zeroPoints: usize, columns: usize, rows: usize, group: usize, bits: usize, stride: usize,
  begin: usize, end: usize,
): void {
  const groups = (columns + group - 1) / group;
  const bytes = rowBytes(columns, group, bits);
  const where = places(bits);
  const shift = factors(bits);
  const mask = largest(bits);
  const head: usize = scales && stride ? 32 : 0;
  const panel = stride ? (stride << 4) + groups * head : columns << 5;
  for (; begin < end; begin++)
    for (let pair: usize = 0; pair < 8; pair += 2) {
      let to = packed + begin * panel + (pair << 2);
      const top = stride && rows > 8 ? min(begin << 3, rows - 8) : begin << 3;
      const i0 = min(top + pair, rows - 1);
      const i1 = min(i0 + 1, rows - 1);
      for (let g: usize = 0; g < groups; g++) {
        const at0 = i0 * groups + g;
        const at1 = i1 * groups + g;
        const s0 = scales ? v128.load32_splat(scales + (at0 << 2)) : mask;
        const s1 = scales ? v128.load32_splat(scales + (at1 << 2)) : mask;
        if (head) v128.store64_lane(to, v128.shuffle<f32>(s0, s1, 0, 4, 0, 4), 0);
        to += head;
        const z0 = i16x8.splat(<i16>zeroAt(zeroPoints, at0, bits));
        const z1 = i16x8.splat(<i16>zeroAt(zeroPoints, at1, bits));
        const first = g * group;
        const last = min(first + group, columns);
        let from = codes + g * bytesOf(group, bits);
        for (let at = first; at < last; at += 8, from += bits) {
          const q0 = i16x8.sub(codes8(from + i0 * bytes, where, shift, mask), z0);
          const q1 = i16x8.sub(codes8(from + i1 * bytes, where, shift, mask), z1);
          if (stride) to = putPairs(to, q0, q1, 4);
          else {
            to = putPairs(to, f32x4.mul(low(q0), s0), f32x4.mul(low(q1), s1), last - at);
            if (at + 4 < last) to = putPairs(to, f32x4.mul(high(q0), s0), f32x4.mul(high(q1), s1), last - at - 4);
          }
        }
      }
    }
}

/** The first `count` lanes of two rows side by side, 32 bytes apart; returns where the next go. */
// @ts-ignore: decorator
@inline
function putPairs(to: usize, x0: v128, x1: v128, count: usize): usize {
  const pairs01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const pairs23 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  v128.store64_lane(to, pairs01, 0);
  if (count == 1) return to + 32;
  v128.store64_lane(to, pairs01, 1, 32);
  if (count == 2) return to + 64;
  v128.store64_lane(to, pairs23, 0, 64);
  if (count == 3) return to + 96;
  v128.store64_lane(to, pairs23, 1, 96);
  return to + 128;
}

/** Codes 0..3 of eight as f32. */
// @ts-ignore: decorator
@inline
function low(codes: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(codes));
}

/** Codes 4..7. */
// @ts-ignore: decorator
@inline
function high(codes: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(codes));
}
