/**
 * A picture of 16 greys as a Windows bitmap, the one format that every browser shows and that needs neither compression nor a
 * checksum: black on white, base64.
 *
 * @param pixels row by row, a hexadecimal digit each, 0 white and f black.
 */
export function bitmap(pixels: string, width: number, height: number): string {
  // Rows are padded to four bytes, and the last row comes first.
  const stride = Math.ceil(width / 8) * 4;
  const offset = 14 + 40 + 16 * 4;
  const bytes = new Uint8Array(offset + stride * height);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4d42, true);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, offset, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 4, true);
  for (let grey = 0; grey < 16; grey++) bytes.fill(255 - grey * 17, 54 + grey * 4, 54 + grey * 4 + 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const value = Number.parseInt(pixels[y * width + x] ?? "0", 16) || 0;
      bytes[offset + (height - 1 - y) * stride + (x >> 1)]! |= x % 2 === 0 ? value << 4 : value;
    }
  return btoa(String.fromCharCode(...bytes));
}
