// Concatenation moves bytes, whatever they mean.

/** Matrices [begin, end) of `rows × cols` bytes each, written `outStride` bytes apart: one input of a concatenation. */
export function copy_rows_x8(out: usize, x: usize, outStride: usize, bytes: usize, begin: usize, end: usize): void {
  for (; begin < end; begin++) memory.copy(out + begin * outStride, x + begin * bytes, bytes);
}
