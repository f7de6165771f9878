/** The plainest reader and writer of safetensors files, without a check: what well-formed files mean. */

export interface PlainEntry {
  dtype: string;
  shape: number[];
  data: number[];
}

/** A file of this header, as text or bytes, and this data, or so many zeros. */
export function pack(header: string | Uint8Array, data: Uint8Array | number = 0): Uint8Array<ArrayBuffer> {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + text.length + body.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(body, 8 + text.length);
  return file;
}

/** The header's text of a tensor. */
export function entry(dtype: string, shape: readonly unknown[], begin: unknown, end: unknown): string {
  return `{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`;
}

/** What a file says, by JSON.parse. */
export function unpack(file: Uint8Array): { tensors: Map<string, PlainEntry>; metadata: Map<string, string> } {
  const start = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, start)));
  const tensors = new Map<string, PlainEntry>();
  let metadata = new Map<string, string>();
  for (const name of Object.keys(header)) {
    if (name === "__metadata__") {
      metadata = new Map(Object.entries(header[name]));
      continue;
    }
    const { dtype, shape, data_offsets: at } = header[name];
    tensors.set(name, { dtype, shape, data: [...file.subarray(start + at[0], start + at[1])] });
  }
  return { tensors, metadata };
}
