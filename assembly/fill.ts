/** Bytes [begin, end). */
export function fill_x8(out: usize, byte: u32, begin: usize, end: usize): void {
  memory.fill(out + begin, <u8>byte, end - begin);
}

/** Words [begin, end). */
export function fill_x32(out: usize, bits: u32, begin: usize, end: usize): void {
  for (; begin < end; begin++) store<u32>(out + (begin << 2), bits);
}
