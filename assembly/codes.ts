// Integer codes of 8, 4 or 2 bits, packed low bits first, every group of a row beginning at a byte; and how numbers become codes.
import { splat } from "./lanes";

/**
 * Codes of x less their zero point: x / scale to the nearest integer, ties to the even one, from `least` = −zeroPoint to `most`,
 * the largest code − zeroPoint. NaN gives `least`.
 */
// @ts-ignore: decorator
@inline
export function centered(x: v128, scale: v128, least: v128, most: v128): v128 {
  const bounded = f32x4.pmin(f32x4.pmax(least, f32x4.div(x, scale)), most);
  return roundHalfEven(bounded);
}

/** The one rounding rule, as i32, for |x| below 2²²: next to 1.5 · 2²³ numbers have no bits below 1. */
// @ts-ignore: decorator
@inline
export function roundHalfEven(x: v128): v128 {
  return i32x4.sub(f32x4.add(x, splat(12582912)), i32x4.splat(0x4b400000));
}

/** Bytes of a run of codes, such as a group. */
// @ts-ignore: decorator
@inline
export function bytesOf(count: usize, bits: usize): usize {
  return (count * bits + 7) >> 3;
}

/** Bytes of a row. */
// @ts-ignore: decorator
@inline
export function rowBytes(columns: usize, group: usize, bits: usize): usize {
  return (columns / group) * bytesOf(group, bits) + bytesOf(columns % group, bits);
}

/** The zero point at an index; where none are stored it lies in the middle. */
// @ts-ignore: decorator
@inline
export function zeroAt(zeroPoints: usize, index: usize, bits: usize): i32 {
  return zeroPoints ? <i32>load<u8>(zeroPoints + index) : 1 << <i32>(bits - 1);
}

/** The byte that holds each of eight codes, in a lane of its own. */
// @ts-ignore: decorator
@inline
export function places(bits: usize): v128 {
  if (bits == 8) return i8x16(0, -1, 1, -1, 2, -1, 3, -1, 4, -1, 5, -1, 6, -1, 7, -1);
  if (bits == 4) return i8x16(0, -1, 0, -1, 1, -1, 1, -1, 2, -1, 2, -1, 3, -1, 3, -1);
  return i8x16(0, -1, 0, -1, 0, -1, 0, -1, 1, -1, 1, -1, 1, -1, 1, -1);
}

/** What each lane is multiplied with: its code then begins at bit 8. */
// @ts-ignore: decorator
@inline
export function factors(bits: usize): v128 {
  if (bits == 8) return i16x8.splat(256);
  if (bits == 4) return i16x8(256, 16, 256, 16, 256, 16, 256, 16);
  return i16x8(256, 64, 16, 4, 256, 64, 16, 4);
}

/** The largest code, eight times. */
// @ts-ignore: decorator
@inline
export function largest(bits: usize): v128 {
  const most = 255 >> (8 - <i32>bits);
  return i16x8.splat(<i16>most);
}

/** Eight codes, as i16, from a byte on; reads 8 bytes. Products shift each lane by a distance of its own. */
// @ts-ignore: decorator
@inline
export function codes8(from: usize, places: v128, factors: v128, mask: v128): v128 {
  const bytes = i8x16.swizzle(v128.load64_splat(from), places);
  return v128.and(i16x8.shr_u(i16x8.mul(bytes, factors), 8), mask);
}
