import { ArgumentError, DeviceError } from "../errors.js";
import { heap } from "./heap.js";
import type { Kernels } from "./kernels.js";

/** Where a kernel binary may come from. */
export type WasmSource = WebAssembly.Module | BufferSource | Response | URL | string;

/** A kernel binary at work over the heap, and the module that other threads instantiate it from. */
export interface Loaded {
  readonly kernels: Kernels;
  readonly module: WebAssembly.Module;
}

/** Instantiates a kernel binary over a memory. @throws {DeviceError} if this host cannot compile it. */
export async function loadKernels(source: WasmSource | Promise<WasmSource>, memory = heap.memory): Promise<Loaded> {
  const binary = await read(await source);
  let module: WebAssembly.Module;
  let kernels: Partial<Kernels>;
  try {
    module = isBytes(binary) ? await WebAssembly.compile(binary) : binary;
    const instance = await WebAssembly.instantiate(module, { env: { memory } });
    kernels = instance.exports as Partial<Kernels>;
  } catch (cause) {
    const fix = (await mayCompile())
      ? "check that the file is whole, and spokeshave/kernels.wasm of this version"
      : "a page's content security policy must allow 'wasm-unsafe-eval'; for an edge worker, bundle with the condition workerd or " +
        "edge-light, or pass a precompiled module, init({ wasm: module })";
    throw new DeviceError(
      `init: this host does not compile or instantiate the kernels (${cause instanceof Error ? cause.message : cause}); ${fix}`,
      { cause },
    );
  }
  if (typeof kernels.matmul_f32 !== "function" || typeof kernels.probe_madd !== "function")
    throw new ArgumentError(
      "init: `wasm` is not a Spokeshave kernel binary of this version; use spokeshave/kernels.wasm",
    );
  return { kernels: kernels as Kernels, module };
}

/** Whether this host compiles anything: where the smallest module fails, it is forbidden. */
function mayCompile(): Promise<boolean> {
  return WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(
    () => true,
    () => false,
  );
}

/** Told by what it has: bytes and modules may come from another realm, where `instanceof` does not know them. */
function isBytes(binary: WebAssembly.Module | BufferSource): binary is BufferSource {
  return "byteLength" in binary;
}

/** The bytes or the module behind a source. */
async function read(source: WasmSource): Promise<WebAssembly.Module | BufferSource> {
  if (typeof source !== "string" && !(source instanceof URL))
    return "arrayBuffer" in source ? source.arrayBuffer() : source;
  try {
    const url = new URL(source, typeof location === "object" ? location.href : undefined);
    // Node's fetch does not read files; its disk does, and is asked for by name so that no bundler looks for it.
    const disk = url.protocol === "file:" ? globalThis.process?.getBuiltinModule?.("fs") : undefined;
    if (disk !== undefined) return await disk.promises.readFile(url);
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
    return await response.arrayBuffer();
  } catch (cause) {
    throw new ArgumentError(
      `init: cannot read the kernels from "${source}" (${cause instanceof Error ? cause.message : cause}); ` +
        'give a whole URL, e.g. new URL("./kernels.wasm", import.meta.url), or the bytes',
      { cause },
    );
  }
}
