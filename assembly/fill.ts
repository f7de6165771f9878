export function fill_x32(out: usize, bits: u32, begin: usize, end: usize): void {
  for (; begin < end; begin++) store<u32>(out + (begin << 2), bits);
}
