import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ArgumentError, FileError } from "../../src/errors.js";
import { fromBytes, fromFile, load, save, toBytes, toFile } from "../../src/files/model.js";
import * as nn from "../../src/nn/index.js";
import { sparse } from "../../src/ops/sparse.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { tensor } from "../../src/tensor.js";
import { zeroLeaks } from "../grid.js";
import { sparsely } from "../ops/sparseProofs.js";

zeroLeaks();

afterEach(() => vi.unstubAllGlobals());

const plain = () => nn.sequential([nn.linear(70, 33), nn.relu()], { seed: 1 });
const packed = () =>
  scope(() => {
    const w = tensor(sparsely("csr", [33, 70], 0.1, 1), [33, 70]);
    return plain().with({ "0.linear.weight": sparse(w, { layout: "csr" }) });
  });

/** The plain and the gzipped bytes of a packed model. */
async function files(): Promise<{ bytes: Uint8Array; file: Uint8Array }> {
  const model = packed();
  const made = { bytes: toBytes(model), file: await toFile(model) };
  model.dispose();
  return made;
}

async function codeOf(file: Uint8Array): Promise<string> {
  const before = memory().tensors;
  try {
    (await fromFile(file)).dispose();
    return "none";
  } catch (error) {
    expect(memory().tensors).toBe(before);
    if (error instanceof FileError) return error.code;
    throw error;
  }
}

describe("a model's file", () => {
  test("is gzip of toBytes where weights are packed, and toBytes where none is; fromFile and load take both", async () => {
    const folder = await mkdtemp(join(tmpdir(), "spokeshave-"));
    for (const model of [packed(), plain()]) {
      const [bytes, file] = [toBytes(model), await toFile(model)];
      const zipped = Object.values(model.params).some((t) => t.dtype === "packed");
      expect(new Uint8Array(zipped ? gunzipSync(file) : file)).toEqual(bytes);
      expect(file.length < bytes.length).toBe(zipped);
      expect(await toFile(model)).toEqual(file);
      const path = join(folder, "model");
      await save(model, path);
      expect(new Uint8Array(await readFile(path))).toEqual(file);
      for (const again of [
        await load(path),
        await fromFile(file),
        await fromFile(bytes),
        await fromFile(bytes.buffer as ArrayBuffer),
      ]) {
        expect(toBytes(again)).toEqual(bytes);
        again.dispose();
      }
      model.dispose();
    }
  });

  test("goes through chunks of any size, with headers and data longer than one", async () => {
    const model = nn.sequential(
      Array.from({ length: 300 }, () => nn.linear(17, 17)),
      { seed: 1 },
    );
    const bytes = toBytes(model);
    expect(8 + new DataView(bytes.buffer).getUint32(0, true)).toBeGreaterThan(2 ** 16);
    const again = await fromFile(gzipSync(bytes));
    expect(toBytes(again)).toEqual(bytes);
    again.dispose();
    model.dispose();
  });

  test("of gzip given to fromBytes says what reads it", async () => {
    const { file } = await files();
    expect(() => fromBytes(file)).toThrow(FileError);
    expect(() => fromBytes(file)).toThrow(/gzipped; use fromFile/);
    await expect(fromFile("digits" as never)).rejects.toThrow(ArgumentError);
  });

  test("is packed and unpacked without the host's help", async () => {
    const [model, { file }] = [packed(), await files()];
    vi.stubGlobal("CompressionStream", undefined);
    vi.stubGlobal("DecompressionStream", undefined);
    expect(await toFile(model)).toEqual(file);
    const again = await fromFile(file);
    expect(toBytes(again)).toEqual(toBytes(model));
    again.dispose();
    model.dispose();
  });
});

describe.each([
  ["", globalThis.DecompressionStream],
  [", unpacked without the host's help,", undefined],
])("a hostile file%s", (_, stream) => {
  beforeEach(() => void vi.stubGlobal("DecompressionStream", stream));

  test("is refused at every truncation", async () => {
    const { file } = await files();
    for (let length = 2; length < file.length; length++) expect(await codeOf(file.subarray(0, length))).toBe("E_GZIP");
    expect(await codeOf(file.subarray(0, 1))).toBe("E_HEADER_SIZE");
  });

  test("with a bit flipped is refused, or the same model", async () => {
    const { bytes, file } = await files();
    for (let bit = 16; bit < file.length * 8; bit += bit < 640 ? 1 : 7) {
      const bent = file.slice();
      bent[bit >> 3]! ^= 1 << (bit & 7);
      // Names and comments of the gzip header are not checked by its sum.
      if ((await codeOf(bent)) !== "none") continue;
      const again = await fromFile(bent);
      expect(toBytes(again)).toEqual(bytes);
      again.dispose();
    }
    const wrong = file.slice();
    wrong[file.length - 5]! ^= 1;
    expect(await codeOf(wrong)).toBe("E_GZIP");
  });

  test("may not go on after its end, without and within", async () => {
    const { bytes, file } = await files();
    for (const rest of [Buffer.from("junk"), Buffer.alloc(8), file])
      expect(await codeOf(Buffer.concat([file, rest]))).toMatch(/E_GZIP|E_TRAILING/);
    const halves = [bytes.subarray(0, 99), bytes.subarray(99)].map((half) => gzipSync(half));
    expect(await codeOf(Buffer.concat(halves))).toBe("E_GZIP");
    expect(await codeOf(gzipSync(Buffer.concat([bytes, Buffer.alloc(1)])))).toBe("E_TRAILING");
    expect(await codeOf(gzipSync(bytes.subarray(0, -1)))).toBe("E_OFFSETS");
    expect(await codeOf(gzipSync(bytes.subarray(0, 7)))).toBe("E_HEADER_SIZE");
  });

  test("that is a bomb stops at what its header claims, which no room is made for if the gzip cannot hold it", async () => {
    const { bytes } = await files();
    const zeros = Buffer.alloc(1 << 28);
    const claims = (length: number) => {
      const head = new Uint8Array(8);
      new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
      return head;
    };
    const bombs: [string, Uint8Array][] = [
      ["E_TRAILING", gzipSync(Buffer.concat([bytes, zeros]))],
      ["E_HEADER_SIZE", gzipSync(Buffer.concat([claims(2 ** 40), zeros]))],
      ["E_TRUNCATED", gzipSync(Buffer.concat([claims(90_000_000), bytes]))],
      ["E_TRUNCATED", gzipSync(Buffer.concat([large(2 ** 33), bytes]))],
    ];
    for (const [code, bomb] of bombs) {
      const before = process.memoryUsage();
      const start = performance.now();
      expect(await codeOf(bomb)).toBe(code);
      expect(performance.now() - start).toBeLessThan(1000);
      expect(process.memoryUsage().rss - before.rss).toBeLessThan(64 * 2 ** 20);
    }
  });
});

/** A header that claims a tensor of so many bytes. */
function large(bytes: number): Uint8Array {
  const header = JSON.stringify({ w: { dtype: "U8", shape: [4, bytes / 4], data_offsets: [0, bytes] } });
  return Uint8Array.of(header.length, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(header));
}
