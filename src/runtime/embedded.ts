import { fromBase64 } from "../base64.js";
import { type Binaries, type InitOptions, type RuntimeInfo, start } from "./init.js";

/**
 * Loads the kernels; everything else is synchronous after it. Without options it keeps what an earlier call chose; with other
 * options it swaps the binary under the tensors, or the threads, and tensors stay as they are.
 *
 * @throws {DeviceError} on a host without WebAssembly SIMD, that forbids compiling, or computes `wasm` wrong; or without the threads that are
 *   asked for by number.
 * @throws {ArgumentError} if `wasm` is not a kernel binary or cannot be read, or `maxBytes` or `threads` is out of range.
 * @example
 * const { binary } = await init({ deterministic: true }); // "simd"
 */
export function init(options: InitOptions = {}): Promise<RuntimeInfo> {
  return start(options, binaries);
}

// Each in a chunk of its own: any bundler carries them along, and a page loads the one that it needs.
const binaries: Binaries = {
  simd: () => import("#kernels/simd").then(decode),
  relaxed: () => import("#kernels/relaxed").then(decode),
  shared: {
    simd: () => import("#kernels/simd-threads").then(decode),
    relaxed: () => import("#kernels/relaxed-threads").then(decode),
  },
};

function decode(chunk: { default: string }): Uint8Array<ArrayBuffer> {
  return fromBase64(chunk.default);
}
