// Codes of 4 bits into a table of 16 numbers, times a scale that `block` elements of the flat tensor share: NF4 (Dettmers et al.
// 2023). Two codes to a byte, the first in the low half. `block` is even, so that a block starts at a whole byte.

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

/** The value of code i. */
// @ts-ignore: decorator
@inline
function valueOf(codes: usize, table: usize, i: usize): f32 {
  const code = (<usize>load<u8>(codes + (i >> 1)) >> ((i & 1) << 2)) & 15;
  return load<f32>(table + (code << 2));
}

/** Elements [begin, end). */
export function codebook_decode_f32(
  out: usize, codes: usize, scale: usize, table: usize, block: usize, begin: usize, end: usize,
): void {
  while (begin < end) {
    const s = load<f32>(scale + ((begin / block) << 2));
    const last = min(end, (begin / block + 1) * block);
    for (; begin < last; begin++) store<f32>(out + (begin << 2), valueOf(codes, table, begin) * s);
  }
}

/** As matmul_pack_f32, of n rows of k codes: panels [begin, end) of `ceil(n / 8)`; rows past n repeat the last. */
export function codebook_pack_f32(
  packed: usize, codes: usize, scale: usize, table: usize, block: usize, k: usize, n: usize, begin: usize, end: usize,
): void {
  for (; begin < end; begin++)
    for (let j: usize = 0; j < 8; j++) {
      let to = packed + begin * (k << 5) + (j << 2);
      let i = min((begin << 3) + j, n - 1) * k;
      for (const rowEnd = i + k; i < rowEnd; ) {
        const s = load<f32>(scale + ((i / block) << 2));
        for (const last = min(rowEnd, (i / block + 1) * block); i < last; i++, to += 32)
          store<f32>(to, valueOf(codes, table, i) * s);
      }
    }
}
