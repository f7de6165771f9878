import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { expectFailure, folder, lastJson, run } from "./command.js";

const here = folder();
const size = (name: string) => statSync(join(here, name)).size;
const compress = ["compress", "model.safetensors", "--data", "digits", "--trials", "2"];

beforeAll(async () => {
  await run(here, ["train", "--data", "digits", "--layers", "16", "--epochs", "30"]);
});

describe("spokeshave compress", () => {
  test("keeps the budget, and says by how much", { timeout: 120_000 }, async () => {
    const ending = await run(here, [...compress, "--bytes", "3k", "--drop", "5", "--report", "r.html", "--json"]);
    expect(ending.code).toBe(0);
    const { dense, best, front } = lastJson(ending);
    expect(dense.bytes).toBe(size("model.safetensors"));
    expect(best.bytes).toBe(size("small.safetensors"));
    expect(best.bytes).toBeLessThanOrEqual(3000);
    expect(best.validation).toBeLessThanOrEqual(dense.validation + 5);
    expect(front).toContainEqual(best);
    expect(readFileSync(join(here, "r.html"), "utf8")).toContain(String(best.bytes));
    // The trials are nobody's to keep once the model is made.
    expect(existsSync(join(here, "study.jsonl"))).toBe(false);

    expect(gunzipSync(readFileSync(join(here, "small.safetensors"))).length).toBeGreaterThan(0);
    const { total } = lastJson(await run(here, ["inspect", "small.safetensors", "--json"]));
    expect(total.bits).toBeLessThan(8);
  });

  test("an impossible budget names the best that was reached, and shows it in the report", {
    timeout: 120_000,
  }, async () => {
    const args = [...compress, "--bytes", "300", "--out", "never", "--report", "missed.html", "--storage", "missed"];
    const { code, stdout, stderr } = await run(here, args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(
      /^spokeshave: compress: no candidate keeps the budget \(bytes 300\); the best reached has bytes \d+, drop [\d.-]+/,
    );
    expect(existsSync(join(here, "never"))).toBe(false);
    expect(readFileSync(join(here, "missed.html"), "utf8")).toContain('"kept":false');
  });

  test("Ctrl-C keeps the trials; a study goes on only with its own model", { timeout: 120_000 }, async () => {
    const args = [...compress, "--bytes", "3k", "--drop", "5", "--out", "late"];
    const stopped = await run(here, args, { interruptAt: "trial 1 of" });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/To go on:\n {2}spokeshave compress .* --out late --storage study\.jsonl\n$/);
    const again = await run(here, [...args, "--storage", "study.jsonl", "--json"]);
    expect([again.code, again.stderr]).toEqual([
      0,
      expect.stringMatching(/^trials are kept in study\.jsonl, which has \d/),
    ]);
    expect(existsSync(join(here, "study.jsonl"))).toBe(true);
    await run(here, ["train", "--data", "digits", "--layers", "8", "--epochs", "1", "--out", "other"]);
    const other = [
      "compress",
      "other",
      "--data",
      "digits",
      "--trials",
      "4",
      "--bytes",
      "3k",
      "--storage",
      "study.jsonl",
    ];
    await expectFailure(here, other, 1, /holds a study with task/);
  });

  test("bad input: one line", async () => {
    const to = (...args: string[]) => ["compress", "model.safetensors", ...args];
    await expectFailure(here, to(), 2, /--data is missing/);
    await expectFailure(here, to("--bytes", "40 apples"), 2, /number of bytes, such as 40000, 40k/);
    await expectFailure(here, to("--bytes", "0"), 2, /number of bytes/);
    await expectFailure(here, to("--drop", "101"), 2, /from 0 up to 100/);
    await expectFailure(here, ["compress", "nope", "--data", "digits"], 1, /nope: ENOENT/);
    writeFileSync(join(here, "text"), "no model");
    await expectFailure(here, ["compress", "text", "--data", "digits"], 1, /safetensors/);
    const rows = Array.from({ length: 20 }, (_, i) => `${i / 20},1,${"ab"[i % 2]}`).join("\n");
    writeFileSync(join(here, "other.csv"), rows);
    await expectFailure(
      here,
      to("--data", "other.csv"),
      1,
      /reads 64 numbers and tells 10 classes apart, the data have 2 and 2/,
    );
    await expectFailure(here, ["compress", "small.safetensors", "--data", "digits"], 1, /packed/);
  });
});
