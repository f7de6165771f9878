// The entries of the package, as built: one library, whichever way its kernels come in.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, expect, it, vi } from "vitest";

const build = join(import.meta.dirname, "..", "..", "build");
const entry = (name: string) => import(/* @vite-ignore */ join(build, `${name}.js`));
const kernels = () => readFile(join(build, "kernels", "simd.wasm"));

beforeEach(() => vi.resetModules());

it("core brings no kernels, says so, and takes them as bytes, a module or a URL", async () => {
  const { ArgumentError, add, init, scope, tensor } = await entry("core");
  const failed = await init().catch((e: unknown) => e);
  expect(failed).toBeInstanceOf(ArgumentError);
  expect(failed.message).toContain("init: spokeshave/core brings no kernels; pass them, init({ wasm })");
  const bytes = await kernels();
  for (const wasm of [bytes, new WebAssembly.Module(bytes), pathToFileURL(join(build, "kernels", "simd.wasm"))]) {
    expect(await init({ wasm })).toMatchObject({ binary: "custom" });
    const sum = scope(() => add(tensor([1]), tensor([2])));
    expect(await sum.data()).toEqual(Float32Array.of(3));
    sum.dispose();
  }
});

it("all share one heap, one Tensor and what init() chose", async () => {
  const [index, core, files, report] = await Promise.all(["index", "core", "files", "report"].map(entry));
  for (const [name, value] of Object.entries(core)) if (name !== "init") expect(index[name]).toBe(value);
  expect(Object.keys(index)).toEqual(Object.keys(core));
  for (const [name, value] of Object.entries(files)) if (name in index) expect(index[name]).toBe(value);
  expect(typeof report.report).toBe("function");
  const info = await index.init({ deterministic: true });
  expect(await core.init()).toBe(info);
  const model = index.nn.sequential([index.nn.linear(2, 1)], { seed: 1 });
  const again = await files.fromBytes(await files.toBytes(model));
  expect(again).toBeInstanceOf(core.Model);
  again.dispose();
  model.dispose();
  expect(core.memory()).toMatchObject({ tensors: 0, bytes: 0 });
});
