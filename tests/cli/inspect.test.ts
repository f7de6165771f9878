import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { serializeSafetensors, toBytes } from "../../src/index.js";
import * as nn from "../../src/nn/index.js";
import { pack } from "../../src/prune/pack.js";
import { prune } from "../../src/prune/prune.js";
import { magnitude } from "../../src/prune/scores/magnitude.js";
import { int4 } from "../../src/quantize/affine.js";
import { quantize } from "../../src/quantize/quantize.js";
import { init } from "../../src/runtime/embedded.js";
import { zeroLeaks } from "../grid.js";
import { expectFailure, folder, lastJson, run } from "./command.js";

zeroLeaks();
const here = folder();
const write = (name: string, bytes: Uint8Array) => writeFileSync(join(here, name), bytes);

beforeAll(async () => {
  await init();
  const model = nn.sequential([nn.linear(64, 32), nn.relu(), nn.linear(32, 10)], { seed: 1 });
  const masks = prune(model, magnitude({ sparsity: 0.75 }));
  const { model: sparse } = pack(model, { masks, layout: "csr" });
  const coded = quantize(model, { weights: int4({ group: 32 }) });
  write("plain.safetensors", toBytes(model));
  write("sparse.safetensors", gzipSync(toBytes(sparse)));
  write("int4.safetensors", toBytes(coded));
  for (const t of [...Object.values(masks), model, sparse, coded]) t.dispose();
});

describe("spokeshave inspect", () => {
  test("lists the parameters of a model, and what they take", async () => {
    const { code, stdout } = await run(here, ["inspect", "plain.safetensors"]);
    expect(code).toBe(0);
    expect(stdout).toContain("linear → relu → linear");
    expect(stdout).toMatch(/^0\.linear\.weight +linear +f32 +32×64 +0 % +32\.00 +8192$/m);
    expect(stdout).toMatch(/^total .* 2410 .* 9640$/m);
  });

  test("tells zeros, kinds and bits of packed weights, in a gzipped file too", async () => {
    const file = "sparse.safetensors";
    const found = lastJson(await run(here, ["inspect", file, "--json"]));
    expect(found).toMatchObject({ file, bytes: statSync(join(here, file)).size, total: { size: 2410 } });
    expect(found.graph.map((node: { op: string }) => node.op)).toEqual(["linear", "relu", "linear"]);
    const [weight] = found.tensors;
    expect(weight).toMatchObject({ name: "0.linear.weight", layer: "linear", stored: "csr", shape: [32, 64] });
    expect(weight.zeros).toBe(1536);
    expect(weight.sparsity).toBe(0.75);
    expect(weight.bits).toBeCloseTo((8 * weight.bytes) / 2048);

    const [codes] = lastJson(await run(here, ["inspect", "int4.safetensors", "--json"])).tensors;
    expect(codes).toMatchObject({ stored: "int4 groups of 32", bytes: 1024 + 64 * 4, bits: 5 });
  });

  test("reads any safetensors file; names that would act on a terminal are shown, not sent", async () => {
    const halves = new Uint8Array(new Uint16Array([0, 0x8000, 0x3c00, 1]).buffer);
    const name = "w\u001b[2J\u202e\n\u0000";
    const file = serializeSafetensors([
      [name, { dtype: "F16", shape: [2, 2], data: halves }],
      ["none", { dtype: "I64", shape: [0, 3], data: new Uint8Array() }],
    ]);
    write("other.safetensors", file);
    const { stdout } = await run(here, ["inspect", "other.safetensors"]);
    expect(stdout).toMatch(/^w\\u\{1b\}\[2J\\u\{202e\}\\u\{a\}\\u\{0\} +F16 +2×2 +50 % +16\.00 +8$/m);
    const json = await run(here, ["inspect", "other.safetensors", "--json"]);
    const { graph, tensors } = lastJson(json);
    expect(graph).toBe(null);
    expect(tensors.map((each: { name: string; zeros: number }) => [each.name, each.zeros])).toEqual([
      ["none", 0],
      [name, 2],
    ]);
    for (const output of [stdout, json.stdout]) expect(output.replaceAll("\n", "")).not.toMatch(/\p{C}/u);
  });

  test.each([
    ["missing", undefined, /missing.*ENOENT/],
    ["folder/", undefined, /ENOENT|EISDIR/],
    ["text", new TextEncoder().encode("no safetensors at all"), /header/],
    ["short", new Uint8Array(3), /safetensors|header/],
    ["cut.gz", gzipSync(new Uint8Array(1000)).subarray(0, 12), /no whole gzip file/],
  ])("%s: one line and exit code 1", async (name, bytes, message) => {
    if (bytes !== undefined) write(name, bytes);
    await expectFailure(here, ["inspect", name], 1, message);
  });

  test("a graph that does not fit its tensors is refused", async () => {
    write("lies", serializeSafetensors([], [["spokeshave", '{"version":1,"graph":[{}]}']]));
    await expectFailure(here, ["inspect", "lies"], 1, /node 0 of the graph/);
  });
});
