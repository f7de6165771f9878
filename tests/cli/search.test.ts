import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectFailure, folder, lastJson, run } from "./command.js";

const here = folder();
const module = (name: string, text: string) => writeFileSync(join(here, name), text);
const space = `export const space = (draw) => ({ x: draw.float("x", -5, 5), kind: draw.choice("kind", ["a", "b"]) });`;
module("bowl.mjs", `${space}\nexport default ({ x, kind }) => x * x + (kind === "a" ? 1 : 0);`);
module("hill.mjs", `${space}\nexport const direction = "maximize";\nexport default ({ x }) => -x * x;`);
module(
  "two.mjs",
  `${space}\nexport const direction = ["minimize", "minimize"];\nexport default ({ x }) => [x * x, (x - 2) ** 2];`,
);
module(
  "slow.mjs",
  `${space}\nexport default async ({ x }) => { await new Promise((done) => setTimeout(done, 100)); return x * x; };`,
);

describe("spokeshave search", () => {
  test("searches a module's objective; the last line is the JSON it promises", async () => {
    const ending = await run(here, ["search", "bowl.mjs", "--trials", "20", "--json", "--storage", "bowl.jsonl"]);
    expect(ending.code).toBe(0);
    const { seconds, best, trials, ...rest } = lastJson(ending);
    expect(rest).toEqual({ ended: "trials", done: 20, stopped: 0, failed: 0, storage: "bowl.jsonl" });
    expect(seconds).toBeGreaterThan(0);
    expect(best).toEqual(trials[0]);
    expect(best.values[0]).toBeCloseTo(best.draws.x ** 2 + (best.draws.kind === "a" ? 1 : 0));
    const values = trials.map((trial: { values: number[] }) => trial.values[0]);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(ending.stderr.match(/^trial \d+: value /gm)).toHaveLength(20);

    // More trials go on from there, to what one search of as many gives.
    const more = lastJson(
      await run(here, ["search", "bowl.mjs", "--trials", "30", "--json", "--storage", "bowl.jsonl"]),
    );
    const whole = lastJson(await run(here, ["search", "bowl.mjs", "--trials", "30", "--json"]));
    expect(more.trials).toEqual(whole.trials);
    expect(whole.storage).toBe("study.jsonl");
  });

  test("shows the best as a table, the greatest where that is asked for, the front of several", async () => {
    const hill = await run(here, ["search", "hill.mjs", "--trials", "12", "--sampler", "random"]);
    expect(hill.stdout).toMatch(/^trial +value +x +kind\n/m);
    const values = hill.stdout
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => Number(line.split(/ +/)[1]));
    expect(values).toHaveLength(10);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    const two = lastJson(await run(here, ["search", "two.mjs", "--trials", "12", "--stopper", "none", "--json"]));
    for (const { draws } of two.trials) expect(draws.x).toBeGreaterThan(-5);
    expect(two.trials.every(({ values }: { values: number[] }) => values.length === 2)).toBe(true);
  });

  test("finds a network for --data, in threads to the same trials", async () => {
    const args = ["search", "--data", "digits", "--trials", "4", "--epochs", "2", "--json"];
    const one = await run(here, [...args, "--storage", "one.jsonl"]);
    expect(one.code).toBe(0);
    const two = await run(here, [...args, "--storage", "two.jsonl", "--workers", "2"]);
    const [a, b] = [lastJson(one), lastJson(two)];
    expect(a.best.draws).toMatchObject({ layers: expect.any(Number), lr: expect.any(Number) });
    expect(b.trials).toEqual(a.trials);
  });

  test.each(["tpe", "random", "sobol", "grid"])("proposes settings by %s", async (sampler) => {
    const args = ["search", "bowl.mjs", "--trials", "6", "--sampler", sampler, "--stopper", "median", "--json"];
    expect(lastJson(await run(here, args))).toMatchObject({ ended: "trials", done: 6 });
  });

  test("Ctrl-C keeps what was done and says how to go on", async () => {
    const args = ["search", "slow.mjs", "--trials", "12", "--json"];
    const stopped = await run(here, args, { interruptAt: "trial 5:" });
    expect(stopped.code).toBe(130);
    const { ended, done, storage } = lastJson(stopped);
    expect([ended, done >= 5 && done < 12]).toEqual(["signal", true]);
    const shown = `spokeshave search slow.mjs --trials 12 --json --storage ${storage}`;
    expect(stopped.stderr).toContain(`stopped after ${done} of 12 trials. To go on:\n  ${shown}\n`);
    const again = await run(here, [...args, "--storage", storage]);
    expect(again.stderr).toContain(`${storage}, which has ${done}`);
    expect(lastJson(again).trials).toEqual(lastJson(await run(here, args)).trials);
  });

  test("bad input: one line", async () => {
    await expectFailure(here, ["search"], 2, /--data is missing/);
    await expectFailure(here, ["search", "nope.mjs"], 1, /nope\.mjs cannot be loaded/);
    module("empty.mjs", "export const nothing = 1;");
    await expectFailure(here, ["search", "empty.mjs"], 1, /needs a default export, the objective, that is a function/);
    module("no.mjs", "export default () => 1;");
    await expectFailure(here, ["search", "no.mjs"], 1, /needs an export `space`, that is a function/);
    module("broken.mjs", "export default (");
    await expectFailure(here, ["search", "broken.mjs"], 1, /broken\.mjs cannot be loaded/);
    await expectFailure(
      here,
      ["search", "--data", "digits", "--sampler", "best"],
      2,
      /Allowed choices are tpe, random/,
    );
    await expectFailure(here, ["search", "--data", "nope.csv"], 1, /there is no file nope\.csv/);
    await run(here, ["search", "bowl.mjs", "--trials", "2", "--storage", "mine.jsonl"]);
    await expectFailure(
      here,
      ["search", "hill.mjs", "--trials", "2", "--storage", "mine.jsonl"],
      1,
      /holds a study with/,
    );
    writeFileSync(join(here, "notes.txt"), "my notes\n");
    await expectFailure(here, ["search", "bowl.mjs", "--storage", "notes.txt"], 1, /notes\.txt/);
    module("fails.mjs", `${space}\nexport default () => { throw new Error("no such \\u001b thing"); };`);
    const failed = await run(here, ["search", "fails.mjs", "--trials", "8"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(
      /spokeshave: search: all of the first 4 trials failed.* no such \\u\{1b\} thing.*\n$/,
    );
  });
});
