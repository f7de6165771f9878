import { FileError } from "../errors.js";
import { gunzip, isGzip } from "./gzip.js";
import { claimedBytes } from "./size.js";

/** A tensor of an IDX file, row-major. */
export interface IdxTensor {
  readonly shape: number[];
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

/**
 * Reads the tensor of an IDX file, the format of MNIST (http://yann.lecun.com/exdb/mnist), plain or gzipped.
 *
 * Unsigned bytes of a plain file are a view into `source`, all else is a copy in the host's byte order.
 * Of a gzipped file no more is unpacked than its header claims.
 * @throws FileError E_MAGIC, E_DTYPE, E_SHAPE, E_TRUNCATED, E_TRAILING; E_GZIP for what is not one whole gzip member
 * @example
 * const { shape, data: labels } = await readIdx(new Uint8Array([0, 0, 8, 1, 0, 0, 0, 2, 7, 3])); // two bytes: 7, 3
 */
export async function readIdx(source: Uint8Array): Promise<IdxTensor> {
  const file = isGzip(source) ? await gunzip("readIdx", source, claimedLength) : source;
  const claim = readHeader(file);
  checkEnd(claim, file.length);
  return decode(claim, file);
}

/** What the third byte of a file says of its elements. */
const kinds = new Map([
  [0x08, { array: Uint8Array, get: "getUint8" }],
  [0x09, { array: Int8Array, get: "getInt8" }],
  [0x0b, { array: Int16Array, get: "getInt16" }],
  [0x0c, { array: Int32Array, get: "getInt32" }],
  [0x0d, { array: Float32Array, get: "getFloat32" }],
  [0x0e, { array: Float64Array, get: "getFloat64" }],
] as const);

type Kind = typeof kinds extends Map<number, infer K> ? K : never;

interface Claim {
  readonly kind: Kind;
  readonly shape: number[];
  /** Where the data starts, and where it and the file end. */
  readonly start: number;
  readonly end: number;
}

function readHeader(file: Uint8Array): Claim {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (file.length < 4) throw truncated(4, file.length);
  if (view.getUint16(0) !== 0) {
    const came = view.getUint32(0).toString(16).padStart(8, "0");
    throw new FileError(`readIdx: expected a file that starts with 00 00, or gzip 1f 8b, got ${came}`, "E_MAGIC", 0);
  }
  const kind = kinds.get(view.getUint8(2) as 0x08);
  if (!kind) {
    const came = view.getUint8(2).toString(16).padStart(2, "0");
    throw new FileError(`readIdx: expected an element type of 08, 09, 0b, 0c, 0d or 0e, got ${came}`, "E_DTYPE", 2);
  }
  const rank = view.getUint8(3);
  const start = 4 + 4 * rank;
  if (file.length < start) throw truncated(start, file.length);
  const shape: number[] = [];
  for (let at = 4; at < start; at += 4) shape.push(view.getUint32(at));
  return { kind, shape, start, end: start + claimedBytes("readIdx", shape, kind.array.BYTES_PER_ELEMENT) };
}

/** How long the file is, as far as its first bytes tell. */
function claimedLength(head: Uint8Array): number {
  if (head.length < 4) return 4;
  const start = 4 + 4 * head[3]!;
  return head.length < start ? start : readHeader(head).end;
}

function checkEnd({ shape, end }: Claim, length: number): void {
  if (length < end) throw truncated(end, length);
  if (length === end) return;
  throw new FileError(`readIdx: bytes follow the ${end} that a tensor [${shape}] takes`, "E_TRAILING", end);
}

function truncated(expected: number, got: number): FileError {
  return new FileError(`readIdx: expected ${expected} bytes, the file ends after ${got}`, "E_TRUNCATED", got);
}

function decode({ kind, shape, start, end }: Claim, file: Uint8Array): IdxTensor {
  if (kind.array === Uint8Array)
    return { shape, data: new Uint8Array(file.buffer, file.byteOffset + start, end - start) };
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const step = kind.array.BYTES_PER_ELEMENT;
  const data = new kind.array((end - start) / step);
  for (let i = 0; i < data.length; i++) data[i] = view[kind.get](start + i * step);
  return { shape, data };
}
