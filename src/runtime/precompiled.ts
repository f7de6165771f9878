import relaxed from "#kernels/relaxed.wasm?module";
import simd from "#kernels/simd.wasm?module";
import { type InitOptions, type RuntimeInfo, start } from "./init.js";

/** `init()` for edge workers, which compile nothing at run time: their bundler turns these imports into modules. */
export function init(options: InitOptions = {}): Promise<RuntimeInfo> {
  return start(options, { simd: () => simd, relaxed: () => relaxed });
}
