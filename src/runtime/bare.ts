import { type InitOptions, type RuntimeInfo, start } from "./init.js";

/** `init()` without binaries of its own: the first call brings one, `init({ wasm })`. @throws {ArgumentError} if it does not */
export function init(options: InitOptions = {}): Promise<RuntimeInfo> {
  return start(options);
}
