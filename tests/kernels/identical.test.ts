// What is built can be checked: from the same sources come the same bytes.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "spokeshave-kernels-"));
afterAll(() => rmSync(folder, { recursive: true }));

it.each(["simd", "relaxed-threads"])("%s.wasm is compiled again to the same bytes", (target) => {
  const program = `await (await import("./scripts/kernels.mjs")).compile(...process.argv.slice(1));`;
  const args = ["--input-type=module", "--eval", program, target, folder];
  expect(spawnSync(process.execPath, args, { encoding: "utf8" }).stderr).toBe("");
  const read = (path: string) => readFileSync(join(path, `${target}.wasm`));
  expect(read(folder).equals(read("build/kernels"))).toBe(true);
});
