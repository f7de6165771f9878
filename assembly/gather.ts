// Rows picked by index. Indices are checked before a kernel is entered.

/** out[i] = table[indices[i]], rows of `cols`. */
export function gather_x32_i32(out: usize, table: usize, indices: usize, cols: usize, begin: usize, end: usize): void {
  const bytes = cols << 2;
  for (; begin < end; begin++) memory.copy(out + begin * bytes, table + <usize>load<u32>(indices + (begin << 2)) * bytes, bytes);
}

/** out[indices[i]] += g[i]: the gradient of gather, for columns [begin, end), in the order of i. */
export function gather_grad_f32_i32(
  out: usize, g: usize, indices: usize, rows: usize, count: usize, cols: usize, begin: usize, end: usize,
): void {
  const bytes = (end - begin) << 2;
  for (let r: usize = 0; r < rows; r++) memory.fill(out + ((r * cols + begin) << 2), 0, bytes);
  for (let i: usize = 0; i < count; i++) {
    const to = out + ((<usize>load<u32>(indices + (i << 2)) * cols) << 2);
    const from = g + ((i * cols) << 2);
    for (let c = begin; c < end; c++)
      store<f32>(to + (c << 2), load<f32>(to + (c << 2)) + load<f32>(from + (c << 2)));
  }
}

/** Position of the first index outside 0..limit−1 (and not `allowed`), or `count`. */
export function first_bad_index_i32(x: usize, limit: u32, allowed: i32, count: usize): usize {
  for (let i: usize = 0; i < count; i++) {
    const index = load<i32>(x + (i << 2));
    if (<u32>index >= limit && index != allowed) return i;
  }
  return count;
}
