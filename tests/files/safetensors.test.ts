import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FileError } from "../../src/errors.js";
import {
  parseSafetensors,
  type StoredDType,
  type StoredTensor,
  serializeSafetensors,
} from "../../src/files/safetensors.js";
import { entry, pack, unpack } from "../reference/safetensors.js";

const sizes: Record<StoredDType, number> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1, I16: 2, U16: 2, F16: 2, BF16: 2 },
  ...{ I32: 4, U32: 4, F32: 4, I64: 8, U64: 8, F64: 8 },
};
const dtypes = Object.keys(sizes) as StoredDType[];

function tensor(dtype: StoredDType, shape: number[], fill = 1): StoredTensor {
  const bytes = shape.reduce((a, b) => a * b, sizes[dtype]);
  return { dtype, shape, data: Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + fill) & 255) };
}

/** Both readers' results in one form. */
function content({ tensors, metadata }: ReturnType<typeof parseSafetensors> | ReturnType<typeof unpack>) {
  const plain = [...tensors].map(([name, { dtype, shape, data }]) => [name, dtype, [...shape], [...data]]);
  return { tensors: new Map(plain.map((row) => [row[0], row])), metadata };
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof FileError) return error.code;
    throw error;
  }
  return "none";
}

const wellFormed = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => !/\p{Surrogate}/u.test(text));
const name = fc.oneof(wellFormed, fc.constantFrom("__proto__", "constructor", "toString", "0", "1e3", "../a", "\0"));
const anyTensor = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(4), { maxLength: 4 }), fc.nat(255))
  .map(([dtype, shape, fill]) => tensor(dtype, shape, fill));
const anyTensors = fc.uniqueArray(
  fc.tuple(
    name.filter((text) => text !== "__metadata__"),
    anyTensor,
  ),
  {
    selector: ([key]) => key,
    maxLength: 8,
  },
);
const anyMetadata = fc.uniqueArray(fc.tuple(name, wellFormed), { selector: ([key]) => key, maxLength: 4 });

describe("golden files", () => {
  const folder = new URL("../golden/", import.meta.url);
  const names = readdirSync(folder).filter((file) => file.endsWith(".safetensors"));
  it("are there", () => expect(names.length).toBeGreaterThanOrEqual(10));

  it.each(names)("%s reads as an independent reader has it, and survives a rewrite", (file) => {
    const bytes = readFileSync(new URL(file, folder));
    const parsed = parseSafetensors(bytes);
    expect(parsed.metadata.get("group")).toBe(file.replace(".safetensors", ""));
    const expected = unpack(bytes);
    expect([...parsed.tensors.keys()]).toEqual([...expected.tensors.keys()]);
    for (const [key, { dtype, shape, data }] of parsed.tensors) {
      const want = expected.tensors.get(key)!;
      expect([dtype, shape, data.length]).toEqual([want.dtype, want.shape, want.data.length]);
      expect(data.every((byte, i) => byte === want.data[i])).toBe(true);
    }
    const again = parseSafetensors(serializeSafetensors(parsed.tensors, parsed.metadata));
    expect(again.tensors.size).toBe(parsed.tensors.size);
    for (const [key, { data }] of again.tensors) expect(Buffer.compare(data, parsed.tensors.get(key)!.data)).toBe(0);
  });
});

describe("parseSafetensors", () => {
  it("takes a header in any order, tensors of no elements anywhere, and scalars", () => {
    const header = `{"b":${entry("U8", [2], 4, 6)},"a":${entry("F32", [], 0, 4)},"none":${entry("I64", [0, 3], 4, 4)},
      "end":${entry("U8", [0], 6, 6)}}`;
    const { tensors, metadata } = parseSafetensors(pack(header, Uint8Array.of(0, 0, 128, 63, 8, 9)));
    expect([...tensors.keys()]).toEqual(["b", "a", "none", "end"]);
    expect(tensors.get("b")).toEqual({ dtype: "U8", shape: [2], data: Uint8Array.of(8, 9) });
    expect(tensors.get("a")!.data).toEqual(Uint8Array.of(0, 0, 128, 63));
    expect(metadata.size).toBe(0);
  });

  it("reads an empty file of tensors, and the smallest", () => {
    expect(parseSafetensors(pack("{}")).tensors.size).toBe(0);
    expect(parseSafetensors(pack('{"__metadata__":{}}')).metadata.size).toBe(0);
  });

  it("gives views into the input, whether Buffer, shared or a part of a larger buffer", () => {
    const file = serializeSafetensors([["w", tensor("F32", [3])]]);
    const large = new Uint8Array(new SharedArrayBuffer(file.length + 20));
    large.set(file, 16);
    for (const input of [file, Buffer.from(file), large.subarray(16, 16 + file.length)]) {
      const { data } = parseSafetensors(input).tensors.get("w")!;
      expect(data.constructor).toBe(Uint8Array);
      expect(data.buffer).toBe(input.buffer);
      expect([...data]).toEqual([...tensor("F32", [3]).data]);
    }
  });

  it("says which tensor, what came and where", () => {
    const broken = pack(`{"w":${entry("F32", [2], 0, 8)},"v":${entry("F32", [2], 12, 20)}}`, 20);
    expect(() => parseSafetensors(broken)).toThrow(/"v" lies at \[12, 20\), expected a start at 8/);
    try {
      parseSafetensors(broken);
    } catch (error) {
      expect((error as FileError).offset).toBe(broken.length - 12);
    }
  });
});

describe("serializeSafetensors", () => {
  it.each(dtypes)("keeps %s", (dtype) => {
    const tensors: [string, StoredTensor][] = [["t", tensor(dtype, [2, 3])]];
    expect(content(parseSafetensors(serializeSafetensors(tensors)))).toEqual(
      content({ tensors: new Map(tensors), metadata: new Map() }),
    );
  });

  it("writes a known file, byte for byte", () => {
    const file = serializeSafetensors(
      [
        ["b", tensor("U8", [1], 7)],
        ["a", { dtype: "I16", shape: [], data: Uint8Array.of(1, 2) }],
      ],
      [
        ["z", "\u00e9"],
        ["k", '"'],
      ],
    );
    const header =
      '{"__metadata__":{"k":"\\"","z":"\u00e9"},"a":{"dtype":"I16","shape":[],"data_offsets":[0,2]},' +
      '"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}';
    const text = new TextEncoder().encode(header);
    const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(32);
    padded.set(text);
    expect([...file]).toEqual([...pack(padded, Uint8Array.of(1, 2, 7))]);
  });

  it("gives what it was given, to our reader and to JSON.parse, aligned and in whatever order it came", () => {
    fc.assert(
      fc.property(anyTensors, anyMetadata, (tensors, metadata) => {
        const file = serializeSafetensors(tensors, metadata);
        const parsed = parseSafetensors(file);
        const given = content({ tensors: new Map(tensors), metadata: new Map(metadata) });
        expect(content(parsed)).toEqual(given);
        expect(content(unpack(file))).toEqual(given);
        for (const { dtype, data } of parsed.tensors.values()) expect(data.byteOffset % sizes[dtype]).toBe(0);
        expect(serializeSafetensors(new Map([...tensors].reverse()), new Map([...metadata].reverse()))).toEqual(file);
        expect(serializeSafetensors(parsed.tensors, parsed.metadata)).toEqual(file);
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses what could not be read back", () => {
    const one = tensor("F32", [1]);
    const write = (key: string, stored: StoredTensor) => codeOf(() => serializeSafetensors([[key, stored]]));
    const twice = [["a", one] as const, ["a", one] as const];
    expect(codeOf(() => serializeSafetensors(twice))).toBe("E_DUPLICATE");
    expect(
      codeOf(() =>
        serializeSafetensors(
          [],
          [
            ["k", "1"],
            ["k", "2"],
          ],
        ),
      ),
    ).toBe("E_DUPLICATE");
    expect(write("__metadata__", one)).toBe("E_HEADER");
    expect(write("a\ud800", one)).toBe("E_UTF8");
    expect(codeOf(() => serializeSafetensors([], [["k", "\udc00"]]))).toBe("E_UTF8");
    expect(codeOf(() => serializeSafetensors([], [["\udc00", "v"]]))).toBe("E_UTF8");
    expect(write("a", { ...one, dtype: "F33" as StoredDType })).toBe("E_DTYPE");
    expect(write("a", { ...one, dtype: "constructor" as StoredDType })).toBe("E_DTYPE");
    expect(write("a", { ...one, shape: [2] })).toBe("E_OFFSETS");
    expect(write("a", { ...one, shape: [1.5] })).toBe("E_SHAPE");
    expect(write("a", { ...one, shape: [-1] })).toBe("E_SHAPE");
    expect(write("a", { ...one, shape: new Array(33).fill(1) })).toBe("E_SHAPE");
    const million = Array.from({ length: 1_000_001 }, (_, i) => String(i));
    expect(codeOf(() => serializeSafetensors(million.map((key) => [key, one])))).toBe("E_COUNT");
    expect(
      codeOf(() =>
        serializeSafetensors(
          [],
          million.map((key) => [key, ""]),
        ),
      ),
    ).toBe("E_COUNT");
    expect(codeOf(() => serializeSafetensors([], [["k", "x".repeat(100_000_000)]]))).toBe("E_HEADER_SIZE");
  });
});
