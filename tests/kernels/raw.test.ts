// `spokeshave/kernels.wasm` for who wants the kernels and nothing else: pointers into a memory of their own.
import { readFile } from "node:fs/promises";
import { instantiate } from "@assemblyscript/loader";
import { expect, it } from "vitest";
import type { Kernels } from "../../src/runtime/kernels.js";

it("the loader of AssemblyScript runs the binary over a memory of ours", async () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = await instantiate(await readFile("build/kernels/simd.wasm"), { env: { memory } });
  const kernels = exports as unknown as Kernels;
  const [a, b, sum] = [64, 128, 192];
  const values = (pointer: number) => new Float32Array(memory.buffer, pointer, 4);
  values(a).set([1, 2, 3, 4]);
  values(b).set([10, 20, 30, 40]);
  kernels.add_f32(sum, a, b, 4, 4, 1, 4, 1, 0, 4); // 4 columns, strides of both, elements 0 to 4
  expect([...values(sum)]).toEqual([11, 22, 33, 44]);
  expect(kernels.probe_madd(3, 5, 7)).toBe(22);
});
