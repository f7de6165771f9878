// Four at a time. To integers they truncate and saturate; NaN becomes 0.
import { put, splat } from "./lanes";

/** Four bytes as i32. */
// @ts-ignore: decorator
@inline
function bytes(x: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(x)));
}

/** Stores four i32 as bytes, those of them that lie before `last`. */
// @ts-ignore: decorator
@inline
function putBytes(at: usize, x: v128, last: usize): void {
  const words = i16x8.narrow_i32x4_s(x, x);
  let four = i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0);
  if (at + 4 <= last) store<i32>(at, four);
  else for (; at < last; at++, four >>= 8) store<u8>(at, <u8>four);
}

export function cast_f32_i32(out: usize, x: usize, begin: usize, end: usize): void {
  const last = out + (end << 2);
  for (let at = begin << 2; out + at < last; at += 16) put(out + at, f32x4.convert_i32x4_s(v128.load(x + at)), last);
}

/** Times `scale`: what bytes of an image stand for. */
export function cast_f32_u8(out: usize, x: usize, scale: f32, begin: usize, end: usize): void {
  const by = splat(scale);
  const last = out + (end << 2);
  out += begin << 2;
  for (x += begin; out < last; out += 16, x += 4) put(out, f32x4.mul(f32x4.convert_i32x4_s(bytes(x)), by), last);
}

export function cast_i32_f32(out: usize, x: usize, begin: usize, end: usize): void {
  const last = out + (end << 2);
  for (let at = begin << 2; out + at < last; at += 16) put(out + at, i32x4.trunc_sat_f32x4_s(v128.load(x + at)), last);
}

export function cast_i32_u8(out: usize, x: usize, begin: usize, end: usize): void {
  const last = out + (end << 2);
  out += begin << 2;
  for (x += begin; out < last; out += 16, x += 4) put(out, bytes(x), last);
}

export function cast_u8_f32(out: usize, x: usize, begin: usize, end: usize): void {
  for (; begin < end; begin += 4)
    putBytes(out + begin, i32x4.trunc_sat_f32x4_s(v128.load(x + (begin << 2))), out + end);
}

export function cast_u8_i32(out: usize, x: usize, begin: usize, end: usize): void {
  for (; begin < end; begin += 4) putBytes(out + begin, v128.load(x + (begin << 2)), out + end);
}
