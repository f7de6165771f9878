// What a page downloads, from the build: printed, and limited.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const build = join(import.meta.dirname, "..", "build");
const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;

test.each(["simd", "relaxed", "simd-threads", "relaxed-threads"])("%s.wasm is at most 64 KB", (binary) => {
  const { length } = readFileSync(join(build, "kernels", `${binary}.wasm`));
  console.log(`${binary}.wasm: ${kilobytes(length)}`);
  expect(length).toBeLessThanOrEqual(64 * 1024);
});

test("the JavaScript is at most 40 KB gzipped, without the binaries", () => {
  const chunks = readdirSync(join(build, "chunks")).filter((name) => name.endsWith(".js") && !name.includes(".bytes-"));
  const files = [join(build, "index.js"), ...chunks.map((name) => join(build, "chunks", name))];
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);
  console.log(`core JavaScript: ${kilobytes(bytes)} gzipped`);
  expect(bytes).toBeLessThanOrEqual(40 * 1024);
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
