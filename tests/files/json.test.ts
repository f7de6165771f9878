import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FileError } from "../../src/errors.js";
import { type JsonValue, Numeral, quote, readJson } from "../../src/files/json.js";

const limits = { start: 0, depth: 8, containers: 100, members: 100 };
const encode = (text: string) => new TextEncoder().encode(text);
const read = (text: string | Uint8Array, more: Partial<typeof limits> = {}) =>
  readJson(typeof text === "string" ? encode(text) : text, { ...limits, ...more });

/** The code and offset of the FileError that reading gives; anything else it throws is passed on. */
function refusal(text: string | Uint8Array, more: Partial<typeof limits> = {}): [string, number | undefined] {
  try {
    read(text, more);
  } catch (error) {
    if (error instanceof FileError) return [error.code, error.offset];
    throw error;
  }
  throw new Error(`was read: ${text}`);
}

/** What JSON.parse gives, in the terms of readJson. */
function plain(value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value as JsonValue;
  return new Map(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** With all numbers as JSON.parse has them. */
function rounded(value: JsonValue): JsonValue {
  if (value instanceof Numeral) return Number(value.text);
  if (Array.isArray(value)) return value.map(rounded);
  return value instanceof Map ? new Map([...value].map(([key, item]) => [key, rounded(item)])) : value;
}

describe("readJson reads", () => {
  it.each<[string, JsonValue]>([
    ["null", null],
    ["true", true],
    ["false", false],
    ["0", 0],
    ["-7", -7],
    ["9007199254740991", 2 ** 53 - 1],
    ["-9007199254740991", -(2 ** 53) + 1],
    ['""', ""],
    ["[]", []],
    ["{}", new Map()],
    ["{}   ", new Map()],
    ["[ 1\t,\n2 ,\r3 ]", [1, 2, 3]],
    [
      '{"a":{"b":[[],{}]},"c":1}',
      new Map<string, JsonValue>([
        ["a", new Map([["b", [[], new Map()]]])],
        ["c", 1],
      ]),
    ],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t'],
    ['"\\u0000\\u007f\\u0080\\u07ff\\u0800\\uffff"', "\u0000\u007f\u0080\u07ff\u0800\uffff"],
    ['"\\ud83d\\ude00\\uDBFF\\uDFFF"', "\u{1f600}\u{10ffff}"],
    [
      '"\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}"',
      "\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}",
    ],
    ['"a\ufeff"', "a\ufeff"],
    ['"\ufeffa"', "\ufeffa"],
  ])("%s", (text, value) => expect(read(text)).toEqual(value));

  it.each(["9007199254740992", "-9007199254740993", "-0", "1.0", "1e3", "0.5", "-1E-2", "0e+9", "9".repeat(400)])(
    "%s as written, since a number would round it",
    (text) => expect(read(`[${text}]`)).toEqual([new Numeral(text)]),
  );

  it("names of Object.prototype as data", () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    const value = read(`{${names.map((name) => `"${name}":{"polluted":1}`)}}`) as Map<string, JsonValue>;
    expect([...value.keys()]).toEqual(names);
    expect("polluted" in {}).toBe(false);
  });

  it("from where it is told, to the end", () => expect(read("junk[1]", { start: 4 })).toEqual([1]));

  it("up to its limits", () => {
    expect(read("[[[[[[[[]]]]]]]]")).toBeDefined();
    expect(read("[[],[]]", { containers: 3, members: 2 })).toEqual([[], []]);
  });
});

describe("readJson refuses", () => {
  it.each<[string, string, number]>([
    ["", "E_HEADER", 0],
    [" {}", "E_HEADER", 0],
    ["\n{}", "E_HEADER", 0],
    ["\ufeff{}", "E_HEADER", 0],
    ["{}\n", "E_HEADER", 2],
    ["{}\0", "E_HEADER", 2],
    ["{} {}", "E_HEADER", 3],
    ["[1,]", "E_HEADER", 3],
    ["[,1]", "E_HEADER", 1],
    ["[1 2]", "E_HEADER", 3],
    ["[1", "E_HEADER", 2],
    ["[", "E_HEADER", 1],
    ["[}", "E_HEADER", 1],
    ['{"a":1,}', "E_HEADER", 7],
    ['{"a"}', "E_HEADER", 4],
    ['{"a":}', "E_HEADER", 5],
    ["{a:1}", "E_HEADER", 1],
    ["{'a':1}", "E_HEADER", 1],
    ["{1:1}", "E_HEADER", 1],
    ["01", "E_HEADER", 1],
    ["-", "E_HEADER", 1],
    ["+1", "E_HEADER", 0],
    ["1.", "E_HEADER", 2],
    [".5", "E_HEADER", 0],
    ["1e", "E_HEADER", 2],
    ["1e+", "E_HEADER", 3],
    ["NaN", "E_HEADER", 0],
    ["Infinity", "E_HEADER", 0],
    ["nul", "E_HEADER", 3],
    ["True", "E_HEADER", 0],
    ["[1]/**/", "E_HEADER", 3],
    ['"a', "E_HEADER", 2],
    ['"\\', "E_HEADER", 2],
    ['"\\"', "E_HEADER", 3],
    ['"\t"', "E_HEADER", 1],
    ['"\0"', "E_HEADER", 1],
    ['"a\\x41"', "E_HEADER", 2],
    ['"\\u12"', "E_HEADER", 1],
    ['"\\u12G4"', "E_HEADER", 1],
    ['"\\U0041"', "E_HEADER", 1],
    ['"\\ud800"', "E_UTF8", 1],
    ['"\\udc00"', "E_UTF8", 1],
    ['"\\ud800\\u0041"', "E_UTF8", 1],
    ['"\\ud800\\ud800"', "E_UTF8", 1],
    ['"\\ud800\\n"', "E_UTF8", 1],
    ['"\\ud800\\ue000"', "E_UTF8", 1],
    ['"\\udc00\\udc00"', "E_UTF8", 1],
    ['"\\ud800x"', "E_UTF8", 1],
    ['{"a":1,"a":1}', "E_DUPLICATE", 7],
    ['{"a":1,"\\u0061":1}', "E_DUPLICATE", 7],
    ['{"":1,"":1}', "E_DUPLICATE", 6],
    ['[{"\u00e9":1,"\\u00E9":1}]', "E_DUPLICATE", 9],
    ["[[[[[[[[[]]]]]]]]]", "E_DEPTH", 8],
    ["[".repeat(100_000), "E_DEPTH", 8],
    ['{"a":'.repeat(100_000), "E_DEPTH", 40],
  ])("%j with %s at %i", (text, code, offset) => expect(refusal(text)).toEqual([code, offset]));

  it("more containers or members than it may hold", () => {
    expect(refusal("[[],[]]", { containers: 2 })).toEqual(["E_COUNT", 4]);
    expect(refusal("[0,0,0]", { members: 2 })).toEqual(["E_COUNT", 5]);
    expect(refusal('{"a":0,"b":0}', { members: 1 })).toEqual(["E_COUNT", 7]);
  });

  it.each([
    [[0x80]],
    [[0xbf]],
    [[0xc0, 0x80]], // overlong
    [[0xc1, 0xbf]],
    [[0xc2]],
    [[0xc2, 0x20]],
    [[0xe0, 0x80, 0x80]],
    [[0xe0, 0x9f, 0xbf]],
    [[0xe2, 0x82]],
    [[0xe2, 0x28, 0xa1]],
    [[0xed, 0xa0, 0x80]], // a surrogate
    [[0xed, 0xbf, 0xbf]],
    [[0xf0, 0x80, 0x80, 0x80]],
    [[0xf0, 0x8f, 0xbf, 0xbf]],
    [[0xf0, 0x9f, 0x98]],
    [[0xf4, 0x90, 0x80, 0x80]], // past U+10FFFF
    [[0xf5, 0x80, 0x80, 0x80]],
    [[0xff]],
  ])("the bytes %j with E_UTF8 at the first", (bytes) => {
    expect(refusal(Uint8Array.of(0x22, 0x61, ...bytes, 0x22))).toEqual(["E_UTF8", 2]);
  });
});

describe("readJson agrees with JSON.parse", () => {
  const wide = { depth: 100, containers: 1e6, members: 1e6 };

  it("on what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const text = JSON.stringify(value);
        expect(rounded(read(text, wide))).toEqual(plain(JSON.parse(text)));
      }),
      { numRuns: 1000 },
    );
  });

  it("on random strings of JSON's own characters", () => {
    const piece = fc.constantFrom(...'[]{},:"\\ \n0123-.eEu', "true", "null", '"a"', '"b":', "\\u0061", "[1]", "{}");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        let expected: JsonValue;
        try {
          expected = plain(JSON.parse(text));
        } catch {
          expect(refusal(text)[0]).toMatch(/^E_/);
          return;
        }
        try {
          expect(rounded(read(text))).toEqual(expected);
        } catch (error) {
          if (!(error instanceof FileError)) throw error;
          expect(error.code).toBe(/^[ \n]|\n *$/.test(text) ? "E_HEADER" : "E_DUPLICATE");
        }
      }),
      { numRuns: 20_000 },
    );
  });
});

it("quote cuts, and escapes all but printable ASCII", () => {
  expect(quote("a\0\u202e\u{1f600}")).toBe('"a\\u0000\\u202e\\ud83d\\ude00"');
  expect(quote("x".repeat(1e6)).length).toBeLessThan(70);
});
