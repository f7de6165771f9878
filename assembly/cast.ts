// To integers they truncate and saturate; NaN becomes 0.

export function cast_f32_i32(out: usize, x: usize, begin: usize, end: usize): void {
  for (; begin < end; begin++) store<f32>(out + (begin << 2), <f32>load<i32>(x + (begin << 2)));
}

export function cast_f32_u8(out: usize, x: usize, begin: usize, end: usize): void {
  for (; begin < end; begin++) store<f32>(out + (begin << 2), <f32>load<u8>(x + begin));
}

export function cast_i32_f32(out: usize, x: usize, begin: usize, end: usize): void {
  for (; begin < end; begin++)
    store<i32>(out + (begin << 2), i32x4.extract_lane(i32x4.trunc_sat_f32x4_s(v128.load32_splat(x + (begin << 2))), 0));
}

export function cast_i32_u8(out: usize, x: usize, begin: usize, end: usize): void {
  for (; begin < end; begin++) store<i32>(out + (begin << 2), <i32>load<u8>(x + begin));
}

export function cast_u8_f32(out: usize, x: usize, begin: usize, end: usize): void {
  for (; begin < end; begin++) {
    const value = i32x4.extract_lane(i32x4.trunc_sat_f32x4_s(v128.load32_splat(x + (begin << 2))), 0);
    store<u8>(out + begin, <u8>max(0, min(255, value)));
  }
}

export function cast_u8_i32(out: usize, x: usize, begin: usize, end: usize): void {
  for (; begin < end; begin++) store<u8>(out + begin, <u8>max(0, min(255, load<i32>(x + (begin << 2)))));
}
