// What a page downloads, from the build: printed, and limited.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build as bundle } from "esbuild";
import { expect, test } from "vitest";
import * as spokeshave from "../src/index.js";

const build = join(import.meta.dirname, "..", "build");
const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;

test.each(["simd", "relaxed", "simd-threads", "relaxed-threads"])("%s.wasm is at most 64 KB", (binary) => {
  const { length } = readFileSync(join(build, "kernels", `${binary}.wasm`));
  console.log(`${binary}.wasm: ${kilobytes(length)}`);
  expect(length).toBeLessThanOrEqual(64 * 1024);
});

/** Gzipped JavaScript of a program that imports these names and nothing else, without what it loads when asked. */
function imported(names: readonly string[]): Promise<number> {
  return bundled(`export { ${names} } from "./src/index.ts";`);
}

async function bundled(contents: string): Promise<number> {
  const { outputFiles } = await bundle({
    stdin: { contents, resolveDir: join(build, ".."), loader: "ts" },
    ...{ bundle: true, minify: true, format: "esm", target: "es2022", platform: "neutral", write: false },
    mainFields: ["module", "main"],
    external: ["#kernels/*", "#digits", "*/deflate.js"],
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
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
  const bytes = await bundled(`export * from "./src/files/deflate.ts";`);
  console.log(`what packs files is ${kilobytes(bytes)} of JavaScript, gzipped`);
  expect(bytes).toBeLessThanOrEqual(5 * 1024);
});

test("what makes reports is at most 28 KB of JavaScript, gzipped, without the library", () => {
  const bytes = gzipSync(readFileSync(join(build, "report.js")), { level: 9 }).length;
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

test("the bundle asks for nothing of Node's, and evaluates nothing", () => {
  const text = readFileSync(join(build, "index.js"), "utf8");
  const found = text.match(/["'`]node:|\beval\(|new Function|new WebAssembly\.Module\(/)?.[0];
  expect(found).toBeUndefined();
});
