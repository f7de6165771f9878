import { FileError } from "../errors.js";
import type { Bytes } from "./safetensors.js";

/** Deflate expands no further (https://zlib.net/zlib_tech.html): what claims more cannot be whole. */
const mostRatio = 1032;

/** Whether bytes begin as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Bytes packed by the host. @throws {FileError} E_GZIP if it cannot. */
export async function gzip(who: string, bytes: Uint8Array): Promise<Bytes> {
  if (!globalThis.CompressionStream)
    throw new FileError(`${who}: this host cannot gzip; store what toBytes gives`, "E_GZIP");
  return new Uint8Array(await new Response(streamOf(bytes).pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
}

/**
 * What one gzip member holds. `lengthOf` says from the first bytes how many there must be, as far as these tell: of more it is
 * asked again. No more than that is unpacked; less is given as it is, for whoever reads it to refuse.
 *
 * @throws {FileError} E_GZIP for what is not one whole member, E_TRUNCATED or E_TRAILING if it cannot hold, or holds more than, what
 *   `lengthOf` says; and what `lengthOf` throws.
 */
export async function gunzip(who: string, packed: Uint8Array, lengthOf: (head: Uint8Array) => number): Promise<Bytes> {
  let file: Bytes = new Uint8Array(0);
  let length = 0;
  for await (const chunk of unpacked(who, packed))
    for (let at = 0; at < chunk.length; ) {
      if (length === file.length) file = grown(who, file, lengthOf(file), packed.length);
      const part = chunk.subarray(at, at + file.length - length);
      file.set(part, length);
      length += part.length;
      at += part.length;
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
  const most = packed * mostRatio;
  if (length > most) {
    const came = `the header claims ${length} bytes`;
    throw new FileError(`${who}: ${came}, the file has room for ${most}; is it whole?`, "E_TRUNCATED");
  }
  try {
    const file = new Uint8Array(length);
    file.set(head);
    return file;
  } catch (cause) {
    throw new FileError(`${who}: no room for ${length} bytes`, "E_SHAPE", undefined, { cause });
  }
}

async function* unpacked(who: string, packed: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  if (!globalThis.DecompressionStream)
    throw new FileError(`${who}: this host cannot gunzip; unpack the bytes before`, "E_GZIP");
  const reader = streamOf(packed).pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        throw new FileError(`${who}: the gzip is broken or cut short`, "E_GZIP", undefined, { cause });
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** In small chunks: a host may unpack all of a chunk before the first bytes of it are read. */
function streamOf(bytes: Uint8Array): ReadableStream<Bytes> {
  return new Blob([new Uint8Array(bytes)]).stream(); // a copy: blobs take no shared memory
}
