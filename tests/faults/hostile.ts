import { entry, pack } from "../reference/safetensors.js";

/** A file and what comes of it: "read" or the code of the error. Ids T1 to T8 are rows of the project's table of faults. */
export type Case = [name: string, file: Uint8Array, outcome: string];

const one = entry("U8", [1], 0, 1);
const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Uint8Array.from(part))));
/** A file of one tensor `a` of type U8 with this shape and these offsets. */
const shaped = (shape: string, offsets = "[0,0]", data = 0) =>
  pack(`{"a":{"dtype":"U8","shape":${shape},"data_offsets":${offsets}}}`, data);

// T1. A sound file of 8 + 105 + 87 bytes whose first eight are then overwritten.
export const sound = pack(`${`{"w":${entry("U8", [87], 0, 87)}`.padEnd(104)}}`, 87);
export const claiming = (length: bigint, file = sound) => {
  const copy = file.slice();
  new DataView(copy.buffer).setBigUint64(0, length, true);
  return copy;
};
export const corners = Array.from({ length: 64 }, (_, k) => 1n << BigInt(k));
const headerLengths: Case[] = [
  ...corners.map(
    (n): Case => [`T1 2^${n.toString(2).length - 1}`, claiming(n), n <= 192n ? "E_HEADER" : "E_HEADER_SIZE"],
  ),
  ...[
    193n,
    100_000_000n,
    100_000_001n,
    2n ** 32n + 105n,
    2n ** 53n - 1n,
    2n ** 53n + 1n,
    2n ** 64n - 8n,
    2n ** 64n - 1n,
  ].map((n): Case => [`T1 ${n}`, claiming(n), "E_HEADER_SIZE"]),
  ["T1 0", claiming(0n), "E_HEADER"],
  ["T1 one less, without the last brace", claiming(5n, pack('{"a":{}}')), "E_HEADER"],
  ["T1 header runs into the data", claiming(106n), "E_HEADER"],
  ["T1 no file", new Uint8Array(0), "E_HEADER_SIZE"],
  ["T1 seven bytes", new Uint8Array(7), "E_HEADER_SIZE"],
  ["T1 past the cap in a file large enough", claiming(100_000_001n, new Uint8Array(100_000_100)), "E_HEADER_SIZE"],
];

// T2. Six tensors of four bytes, each moved in each way.
export const defects: [string, (at: [number, number]) => [number, number]][] = [
  ["overlaps the one before", ([b, e]) => [b - 1, e - 1]],
  ["leaves a gap", ([b, e]) => [b + 1, e + 1]],
  ["is reversed", ([b, e]) => [e, b]],
  ["is short", ([b, e]) => [b, e - 1]],
  ["is long", ([b, e]) => [b, e + 1]],
  ["lies elsewhere", ([b, e]) => [b + 2 ** 40, e + 2 ** 40]],
];
export const six = (move: (at: [number, number], i: number) => [number, number], data = 24) => {
  const members = Array.from({ length: 6 }, (_, i) => `"t${i}":${entry("U8", [4], ...move([4 * i, 4 * i + 4], i))}`);
  return pack(`{${members}}`, data);
};
const offsets: Case[] = [
  ...defects.flatMap(([name, move]) =>
    Array.from(
      { length: 6 },
      (_, k): Case => [`T2 tensor ${k} ${name}`, six((at, i) => (i === k ? move(at) : at)), "E_OFFSETS"],
    ),
  ),
  ["T2 the same bytes twice", six((at, i) => (i === 1 ? [0, 4] : at)), "E_OFFSETS"],
  ["T2 one byte follows", six((at) => at, 25), "E_OFFSETS"],
  ["T2 a zip follows", pack(`{"a":${one}}`, bytes([1], "PK\x03\x04")), "E_OFFSETS"],
  ["T2 data without tensors", pack("{}", 1), "E_OFFSETS"],
  ["T2 one byte is missing", six((at) => at, 23), "E_OFFSETS"],
  ["T2 no data", six((at) => at, 0), "E_OFFSETS"],
  [
    "T2 an empty tensor inside another",
    pack(`{"a":${entry("U8", [4], 0, 4)},"b":${entry("U8", [0], 2, 2)}}`, 4),
    "E_OFFSETS",
  ],
  ["T2 an empty tensor past the end", pack(`{"a":${entry("U8", [0], 9, 9)}}`), "E_OFFSETS"],
  ...[
    "[]",
    "[0]",
    "[0,1,1]",
    "[-1,0]",
    "[0.0,1]",
    "[0,1e0]",
    "[-0,1]",
    "[0,18446744073709551616]",
    "[9007199254740992,9007199254740993]",
  ].map((at): Case => [`T2 offsets ${at}`, shaped("[1]", at, 1), "E_OFFSETS"]),
  ...['["0","1"]', "[null,1]", "[[0],1]", "[true,false]", "null", "1", '"0,1"', "{}"].map(
    (at): Case => [`T2 offsets ${at}`, shaped("[1]", at, 1), "E_HEADER"],
  ),
];

// T3.
const shapes: Case[] = [
  ...[
    "[2147483649]",
    "[4294967296]",
    "[4294967296,4294967296]",
    "[2147483648,2147483648]",
    "[0,2147483648,2147483648]",
  ],
  ...[
    "[2147483648,2147483648,0]",
    "[0,2147483649]",
    "[9007199254740991]",
    "[9007199254740992]",
    "[18446744073709551615]",
  ],
  ...["[-1]", "[-0]", "[1.0]", "[1e0]", "[0.5]", "[1E400]", "[65536,65536,65536,65536]", `[${Array(33).fill(1)}]`],
  ...[`[${Array(33).fill(0)}]`, `[${Array(1000).fill(2)}]`, `[${"9".repeat(1000)}]`, "[94906266,94906266,2]"],
]
  .map((shape): Case => [`T3 ${shape.slice(0, 60)}`, shaped(shape), "E_SHAPE"])
  .concat([
    ["T3 65536 x 65536, 0 to Math.imul", shaped("[65536,65536]"), "E_OFFSETS"],
    ["T3 2^31 x 2^21, as far as it goes", shaped("[2147483648,2097152]"), "E_OFFSETS"],
    ["T3 a shape that takes no bytes, given some", shaped("[0,5]", "[0,5]", 5), "E_OFFSETS"],
    ["T3 a scalar without bytes", shaped("[]"), "E_OFFSETS"],
    ["T3 8-byte elements pass 2^53", pack(`{"a":${entry("F64", [2 ** 31, 2 ** 20], 0, 0)}}`), "E_SHAPE"],
  ])
  .concat(
    ['["1"]', "[null]", "[[1]]", "[true]", "[{}]", "1", '"1"', "null", "{}", "true"].map((shape) => [
      `T3 ${shape}`,
      shaped(shape),
      "E_HEADER",
    ]),
  );

// T4.
const twins: [string, string][] = [
  ["a", "a"],
  ["", ""],
  ["a", "\\u0061"],
  ["\\u0061", "\\u0061"],
  ["ab", "a\\u0062"],
  ["/", "\\/"],
  ["\\n", "\\u000a"],
  ['\\"', "\\u0022"],
  ["\\\\", "\\u005C"],
  ["\\u0000", "\\u0000"],
  ["\u00e9", "\\u00e9"],
  ["\u00e9", "\\u00E9"],
  ["\u{1f600}", "\\ud83d\\ude00"],
  ["__proto__", "\\u005f_proto__"],
];
const duplicates: Case[] = [
  ...twins.flatMap(([a, b]): Case[] => [
    [`T4 tensors "${a}" and "${b}"`, pack(`{"${a}":${one},"${b}":${one}}`, 1), "E_DUPLICATE"],
    [`T4 metadata "${a}" and "${b}"`, pack(`{"__metadata__":{"${a}":"","x":"","${b}":""}}`), "E_DUPLICATE"],
  ]),
  ...["dtype", "shape", "data_offsets"].map(
    (key): Case => [
      `T4 ${key} twice`,
      pack(`{"a":${one.replace("}", `,"\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}":1}`)}}`, 1),
      "E_DUPLICATE",
    ],
  ),
  ["T4 metadata twice", pack('{"__metadata__":{},"__metadata__":{}}'), "E_DUPLICATE"],
  ["T4 metadata twice, once escaped", pack('{"__metadata__":{},"__meta\\u0064ata__":{}}'), "E_DUPLICATE"],
  [
    "T4 e with an accent, composed and not, are two",
    pack(`{"\u00e9":${one},"e\u0301":${entry("U8", [1], 1, 2)}}`, 2),
    "read",
  ],
];

// T5, T6.
const inherited = [
  ...[
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "valueOf",
    "hasOwnProperty",
    "isPrototypeOf",
    "toJSON",
    "then",
  ],
  ...["__defineGetter__", "__lookupSetter__", "length", "name", "get", "size", "0", "-1"],
];
const odd = [
  "../../etc/passwd",
  "C:\\\\x",
  "/",
  "a/b",
  "\\u0000",
  "\\u001b[2J",
  "\\u007f",
  "\u202e",
  "\ufeff",
  " ",
  "\\ufffe",
  "%2e%2e",
];
const names: Case[] = [
  ...inherited.flatMap((name): Case[] => [
    [`T5 tensor ${name}`, pack(`{"${name}":${one}}`, 1), "read"],
    [`T5 metadata ${name}`, pack(`{"__metadata__":{"${name}":"x"}}`), "read"],
    [`T5 field ${name}`, pack(`{"a":${one.replace("}", `,"${name}":{"dtype":"U8"}}`)}}`, 1), "E_HEADER"],
    [`T5 dtype ${name}`, pack(`{"a":${entry(name, [1], 0, 1)}}`, 1), "E_DTYPE"],
  ]),
  ["T5 fields under __proto__", pack(`{"a":{"__proto__":${one}}}`, 1), "E_HEADER"],
  [
    "T5 the entry's fields from Object.prototype",
    pack('{"a":{"dtype":"U8","shape":[1],"constructor":[0,1]}}', 1),
    "E_HEADER",
  ],
  ...odd.map((name): Case => [`T6 name ${name}`, pack(`{"${name}":${one}}`, 1), "read"]),
  ...Array.from(
    { length: 32 },
    (_, c): Case => [`T6 raw control ${c}`, pack(bytes('{"a', [c], `":${one}}`), 1), "E_HEADER"],
  ),
];

// T7.
const text: Case[] = [
  ...[
    "\ufeff{}",
    " {}",
    "\n{}",
    "\t{}",
    "\0{}",
    "{}\0",
    "{}\n",
    "{}\t",
    "{}\r",
    "{} x",
    "{} {}",
    "{}}",
    "\u00a0{}",
    "{\u00a0}",
    "{\f}",
    "{}\u2028",
  ].map((header): Case => [`T7 ${JSON.stringify(header)}`, pack(header), "E_HEADER"]),
  ["T7 space padding", pack("{}      "), "read"],
  ["T7 UTF-16", pack(Uint8Array.from(Buffer.from("\ufeff{}", "utf16le"))), "E_HEADER"],
  ...[
    [0x80],
    [0xc0, 0x80],
    [0xc3],
    [0xe0, 0x80, 0x80],
    [0xe2, 0x82],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x9f, 0x98],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf8],
    [0xff],
  ].flatMap((sequence): Case[] => [
    [`T7 name ${Buffer.from(sequence).toString("hex")}`, pack(bytes('{"', sequence, `":${one}}`), 1), "E_UTF8"],
    [
      `T7 metadata ${Buffer.from(sequence).toString("hex")}`,
      pack(bytes('{"__metadata__":{"k":"', sequence, '"}}')),
      "E_UTF8",
    ],
  ]),
  ...["\\ud800", "\\udfff", "\\ud800\\u0041", "\\ud83d\\ud83d", "\\ud83dx", "\\ude00\\ud83d", "\\uD800\\n"].map(
    (name): Case => [`T7 half a pair ${name}`, pack(`{"${name}":${one}}`, 1), "E_UTF8"],
  ),
];

// T8, and what else a header may not be.
const many = (count: number, item: (i: number) => string) => Array.from({ length: count }, (_, i) => item(i)).join();
const structure: Case[] = [
  ["T8 100,000 arrays", pack("[".repeat(100_000)), "E_DEPTH"],
  ["T8 100,000 objects", pack('{"a":'.repeat(100_000)), "E_DEPTH"],
  ["T8 nine deep", pack(`{"a":${"[".repeat(8)}${"]".repeat(8)}}`), "E_DEPTH"],
  ["T8 eight deep", pack(`{"a":${"[".repeat(7)}${"]".repeat(7)}}`), "E_HEADER"],
  ["T8 1,000,001 tensors", pack(`{${many(1_000_001, (i) => `"${i}":0`)}}`), "E_COUNT"],
  ["T8 1,000,000 tensors and metadata more", pack(`{${many(1_000_002, (i) => `"${i}":0`)}}`), "E_COUNT"],
  ["T8 three million arrays", pack(`{${many(4, (i) => `"${i}":[${many(800_000, () => "[]")}]`)}}`), "E_COUNT"],
  [
    "T8 a million axes",
    pack(`{"a":{"dtype":"U8","shape":[${many(999_999, () => "1")}],"data_offsets":[0,1]}}`, 1),
    "E_SHAPE",
  ],
  ...[
    "",
    "null",
    "true",
    "0",
    '"{}"',
    "[]",
    "[{}]",
    "{",
    "{]",
    '{"a"',
    '{"a":',
    '{"a":}',
    '{"a":1',
    "{,}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{}//",
  ].map((header): Case => [`header ${header}`, pack(header), "E_HEADER"]),
  ...[
    "1",
    "null",
    "[]",
    '"U8"',
    "{}",
    '{"dtype":"U8"}',
    '{"dtype":"U8","shape":[]}',
    '{"dtype":1,"shape":[],"data_offsets":[0,1]}',
  ].map((value): Case => [`entry ${value}`, pack(`{"a":${value}}`, 1), "E_HEADER"]),
  ...["null", "1", "[]", '""', '{"a":1}', '{"a":null}', '{"a":{}}', '{"a":["x"]}', '{"a":"x","b":true}'].map(
    (value): Case => [`metadata ${value}`, pack(`{"__metadata__":${value}}`), "E_HEADER"],
  ),
  ...["", "f32", "F32 ", "F128", "F4", "U8\\u0000", "I4", "C64", "float32", "F8_E8M0"].map(
    (dtype): Case => [`dtype "${dtype}"`, pack(`{"a":${entry(dtype, [1], 0, 1)}}`, 1), "E_DTYPE"],
  ),
  ...["NaN", "Infinity", "+1", "01", "1.", ".5", "1e", "0x1", "1_000", "--1", "tru", "nulL", "undefined"].map(
    (value): Case => [`number ${value}`, shaped(`[${value}]`), "E_HEADER"],
  ),
];

/** Every hostile file. */
export const table = [...headerLengths, ...offsets, ...shapes, ...duplicates, ...names, ...text, ...structure];
