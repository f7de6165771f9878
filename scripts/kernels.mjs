// The kernel binaries. The same sources give the same bytes, wherever and whenever they are compiled.
import { readFileSync, writeFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import binaryen from "assemblyscript/binaryen";

export const targets = ["simd", "relaxed", "simd-threads", "relaxed-threads"];

/** Writes a target's `.wasm`, `.wat` and typings into a folder. */
export async function compile(target, folder) {
  const path = `${folder}/${target}`;
  const files = ["--outFile", `${path}.wasm`, "--textFile", `${path}.wat`];
  const { error, stderr } = await asc.main(["--config", "asconfig.json", "--target", target, ...files]);
  if (error) throw new Error(`asc ${target}: ${error.message}\n${stderr}`);
  shortenConstants(path);
}

/**
 * A vector of four equal numbers takes 18 bytes as a constant, 4 to 8 as a splat of one, of which engines make the same code: a tenth of
 * a binary.
 */
function shortenConstants(path) {
  const text = readFileSync(`${path}.wat`, "utf8").replace(
    /v128\.const i32x4 (0x[0-9a-f]{8}) \1 \1 \1/g,
    "i32.const $1\ni32x4.splat",
  );
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  writeFileSync(`${path}.wat`, text);
  writeFileSync(`${path}.wasm`, module.emitBinary());
  module.dispose();
}
