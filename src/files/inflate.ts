// A file of its own, which only hosts without `DecompressionStream` load: Vercel's edge.
import { Gunzip, Inflate } from "fflate";
import type { Bytes } from "./safetensors.js";

/** What a host's `DecompressionStream` makes of bytes, a little at a time; like it, gzip is held to its checksum. */
export function inflated(packed: Bytes, format: "gzip" | "deflate-raw"): ReadableStream<Bytes> {
  const unpacker = format === "gzip" ? new Gunzip() : new Inflate();
  const step = 1024;
  let at = 0;
  let sum = ~0;
  return new ReadableStream<Bytes>({
    pull(controller) {
      let given = 0;
      unpacker.ondata = (bytes) => {
        if (format === "gzip") sum = crc32(sum, bytes);
        controller.enqueue(new Uint8Array(bytes));
        given += bytes.length;
      };
      for (; given === 0 && at < packed.length; at += step)
        unpacker.push(packed.subarray(at, at + step), at + step >= packed.length);
      if (at < packed.length) return;
      if (format === "gzip" && new DataView(packed.buffer).getInt32(packed.length - 8, true) !== ~sum)
        throw new Error("wrong checksum");
      controller.close();
    },
  });
}

/**
 * RFC 1952, section 8; begins with ~0, ends with ~. The loop of search/crc32c.ts for another polynomial: shared, it would be one more
 * file for every page to load.
 */
function crc32(sum: number, bytes: Uint8Array): number {
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1));
  }
  return sum;
}
