import { fromBase64 } from "../base64.js";
import { type InitOptions, type RuntimeInfo, start } from "./init.js";

/**
 * Loads the kernels; everything else is synchronous after it. Without options it keeps what an earlier call chose; with other
 * options it swaps the binary under the tensors, which stay as they are.
 *
 * @throws {DeviceError} on a host without WebAssembly SIMD, that forbids compiling, or computes `wasm` wrong.
 * @throws {ArgumentError} if `wasm` is not a kernel binary or cannot be read, or `maxBytes` is out of range.
 * @example
 * const { binary } = await init({ deterministic: true }); // "simd"
 */
export function init(options: InitOptions = {}): Promise<RuntimeInfo> {
  return start(options, { simd, relaxed });
}

// Each in a chunk of its own: any bundler carries them along, and a page loads the one that it needs.
const simd = () => import("#kernels/simd").then((chunk) => fromBase64(chunk.default));
const relaxed = () => import("#kernels/relaxed").then((chunk) => fromBase64(chunk.default));
