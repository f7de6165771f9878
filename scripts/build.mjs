// Builds everything under build/: the four kernel binaries, their bytes and the digits as modules, the bundle, the typings, the command
// line.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { build } from "esbuild";
import { packDigits } from "./digits.mjs";
import { compile, targets } from "./kernels.mjs";
import { noticesOf } from "./notices.mjs";

rmSync("build", { recursive: true, force: true });
mkdirSync("build/kernels", { recursive: true });

for (const target of targets) await compile(target, "build/kernels");
for (const binary of targets) {
  const base64 = readFileSync(`build/kernels/${binary}.wasm`).toString("base64");
  writeFileSync(`build/kernels/${binary}.bytes.js`, `export default ${JSON.stringify(base64)};\n`);
}
writeFileSync("build/digits.js", `export default ${JSON.stringify(packDigits("data/digits.csv.gz"))};\n`);
for (const name of ["kernels/bytes", "digits"])
  writeFileSync(`build/${name}.d.ts`, "declare const base64: string;\nexport default base64;\n");
writeFileSync("build/kernels/module.d.ts", "declare const module: WebAssembly.Module;\nexport default module;\n");

const shared = {
  bundle: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  outdir: "build",
};
/** Left to the bundler of an edge worker, which compiles it beforehand. */
const modules = {
  name: "precompiled modules",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^#kernels\/.*\?module$/ }, ({ path }) => ({ path: path.replace("#", "./"), external: true })),
};
// In one go, so that all entries share what they have in common: one heap, one Tensor. Spaces stay, and with them the notes that a call
// has no side effects: bundlers drop by them what is not used, and a stack trace shows the line that threw.
const library = await build({
  ...shared,
  entryPoints: {
    index: "src/index.ts",
    core: "src/core.ts",
    edge: "src/edge.ts",
    files: "src/disk.ts",
    report: "src/report/index.ts",
  },
  splitting: true,
  minifySyntax: true,
  minifyIdentifiers: true,
  platform: "neutral",
  mainFields: ["module", "main"],
  plugins: [modules],
  write: false,
});
for (const { path, text } of library.outputFiles) writeFileSync(path, notingNamespaces(text));

/** Names such as `nn` are objects that a call fills: a note, as above, that it does nothing else. */
function notingNamespaces(text) {
  const filled = /^var (\w+) = \{\};\n(\w+)\(\1, (\{\n[\s\S]*?\n\})\);$/gm;
  return text.replace(filled, "var $1 = /* @__PURE__ */ ((all) => ($2(all, $3), all))({});");
}

/** What stands on the library imports the one that is loaded, wherever in src it is written. */
const apart = {
  name: "entries stay files of their own",
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/index\.js$/ }, ({ path, resolveDir }) => {
      const entry = { "src/index.js": "./index.js", "src/report/index.js": "./report.js" }[
        relative(".", resolve(resolveDir, path)).replaceAll("\\", "/")
      ];
      return entry === undefined ? undefined : { path: entry, external: true };
    });
  },
};
const command = await build({
  ...shared,
  // The task of `search` without a module is a file of its own, for threads to load.
  entryPoints: { cli: "src/cli/index.ts", objective: "src/cli/objective.ts" },
  platform: "node",
  // Bundled CommonJS asks for Node's own modules by require.
  banner: {
    js: '#!/usr/bin/env node\nimport { createRequire as requireFrom } from "node:module";\nconst require = requireFrom(import.meta.url);',
  },
  plugins: [apart],
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
});
writeFileSync("build/notices.txt", noticesOf([library, command].map(({ metafile }) => metafile)));
const types = spawnSync("node_modules/.bin/tsc", ["-p", "tsconfig.types.json"], { stdio: "inherit" });
if (types.status !== 0) process.exit(types.status ?? 1);
