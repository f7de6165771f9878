import { execFile } from "node:child_process";
import { mkdtemp, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const cli = join(import.meta.dirname, "..", "..", "build", "cli.js");
const run = (...args: string[]) => promisify(execFile)(process.execPath, [cli, ...args]);

describe("spokeshave demo", () => {
  test("learns real digits; the last line is the JSON it promises", { timeout: 300_000 }, async () => {
    const out = join(await mkdtemp(join(tmpdir(), "spokeshave-")), "digits.safetensors");
    const { stdout } = await run("demo", "--json", "--epochs", "3", "--out", out);
    const result = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    expect(Object.keys(result)).toEqual(["error", "seconds", "bytes", "params"]);
    expect(result.params).toBe(784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10);
    expect(result.bytes).toBe((await stat(out)).size);
    expect(result.error).toBeLessThan(2.4);
    expect(result.seconds).toBeGreaterThan(0);
  });
});
