// Affine codes of matrices: code = clip(round(x / scale) + zeroPoint), x ≈ (code − zeroPoint) · scale. A scale and a zero point
// for each row and each run of `group` columns. Codes are unsigned here: signed ones are shifted by half their range.
import { centered, codes8, putCode, rowBytes, zeroAt } from "./codes";
import { put, putTurned, splat } from "./lanes";

/** Codes of rows [begin, end). x is finite. `zeroPoints` may be 0: all in the middle. */
export function quantize_affine_f32(
  out: usize, x: usize, scales: usize, zeroPoints: usize, columns: usize, group: usize, bits: usize, begin: usize, end: usize,
): void {
  const groups = (columns + group - 1) / group;
  const bytes = rowBytes(columns, bits);
  const largest = (1 << <i32>bits) - 1;
  for (; begin < end; begin++) {
    const row = out + begin * bytes;
    memory.fill(row, 0, bytes);
    const from = x + ((begin * columns) << 2);
    for (let g: usize = 0; g < groups; g++) {
      const index = begin * groups + g;
      const scale = v128.load32_splat(scales + (index << 2));
      const zero = zeroAt(zeroPoints, index, bits);
      const least = splat(<f32>-zero);
      const most = splat(<f32>(largest - zero));
      const last = min((g + 1) * group, columns);
      for (let at = g * group; at < last; at += 4) {
        const q = centered(v128.load(from + (at << 2)), scale, least, most);
        putCode(row, at, bits, i32x4.extract_lane(q, 0) + zero);
        if (at + 1 < last) putCode(row, at + 1, bits, i32x4.extract_lane(q, 1) + zero);
        if (at + 2 < last) putCode(row, at + 2, bits, i32x4.extract_lane(q, 2) + zero);
        if (at + 3 < last) putCode(row, at + 3, bits, i32x4.extract_lane(q, 3) + zero);
      }
    }
  }
}

/** The f32 numbers of rows [begin, end). */
export function dequantize_affine_f32(
  out: usize, codes: usize, scales: usize, zeroPoints: usize, columns: usize, group: usize, bits: usize, begin: usize, end: usize,
): void {
  const groups = (columns + group - 1) / group;
  const bytes = rowBytes(columns, bits);
  for (; begin < end; begin++) {
    const row = codes + begin * bytes;
    const to = out + ((begin * columns) << 2);
    for (let g: usize = 0; g < groups; g++) {
      const index = begin * groups + g;
      const scale = v128.load32_splat(scales + (index << 2));
      const zero = i16x8.splat(<i16>zeroAt(zeroPoints, index, bits));
      const last = min((g + 1) * group, columns);
      for (let at = g * group; at < last; at += 8) {
        const q = i16x8.sub(codes8(row, at, bits), zero);
        put(to + (at << 2), f32x4.mul(low(q), scale), to + (last << 2));
        if (at + 4 < last) put(to + (at << 2) + 16, f32x4.mul(high(q), scale), to + (last << 2));
      }
    }
  }
}

/**
 * The f32 numbers of rows, in panels [begin, end) of 8 rows as matmul_f32 reads its second matrix: rows past the last repeat it.
 */
export function pack_affine_f32(
  packed: usize, codes: usize, scales: usize, zeroPoints: usize, columns: usize, rows: usize, group: usize, bits: usize,
  begin: usize, end: usize,
): void {
  const groups = (columns + group - 1) / group;
  const bytes = rowBytes(columns, bits);
  for (; begin < end; begin++)
    for (let half: usize = 0; half < 8; half += 4) {
      const to = packed + begin * (columns << 5) + (half << 2);
      const row = (begin << 3) + half;
      const i0 = min(row, rows - 1);
      const i1 = min(row + 1, rows - 1);
      const i2 = min(row + 2, rows - 1);
      const i3 = min(row + 3, rows - 1);
      for (let g: usize = 0; g < groups; g++) {
        const s0 = v128.load32_splat(scales + ((i0 * groups + g) << 2));
        const s1 = v128.load32_splat(scales + ((i1 * groups + g) << 2));
        const s2 = v128.load32_splat(scales + ((i2 * groups + g) << 2));
        const s3 = v128.load32_splat(scales + ((i3 * groups + g) << 2));
        const z0 = i16x8.splat(<i16>zeroAt(zeroPoints, i0 * groups + g, bits));
        const z1 = i16x8.splat(<i16>zeroAt(zeroPoints, i1 * groups + g, bits));
        const z2 = i16x8.splat(<i16>zeroAt(zeroPoints, i2 * groups + g, bits));
        const z3 = i16x8.splat(<i16>zeroAt(zeroPoints, i3 * groups + g, bits));
        const last = min((g + 1) * group, columns);
        for (let at = g * group; at < last; at += 8) {
          const q0 = i16x8.sub(codes8(codes + i0 * bytes, at, bits), z0);
          const q1 = i16x8.sub(codes8(codes + i1 * bytes, at, bits), z1);
          const q2 = i16x8.sub(codes8(codes + i2 * bytes, at, bits), z2);
          const q3 = i16x8.sub(codes8(codes + i3 * bytes, at, bits), z3);
          const first = to + (at << 5);
          const left = last - at;
          putTurned(
            first, 32, f32x4.mul(low(q0), s0), f32x4.mul(low(q1), s1), f32x4.mul(low(q2), s2), f32x4.mul(low(q3), s3), left,
          );
          if (left > 4)
            putTurned(
              first + 128, 32,
              f32x4.mul(high(q0), s0), f32x4.mul(high(q1), s1), f32x4.mul(high(q2), s2), f32x4.mul(high(q3), s3), left - 4,
            );
        }
      }
    }
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
