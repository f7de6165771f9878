import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const trainer = join(import.meta.dirname, "trainer.mjs");

test("deterministic: two processes, one seed, equal bytes", async () => {
  const runs = await Promise.all([0, 1].map(() => promisify(execFile)(process.execPath, [trainer])));
  expect(runs[0]!.stdout).toMatch(/^simd [0-9a-f]{64}\n$/);
  expect(runs[1]!.stdout).toBe(runs[0]!.stdout);
});
