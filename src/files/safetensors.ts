import { FileError } from "../errors.js";
import { type JsonValue, Numeral, quote, readJson } from "./json.js";
import { claimedBytes } from "./size.js";

const elementBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

/** An element type by its name in a safetensors file. */
export type StoredDType = keyof typeof elementBytes;

/** Bytes in a buffer of their own, under TypeScript before and after arrays named their buffers. */
export type Bytes = ReturnType<Uint8Array["slice"]>;

/** A tensor as a file holds it: row-major, little-endian bytes. */
export interface StoredTensor {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** What a safetensors file holds, in the order of its header. */
export interface Safetensors {
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Map<string, string>;
}

/** The limit of the reference implementation. */
const maxHeader = 100_000_000;
const maxTensors = 1_000_000;
const metadataKey = "__metadata__";

/**
 * Reads a safetensors file without copying: each tensor's `data` is a view into `file`.
 *
 * Stricter than the reference (https://github.com/huggingface/safetensors): duplicate keys, unknown keys, leading
 * spaces and a null `__metadata__` are refused. The whole header is checked before anything is made from it.
 * @throws FileError E_HEADER_SIZE, E_HEADER, E_UTF8, E_DUPLICATE, E_DEPTH, E_COUNT, E_DTYPE, E_SHAPE, E_OFFSETS
 * @example
 * const { tensors, metadata } = parseSafetensors(toBytes(model));
 * const shape = tensors.get("0.linear.weight")?.shape; // of two numbers
 */
export function parseSafetensors(file: Uint8Array): Safetensors {
  const dataStart = headerEnd(file);
  const room = file.length - dataStart;
  const { metadata, claims } = readHeader(file, dataStart);
  checkTiling(claims, room, dataStart);

  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, begin, end } of claims) {
    tensors.set(name, { dtype, shape, data: view(file, dataStart + begin, end - begin) });
  }
  return { tensors, metadata };
}

/**
 * The bytes of a safetensors file: the same for the same content, in whatever order it comes.
 *
 * Tensors lie by falling element size, from a multiple of 8 on: each is aligned. What is alike lies together, by dtype and then by
 * name in code units, for whoever packs the file.
 * @throws FileError E_DUPLICATE, E_HEADER (a tensor named `__metadata__`), E_UTF8 (a lone surrogate in a text),
 * E_DTYPE, E_SHAPE, E_OFFSETS (data of another size than its shape), E_COUNT, E_HEADER_SIZE: what could not be read back
 * @example
 * const bytes = serializeSafetensors([["w", { dtype: "F32", shape: [1], data: new Uint8Array(4) }]]);
 */
export function serializeSafetensors(
  tensors: Iterable<readonly [string, StoredTensor]>,
  metadata: Iterable<readonly [string, string]> = [],
): Bytes {
  const stored = unique(tensors, "tensor").sort(
    ([a, { dtype: p }], [b, { dtype: q }]) => elementBytes[q] - elementBytes[p] || byCodeUnit(q, p) || byCodeUnit(a, b),
  );
  const texts = unique(metadata, "metadata key").sort(([a], [b]) => byCodeUnit(a, b));
  if (Math.max(stored.length, texts.length) > maxTensors) throw tooMany();
  const entries: string[] = [];
  if (texts.length > 0) {
    const members = texts.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(wellFormed(text, key))}`);
    entries.push(`"${metadataKey}":{${members}}`);
  }
  let end = 0;
  for (const [name, { dtype, shape, data }] of stored) {
    const who = `safetensors: tensor ${quote(name)}`;
    if (name === metadataKey) throw new FileError(`${who}: the format keeps this name; rename it`, "E_HEADER");
    const begin = end;
    const bytes = claimedBytes(who, shape, bytesOf(dtype, who));
    if (data.length !== bytes) {
      throw new FileError(`${who}: ${dtype} [${shape}] takes ${bytes} bytes, data has ${data.length}`, "E_OFFSETS");
    }
    end += bytes;
    const offsets = `"data_offsets":[${begin},${end}]`;
    entries.push(`${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],${offsets}}`);
  }
  const text = new TextEncoder().encode(`{${entries}}`);
  const headerBytes = Math.ceil(text.length / 8) * 8;
  if (headerBytes > maxHeader) {
    throw new FileError(`safetensors: the header takes ${headerBytes} bytes, at most ${maxHeader}`, "E_HEADER_SIZE");
  }

  const file = new Uint8Array(8 + headerBytes + end);
  new DataView(file.buffer).setUint32(0, headerBytes, true);
  file.set(text, 8);
  file.fill(0x20, 8 + text.length, 8 + headerBytes);
  let at = 8 + headerBytes;
  for (const [, { data }] of stored) {
    file.set(data, at);
    at += data.length;
  }
  return file;
}

/** How long the file is, as far as its first bytes tell. @throws {FileError} as `parseSafetensors`. */
export function claimedLength(head: Uint8Array): number {
  if (head.length < 8) return 8;
  const dataStart = headerEnd(head, Number.POSITIVE_INFINITY);
  if (head.length < dataStart) return dataStart;
  return readHeader(head, dataStart).claims.reduce((most, { end }) => Math.max(most, dataStart + end), dataStart);
}

interface Claim {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

function headerEnd(file: Uint8Array, length = file.length): number {
  if (file.length < 8) {
    throw new FileError(`safetensors: expected at least 8 bytes, got ${file.length}`, "E_HEADER_SIZE", 0);
  }
  const lengths = new DataView(file.buffer, file.byteOffset, 8);
  const claimed = lengths.getUint32(0, true) + lengths.getUint32(4, true) * 2 ** 32; // past 2^53 rounded, and refused
  const most = Math.min(maxHeader, length - 8);
  if (claimed <= most) return 8 + claimed;
  const came = `the header claims ${claimed} bytes`;
  throw new FileError(`safetensors: ${came}, the file has room for ${most}; is it whole?`, "E_HEADER_SIZE", 0);
}

function readHeader(file: Uint8Array, end: number): { metadata: Map<string, string>; claims: Claim[] } {
  // A copy of the header: text decoders take no shared memory, and nobody can change it between check and use.
  const header = readJson(new Uint8Array(file.subarray(0, end)), {
    start: 8,
    depth: 8,
    containers: 2 + 3 * maxTensors, // the header, the metadata; a tensor's entry, shape and offsets
    members: 1 + maxTensors,
  });
  if (!(header instanceof Map)) throw new FileError("safetensors: the header is no object", "E_HEADER", 8);
  const metadata = readMetadata(header.get(metadataKey));
  header.delete(metadataKey);
  if (header.size > maxTensors) throw tooMany();
  return { metadata, claims: [...header].map(([name, entry]) => readClaim(name, entry)) };
}

function readMetadata(value: JsonValue | undefined): Map<string, string> {
  const metadata = new Map<string, string>();
  if (value === undefined) return metadata;
  if (!(value instanceof Map)) throw new FileError(`safetensors: ${metadataKey} is no object`, "E_HEADER");
  for (const [key, text] of value) {
    if (typeof text !== "string") {
      throw new FileError(`safetensors: ${metadataKey}: expected a string for ${quote(key)}`, "E_HEADER");
    }
    metadata.set(key, text);
  }
  return metadata;
}

function readClaim(name: string, entry: JsonValue): Claim {
  const who = `safetensors: tensor ${quote(name)}`;
  const fields = entry instanceof Map ? entry : new Map<string, JsonValue>();
  const dtype = fields.get("dtype");
  const shape = fields.get("shape");
  const offsets = fields.get("data_offsets");
  if (fields.size !== 3 || typeof dtype !== "string" || !isNumbers(shape) || !isNumbers(offsets)) {
    const expected = 'expected exactly { "dtype": text, "shape": numbers, "data_offsets": [begin, end] }';
    throw new FileError(`${who}: ${expected}`, "E_HEADER");
  }
  const size = bytesOf(dtype, who);
  if (!isIntegers(shape)) throw new FileError(`${who}: expected axes of 0 to 2^31, got ${show(shape)}`, "E_SHAPE");
  const bytes = claimedBytes(who, shape, size);
  const [begin, end] = offsets;
  if (!isIntegers(offsets) || typeof begin !== "number" || typeof end !== "number" || offsets.length !== 2) {
    throw new FileError(`${who}: expected offsets [begin, end], got ${show(offsets)}`, "E_OFFSETS");
  }
  if (end - begin !== bytes) {
    throw new FileError(`${who}: ${dtype} [${shape}] takes ${bytes} bytes, not [${begin}, ${end})`, "E_OFFSETS");
  }
  return { name, dtype: dtype as StoredDType, shape, begin, end };
}

/** In the order of their offsets the tensors must fill the data section, each starting where the last one ends. */
function checkTiling(claims: readonly Claim[], room: number, dataStart: number): void {
  let filled = 0;
  for (const { name, begin, end } of [...claims].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== filled) {
      const came = `tensor ${quote(name)} lies at [${begin}, ${end}), expected a start at ${filled}`;
      throw new FileError(
        `safetensors: ${came}; tensors may not overlap nor leave gaps`,
        "E_OFFSETS",
        dataStart + filled,
      );
    }
    filled = end;
  }
  if (filled === room) return;
  const came = `the tensors take ${filled} bytes, the file has ${room} for them`;
  const fix = filled > room ? "it is cut short; fetch it again" : "cut off what follows";
  throw new FileError(`safetensors: ${came}; ${fix}`, "E_OFFSETS", dataStart + Math.min(filled, room));
}

function bytesOf(dtype: string, who: string): number {
  if (Object.hasOwn(elementBytes, dtype)) return elementBytes[dtype as StoredDType];
  throw new FileError(`${who}: expected a dtype of ${Object.keys(elementBytes)}, got ${quote(dtype)}`, "E_DTYPE");
}

function isNumbers(value: JsonValue | undefined): value is (number | Numeral)[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number" || item instanceof Numeral);
}

function isIntegers(values: (number | Numeral)[]): values is number[] {
  return values.every((value) => typeof value === "number");
}

function show(values: readonly (number | Numeral)[]): string {
  return quote(
    values
      .slice(0, 8)
      .map((value) => (value instanceof Numeral ? value.text : value))
      .join(", "),
  );
}

function tooMany(): FileError {
  return new FileError(`safetensors: more than ${maxTensors} tensors or texts`, "E_COUNT");
}

/** Exactly these bytes, even where `file` is a Buffer, whose own slices are Buffers. */
function view(file: Uint8Array, at: number, length: number): Uint8Array {
  return new Uint8Array(file.buffer, file.byteOffset + at, length);
}

function unique<T>(entries: Iterable<readonly [string, T]>, what: string): [string, T][] {
  const seen = new Map<string, T>();
  for (const [name, value] of entries) {
    if (seen.has(name)) throw new FileError(`safetensors: the ${what} ${quote(name)} comes twice`, "E_DUPLICATE");
    seen.set(wellFormed(name, name), value);
  }
  return [...seen];
}

/** The text, if UTF-8 can hold it: an encoder would quietly make U+FFFD of a lone surrogate. */
function wellFormed(text: string, name: string): string {
  if (!/\p{Surrogate}/u.test(text)) return text;
  throw new FileError(`safetensors: a lone surrogate in, or under, the name ${quote(name)}`, "E_UTF8");
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
