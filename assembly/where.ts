/** out = mask ? a : b; any byte but 0 is true. */
export function where_x32(out: usize, mask: usize, a: usize, b: usize, begin: usize, end: usize): void {
  for (; begin < end; begin++) {
    const from = load<u8>(mask + begin) ? a : b;
    store<u32>(out + (begin << 2), load<u32>(from + (begin << 2)));
  }
}
