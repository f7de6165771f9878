// Strided copies. Kernels named x32 move f32 and i32 alike, x8 bytes.
import { turn } from "./lanes";

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

/**
 * Matrices of `rows × cols` turned, in blocks that read whole cache lines: blocks [begin, end) of 16 columns, `ceil(cols / 16)`
 * to a matrix.
 */
export function transpose_x32(out: usize, x: usize, rows: usize, cols: usize, begin: usize, end: usize): void {
  const blocks = (cols + 15) >> 4;
  const rowBytes = cols << 2;
  const colBytes = rows << 2;
  for (; begin < end; begin++) {
    const matrix = (begin / blocks) * rows * rowBytes;
    const first = (begin % blocks) << 4;
    const last = min(cols, first + 16);
    for (let i: usize = 0; i < rows; i += 4) {
      const from = x + matrix + i * rowBytes;
      const to = out + matrix + (i << 2);
      let j = first;
      if (i + 4 <= rows)
        for (; j + 4 <= last; j += 4) turn(to + j * colBytes, colBytes, from + (j << 2), rowBytes);
      for (; j < last; j++)
        for (let r: usize = 0; r < min<usize>(4, rows - i); r++)
          store<u32>(to + j * colBytes + (r << 2), load<u32>(from + r * rowBytes + (j << 2)));
    }
  }
}
