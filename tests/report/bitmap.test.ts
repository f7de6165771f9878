import { expect, test } from "vitest";
import { bitmap } from "../../src/report/bitmap.js";

/** The greys of a bitmap, read back by what its header says. */
function read(base64: string): { width: number; height: number; greys: number[] } {
  const bytes = Buffer.from(base64, "base64");
  expect(bytes.toString("latin1", 0, 2)).toBe("BM");
  expect(bytes.readUInt32LE(2)).toBe(bytes.length);
  const [start, width, height, bits] = [
    bytes.readUInt32LE(10),
    bytes.readInt32LE(18),
    bytes.readInt32LE(22),
    bytes.readUInt16LE(28),
  ];
  expect(bits).toBe(4);
  const stride = Math.floor((bits * width + 31) / 32) * 4;
  expect(bytes.length).toBe(start + stride * height);
  const greys: number[] = [];
  for (let y = height - 1; y >= 0; y--)
    for (let x = 0; x < width; x++) {
      const byte = bytes[start + y * stride + (x >> 1)]!;
      const [blue, green, red] = bytes.subarray(54 + 4 * (x % 2 === 0 ? byte >> 4 : byte & 15));
      expect([green, red]).toEqual([blue, blue]);
      greys.push(blue!);
    }
  return { width, height, greys };
}

test.each([
  [1, 1],
  [8, 8],
  [7, 3],
  [9, 2],
  [28, 28],
])("pictures of %d × %d come back", (width, height) => {
  const values = Array.from({ length: width * height }, (_, i) => (i * 7) % 16);
  const pixels = values.map((value) => value.toString(16)).join("");
  expect(read(bitmap(pixels, width, height))).toEqual({
    width,
    height,
    greys: values.map((value) => 255 - 17 * value),
  });
});

test("what is missing, or no digit, is blank", () => {
  expect(read(bitmap("f<", 2, 2)).greys).toEqual([0, 255, 255, 255]);
});
