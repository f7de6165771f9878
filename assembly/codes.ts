// Integer codes of 8, 4 or 2 bits, packed low bits first, every row starting at a byte; and how numbers become codes.

/** The one rounding rule: to the nearest integer, ties to the even one. */
// @ts-ignore: decorator
@inline
export function roundHalfEven(x: v128): v128 {
  return f32x4.nearest(x);
}

/** Codes of x from scale and zero point, less the zero point: `least` is 0 − zeroPoint, `most` the largest code − zeroPoint. */
// @ts-ignore: decorator
@inline
export function centered(x: v128, scale: v128, least: v128, most: v128): v128 {
  const rounded = roundHalfEven(f32x4.div(x, scale));
  return i32x4.trunc_sat_f32x4_s(f32x4.min(f32x4.max(rounded, least), most));
}

/** Bytes of a row. */
// @ts-ignore: decorator
@inline
export function rowBytes(columns: usize, bits: usize): usize {
  return (columns * bits + 7) >> 3;
}

/** The zero point at an index; where none are stored it lies in the middle. */
// @ts-ignore: decorator
@inline
export function zeroAt(zeroPoints: usize, index: usize, bits: usize): i32 {
  return zeroPoints ? <i32>load<u8>(zeroPoints + index) : 1 << <i32>(bits - 1);
}

/** Eight codes of a row from column `at`, as i16. Reads 8 bytes. */
// @ts-ignore: decorator
@inline
export function codes8(row: usize, at: usize, bits: usize): v128 {
  if (bits == 8) return v128.load_ext<u8>(row + at);
  const bit = at * bits;
  const word = i64x2.splat(load<u64>(row + (bit >> 3)) >> (bit & 7));
  // A product shifts each lane by its own distance: the code comes to the top.
  if (bits == 4) {
    const halves = v128.shuffle<i16>(word, word, 0, 0, 0, 0, 1, 1, 1, 1);
    return i16x8.shr_u(i16x8.mul(halves, i16x8(4096, 256, 16, 1, 4096, 256, 16, 1)), 12);
  }
  const repeated = v128.shuffle<i16>(word, word, 0, 0, 0, 0, 0, 0, 0, 0);
  return i16x8.shr_u(i16x8.mul(repeated, i16x8(16384, 4096, 1024, 256, 64, 16, 4, 1)), 14);
}

/** Writes a code over zeros. */
// @ts-ignore: decorator
@inline
export function putCode(row: usize, at: usize, bits: usize, code: i32): void {
  const bit = at * bits;
  const byte = row + (bit >> 3);
  store<u8>(byte, load<u8>(byte) | (code << <i32>(bit & 7)));
}
