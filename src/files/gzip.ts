import { FileError } from "../errors.js";
import type { Bytes } from "./safetensors.js";

/** Deflate expands no further (https://zlib.net/zlib_tech.html): what claims more cannot be whole. */
const mostRatio = 1032;
/** What the memory of wasm can hold. */
const mostBytes = 2 ** 32;

/** Whether bytes begin as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Bytes packed, without the host's `CompressionStream`: hosts deflate differently, and a model has one file. */
export async function gzip(bytes: Bytes): Promise<Bytes> {
  const { gzipSync } = await import("./deflate.js");
  // No date; and a table of fixed size, which is else drawn from the host's logarithm.
  return gzipSync(bytes, { mtime: 0, mem: 4 });
}

/**
 * What one gzip member holds. `lengthOf` says from the first bytes how many there must be, as far as these tell: of more it is
 * asked again. No more than that is unpacked; less is given as it is, for whoever reads it to refuse.
 *
 * @throws {FileError} E_GZIP for what is not one whole member, E_TRUNCATED or E_TRAILING if it cannot hold, or holds more than, what
 *   `lengthOf` says; and what `lengthOf` throws.
 */
export async function gunzip(who: string, packed: Uint8Array, lengthOf: (head: Uint8Array) => number): Promise<Bytes> {
  const reader = (await unpacking(packed, "gzip")).getReader();
  let file: Bytes = new Uint8Array(0);
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        throw new FileError(`${who}: the gzip is broken or cut short`, "E_GZIP", undefined, { cause });
      });
      if (done) break;
      for (let at = 0; at < value.length; ) {
        if (length === file.length) file = grown(who, file, lengthOf(file), packed.length);
        const part = value.subarray(at, at + file.length - length);
        file.set(part, length);
        length += part.length;
        at += part.length;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
  // Hosts differ in what they make of bytes after the first member; the length in the last four is of that one.
  const trailer = new DataView(packed.buffer, packed.byteOffset + packed.length - 4, 4).getUint32(0, true);
  if (trailer === length % 2 ** 32) return file.subarray(0, length);
  throw new FileError(`${who}: more than one gzip member; pack it anew`, "E_GZIP");
}

/** The first bytes of a file in room for the whole, once that is a length that the packed bytes could meet. */
function grown(who: string, head: Bytes, length: number, packed: number): Bytes {
  if (length <= head.length)
    throw new FileError(`${who}: the header claims ${length} bytes, more follow`, "E_TRAILING", length);
  const most = Math.min(packed * mostRatio, mostBytes);
  if (length > most) {
    const came = `the header claims ${length} bytes`;
    throw new FileError(`${who}: ${came}, the file has room for ${most}; is it whole?`, "E_TRUNCATED");
  }
  const file = new Uint8Array(length);
  file.set(head);
  return file;
}

/** What is packed, unpacked as it is read; by the host, where it can. */
export async function unpacking(packed: Uint8Array, format: "gzip" | "deflate-raw"): Promise<ReadableStream<Bytes>> {
  const copy = new Uint8Array(packed); // blobs take no shared memory
  if (!globalThis.DecompressionStream) return (await import("./inflate.js")).inflated(copy, format);
  // In small chunks: a host may unpack all of one before the first bytes of it are read.
  return new Blob([copy]).stream().pipeThrough<Bytes>(new DecompressionStream(format));
}
