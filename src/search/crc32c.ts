/** CRC-32C (RFC 3720, appendix B.4): finds any 5 flipped bits in 600 bytes and any 3 in 256 MB, and any burst of 32. */
export function crc32c(bytes: Uint8Array): number {
  let rest = ~0;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (0x82f63b78 & -(rest & 1));
  }
  return ~rest >>> 0;
}
