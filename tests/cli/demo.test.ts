import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectFailure, folder, lastJson, run } from "./command.js";

const here = folder();
const figures = ["error", "validation", "bytes", "ms"];

describe("spokeshave demo", () => {
  test("makes a network of real digits small; the last line is the JSON it promises, and what the report shows", {
    timeout: 300_000,
  }, async () => {
    const ending = await run(here, ["demo", "--quick", "--json"]);
    expect(ending.stderr).toMatch(/^784-300-100-10 on mnist: 266610 parameters/);
    expect(ending.code).toBe(0);
    const { dense, best, front, seconds, ...rest } = lastJson(ending);
    expect(rest).toEqual({});
    expect(Object.keys(dense)).toEqual(figures);
    expect(Object.keys(best)).toEqual([...figures, "sparsity", "bits", "trial", "settings"]);
    expect(dense.bytes).toBe(1_067_448);
    expect(dense.error).toBeLessThan(8);
    expect(best.bytes).toBeLessThanOrEqual(40_000);
    expect(best.bytes).toBe(statSync(join(here, "digits.safetensors")).size);
    expect(best.validation).toBeLessThanOrEqual(dense.validation + 1.5);
    expect(front).toContainEqual(best);
    expect(seconds).toBeGreaterThan(0);

    const page = readFileSync(join(here, "report.html"), "utf8");
    const data = JSON.parse(/<script[^>]*id="data"[^>]*>(.*?)<\/script>/s.exec(page)![1]!);
    expect({ dense: data.dense, best: data.best, front: data.front, seconds: data.seconds }).toEqual({
      ...{ dense, best, front, seconds },
    });
    expect(data).toMatchObject({ kept: true, errorOn: "test", budget: { bytes: 40_000, drop: 0.015 } });
    expect(data.trials).toHaveLength(6);
    expect(data.misread).toMatchObject({ width: 28, height: 28 });
  });

  test("runs on the built-in digits, too, and shows the front as a table", { timeout: 120_000 }, async () => {
    const { code, stdout } = await run(here, [
      "demo",
      "--quick",
      "--data",
      "digits",
      "--out",
      "d",
      "--report",
      "d.html",
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^model +error % +size +ms +zeros +bits$/m);
    expect(stdout).toMatch(/^dense +[\d.]+ +27\.3 KB +[\d.]+ +32$/m);
    expect(stdout).toMatch(/^best +[\d.]+ +\d\.\d KB +[\d.]+ +[\d.]+ % +[48]$/m);
    expect(stdout).toMatch(/^d: \d+ bytes, [\d.]+ times smaller than 27264; test error .*\nd\.html shows how\n$/m);
  });

  test("Ctrl-C in the search keeps the trials and says how to go on", { timeout: 120_000 }, async () => {
    const args = ["demo", "--quick", "--data", "digits", "--out", "e", "--report", "e.html"];
    const stopped = await run(here, args, { interruptAt: "trial 1 of" });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/To go on:\n {2}spokeshave demo .* --storage study\.jsonl\n$/);
    const again = await run(here, [...args, "--storage", "study.jsonl", "--json"]);
    expect([again.code, again.stderr]).toEqual([0, expect.stringMatching(/kept in study\.jsonl, which has \d/)]);
    expect(lastJson(again).best.bytes).toBeLessThanOrEqual(4000);
    // Another demo's trials are not taken for its own.
    const wrong = await run(here, ["demo", "--quick", "--data", "digits", "--seed", "2", "--storage", "study.jsonl"]);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/holds a study with task "demo 1 on/)]);
  });

  test("bad input: one line", async () => {
    await expectFailure(here, ["demo", "--data", "cats"], 2, /Allowed choices are mnist, digits/);
    await expectFailure(here, ["demo", "--report", "no/where.html"], 1, /the folder no is not there/);
  });
});
