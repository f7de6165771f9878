// Strided copies. Kernels named x32 move f32 and i32 alike, x8 bytes.

/**
 * A strided read into contiguous rows: transpose, slice, expand. `table` holds `rank` sizes, then `rank` strides of x in
 * elements (0 repeats, negative walks back), all i32. Rows [begin, end) of the product of all sizes but the last.
 */
export function copy_x32(out: usize, x: usize, table: usize, rank: usize, begin: usize, end: usize): void {
  copy<u32>(out, x, table, rank, begin, end, false);
}

export function copy_x8(out: usize, x: usize, table: usize, rank: usize, begin: usize, end: usize): void {
  copy<u8>(out, x, table, rank, begin, end, false);
}

/** The inverse of copy_x32: contiguous rows of x written through the strides of out. */
export function scatter_x32(out: usize, x: usize, table: usize, rank: usize, begin: usize, end: usize): void {
  copy<u32>(x, out, table, rank, begin, end, true);
}

// @ts-ignore: decorator
@inline
function copy<T>(
  dense: usize, strided: usize, table: usize, rank: usize, begin: usize, end: usize, inverse: bool,
): void {
  const last = (rank - 1) << 2;
  const strides = table + (rank << 2);
  const cols = load<u32>(table + last);
  const step = load<i32>(strides + last);
  for (let row = begin; row < end; row++) {
    let offset: i32 = 0;
    let rest = row;
    for (let d = rank - 1; d > 0; d--) {
      const size = load<u32>(table + ((d - 1) << 2));
      offset += <i32>(rest % size) * load<i32>(strides + ((d - 1) << 2));
      rest /= size;
    }
    let at = dense + row * cols * sizeof<T>();
    let far = strided + offset * <i32>sizeof<T>();
    if (step == 1 && !inverse) memory.copy(at, far, cols * sizeof<T>());
    else
      for (let i: u32 = 0; i < cols; i++) {
        if (inverse) store<T>(far, load<T>(at));
        else store<T>(at, load<T>(far));
        at += sizeof<T>();
        far += step * <i32>sizeof<T>();
      }
  }
}
