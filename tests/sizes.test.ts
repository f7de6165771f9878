// What a page downloads, from the build: printed, and limited.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build as bundle, transformSync } from "esbuild";
import { expect, test } from "vitest";
import * as spokeshave from "../src/index.js";

const build = join(import.meta.dirname, "..", "build");
const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;

test.each(["simd", "relaxed", "simd-threads", "relaxed-threads"])("%s.wasm is at most 64 KB", (binary) => {
  const { length } = readFileSync(join(build, "kernels", `${binary}.wasm`));
  console.log(`${binary}.wasm: ${kilobytes(length)}`);
  expect(length).toBeLessThanOrEqual(64 * 1024);
});

/** Gzipped JavaScript of a program that takes these names of a module and nothing else, without what it loads when it needs it. */
async function imported(names: readonly string[], from = "index.js"): Promise<number> {
  const { outputFiles, metafile } = await bundle({
    stdin: { contents: `export { ${names} } from "./${from}";`, resolveDir: build },
    ...{ bundle: true, minify: true, format: "esm", target: "es2022", platform: "neutral", write: false },
    ...{ splitting: true, outdir: "out", metafile: true, logLevel: "error" },
  });
  const own = new Set<string>();
  const add = (path: string): void => {
    if (own.has(path)) return;
    own.add(path);
    for (const { path: next, kind } of metafile.outputs[path]!.imports) if (kind === "import-statement") add(next);
  };
  add("out/stdin.js");
  const files = outputFiles.filter(({ path }) => own.has(relative(process.cwd(), path)));
  expect(files.length).toBe(own.size);
  return files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
}

const core = [
  "init",
  "tensor",
  "matmul",
  "grad",
  "scope",
  "nn",
  "optim",
  "train",
  "evaluate",
  "dataset",
  "save",
  "load",
];

test.each([
  ["one matrix product is", ["matmul"], 12],
  ["a program of one matrix product is", ["init", "tensor", "matmul"], 12],
  ["tensors, gradients, training and files are", core, 40],
  ["everything is", Object.keys(spokeshave), 100],
] as const)("%s at most that much JavaScript, gzipped", async (what, names, limit) => {
  const bytes = await imported(names);
  console.log(`${what} ${kilobytes(bytes)} of JavaScript, gzipped`);
  expect(bytes).toBeLessThanOrEqual(limit * 1024);
});

test("the digits are at most 40 KB, gzipped", () => {
  const { length } = gzipSync(readFileSync(join(build, "digits.js")), { level: 9 });
  console.log(`digits: ${kilobytes(length)} of JavaScript, gzipped`);
  expect(length).toBeLessThanOrEqual(40 * 1024);
});

test("what packs files is at most 5 KB, gzipped", async () => {
  const chunk = readdirSync(build).find((name) => name.startsWith("deflate-"))!;
  const bytes = await imported(["gzipSync"], chunk);
  console.log(`what packs files is ${kilobytes(bytes)} of JavaScript, gzipped`);
  expect(bytes).toBeLessThanOrEqual(5 * 1024);
});

test("what makes reports is at most 28 KB of JavaScript, gzipped, without the library", () => {
  const { code } = transformSync(readFileSync(join(build, "report.js"), "utf8"), { minify: true });
  const bytes = gzipSync(code, { level: 9 }).length;
  console.log(`what makes reports is ${kilobytes(bytes)} of JavaScript, gzipped`);
  expect(bytes).toBeLessThanOrEqual(28 * 1024);
});

test("errors keep their names in the bundle", async () => {
  const built = await import(/* @vite-ignore */ join(build, "index.js"));
  const names = Object.keys(built).filter((name) => name.endsWith("Error"));
  expect(names.length).toBeGreaterThan(8);
  for (const name of names) expect(new built[name]("", "", "").name).toBe(name);
  await built.init();
  expect(() => built.zeros([-1])).toThrow(built.ShapeError);
});

/** What the entries of the package load, without the command line's. */
const modules = readdirSync(build).filter((name) => name.endsWith(".js") && !/^(cli|objective|digits)\.js$/.test(name));

test.each(modules)("%s asks for nothing of Node's, and evaluates and compiles nothing at once", (name) => {
  const text = readFileSync(join(build, name), "utf8");
  const found = text.match(
    /["'`]node:|\beval\(|\bFunction\(|new WebAssembly\.(Module|Instance)\(|^await |\brequire\(/m,
  )?.[0];
  expect(found).toBeUndefined();
});

test.each(["index", "core", "edge", "files"])(
  "importing %s.js does no work: it declares, and calls nothing",
  async (entry) => {
    const { outputFiles } = await bundle({
      stdin: { contents: `import "./${entry}.js"`, resolveDir: build },
      ...{ bundle: true, format: "esm", target: "es2022", write: false, logLevel: "error", external: ["*?module"] },
      plugins: [
        {
          name: "nothing is dropped but what is marked as pure",
          setup: ({ onResolve }) =>
            onResolve({ filter: /^\.\/.*\.js$/ }, ({ path, kind }) =>
              kind === "dynamic-import" ? { path, external: true } : { path: join(build, path), sideEffects: true },
            ),
        },
      ],
    });
    const statements = outputFiles[0]!.text.split("\n").filter((line) => /^[^\s})\]/]/.test(line));
    const declarations = /^(var|let|const|function|class|async function|import|export)\b/;
    expect(statements.filter((line) => !declarations.test(line))).toEqual([]);
  },
);
