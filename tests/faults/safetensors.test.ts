import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { FileError } from "../../src/errors.js";
import { parseSafetensors, type Safetensors, serializeSafetensors } from "../../src/files/safetensors.js";
import { entry, pack, unpack } from "../reference/safetensors.js";
import { claiming, corners, defects, six, sound, table } from "./hostile.js";

/** "read", or the code of the FileError; anything else that is thrown fails the test. */
function outcome(file: Uint8Array): string {
  try {
    parseSafetensors(file);
    return "read";
  } catch (error) {
    if (error instanceof FileError) return error.code;
    throw error;
  }
}

const builtins = [Object, Array, Function, Map, String, Number].map(({ prototype }) => prototype);
const ownKeys = () => builtins.map((prototype) => Reflect.ownKeys(prototype));
const before = ownKeys();

afterAll(() => expect(ownKeys()).toEqual(before));

describe(`hostile table of ${table.length} files`, () => {
  it("has its 250 cases", () => expect(table.length).toBeGreaterThanOrEqual(250));
  it.each(table)("%s", (_, file, code) => expect(outcome(file)).toBe(code));

  it("T1 refuses each header length in each truncation", () => {
    for (const corner of corners) {
      for (let length = 0; length < sound.length; length++) {
        expect(outcome(claiming(corner).subarray(0, length))).toMatch(/^E_HEADER/);
      }
    }
  });

  it("T2 refuses each pair of defects in each two tensors", () => {
    for (const [, first] of defects) {
      for (const [, second] of defects) {
        for (let j = 0; j < 6; j++) {
          for (let k = j + 1; k < 6; k++) {
            const file = six((at, i) => (i === j ? first(at) : i === k ? second(at) : at));
            expect(outcome(file)).toBe("E_OFFSETS");
          }
        }
      }
    }
  });
});

/** The files that are cut and flipped: several types, an empty tensor, a scalar, metadata, escapes and wide characters. */
const files = [
  sound,
  pack("{}"),
  serializeSafetensors([["w", { dtype: "F32", shape: [2, 2], data: new Uint8Array(16).fill(7) }]], [["k", "v"]]),
  pack(
    `{"__metadata__":{"\\u0061":"\u00e9\u{1f600}\\n"},"x.y":${entry("I64", [1, 0, 3], 0, 0)},"s":${entry("BF16", [], 0, 2)}}   `,
    2,
  ),
  pack(`{"b":${entry("U8", [3], 4, 7)} , "a": ${entry("F32", [1], 0, 4)},"\u20ac":${entry("F64", [1, 1], 7, 15)}}`, 15),
];

/** Checks that a file which reads means to us what it means to JSON.parse, and still does after a rewrite. */
function expectMeaning(file: Uint8Array): "read" | "refused" {
  if (outcome(file) !== "read") return "refused";
  const parsed = parseSafetensors(file);
  const rows = ({ tensors, metadata }: Safetensors | ReturnType<typeof unpack>) => [
    new Map([...tensors].map(([name, { dtype, shape, data }]) => [name, [dtype, ...shape, ...data]])),
    new Map(metadata),
  ];
  expect(rows(parsed)).toEqual(rows(unpack(file)));
  expect(rows(parseSafetensors(serializeSafetensors(parsed.tensors, parsed.metadata)))).toEqual(rows(parsed));
  return "read";
}

describe("broken files", () => {
  it.each(files.map((file, i) => [i, file] as const))("file %i is refused at every truncation", (_, file) => {
    expect(expectMeaning(file)).toBe("read");
    for (let length = 0; length < file.length; length++) expect(outcome(file.subarray(0, length))).toMatch(/^E_/);
  });

  it("so is a golden file, header and data", () => {
    const golden = readFileSync(new URL("../golden/search.safetensors", import.meta.url));
    for (let length = 0; length < golden.length; length += 7)
      expect(outcome(golden.subarray(0, length))).toMatch(/^E_/);
  });

  it.each(files.map((file, i) => [i, file] as const))(
    "file %i with any one bit flipped is refused or means what it says",
    (_, file) => {
      for (let bit = 0; bit < file.length * 8; bit++) {
        const flipped = file.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expectMeaning(flipped);
      }
    },
  );

  it("any change of some bytes is refused or means what it says", () => {
    const change = fc.tuple(
      fc.nat(),
      fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:0123456789\\u eE.-'))),
      fc.constantFrom(0, 1, 2),
    );
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.array(change, { minLength: 1, maxLength: 4 }), (file, changes) => {
        const mutant = [...file];
        for (const [at, byte, kind] of changes) {
          mutant.splice(at % mutant.length, kind === 1 ? 0 : 1, ...(kind === 2 ? [] : [byte]));
        }
        expectMeaning(Uint8Array.from(mutant));
      }),
      { numRuns: 20_000 },
    );
  });
});

// Each would take minutes at a million bytes, were some step of reading it quadratic.
const upTo = (size: number, item: (i: number) => string) => {
  const items: string[] = [];
  for (let length = 0; length < size; length += items.at(-1)!.length + 1) items.push(item(items.length));
  return items.join();
};
const families: [string, (size: number) => string][] = [
  ["tensors", (size) => `{${upTo(size, (i) => `"layer.${i}.weight":${entry("F32", [0, 768], 0, 0)}`)}}`],
  ["tensors in reverse", (size) => `{${upTo(size, (i) => `"${i}":${entry("U8", [1], 1e6 - i, 1e6 - i + 1)}`)}}`],
  ["names that hash to their value", (size) => `{${upTo(size, (i) => `"${i * 4096}":0`)}}`],
  ["metadata", (size) => `{"__metadata__":{${upTo(size, (i) => `"k${i}":"v"`)}}}`],
  ["one long name", (size) => `{"${"x".repeat(size)}":0}`],
  ["one long wide name", (size) => `{"${"\u20ac".repeat(size / 3)}":0}`],
  ["one long escaped name", (size) => `{"${"\\u0061".repeat(size / 6)}":0}`],
  ["one long text of pairs", (size) => `{"__metadata__":{"k":"${"\\ud83d\\ude00".repeat(size / 12)}"}}`],
  ["a string that does not end", (size) => `{"${"\\\\".repeat(size / 2)}`],
  ["one long number", (size) => `{"a":{"dtype":"U8","shape":[${"9".repeat(size)}],"data_offsets":[0,0]}}`],
  ["one long shape", (size) => `{"a":${entry("U8", Array(size / 2).fill(1), 0, 1)}}`],
  ["empty arrays", (size) => `{"a":[${upTo(size, () => "[]")}]}`],
  ["spaces", (size) => `{${" ".repeat(size)}}`],
  ["a key that comes twice in the end", (size) => `{${upTo(size, (i) => `"${i}":0`)},"0":0}`],
  ["brackets", (size) => "[".repeat(size)],
];

/** The middle one of several times, in ms. */
function time(file: Uint8Array, runs: number): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    outcome(file);
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[runs >> 1]!;
}

describe("time grows with the size", () => {
  it.each(families)("of %s", (_, family) => {
    const [warm, small, large] = [1e3, 1e5, 1e6].map((size) => pack(family(size)));
    for (let i = 0; i < 50; i++) outcome(warm!);
    // The best of three: other work on the machine slows one try, a quadratic step all of them.
    const exponents = Array.from({ length: 3 }, () => Math.log10(time(large!, 5) / Math.max(time(small!, 9), 0.05)));
    expect(Math.min(...exponents)).toBeLessThan(1.5);
  });
});
