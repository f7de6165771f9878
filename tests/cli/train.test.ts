import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectFailure, folder, lastJson, run } from "./command.js";

const here = folder();
const digits = ["train", "--data", "digits", "--layers", "64,32"];
const bytesOf = (name: string) => readFileSync(join(here, name));

describe("spokeshave train", () => {
  test("learns the digits; the last line is the JSON it promises", async () => {
    const ending = await run(here, [...digits, "--epochs", "20", "--out", "model.safetensors", "--json"]);
    expect(ending.code).toBe(0);
    expect(ending.stdout.trim().split("\n")).toHaveLength(1);
    expect(ending.stderr).toMatch(/^64-64-32-10, 6570 parameters/);
    expect(ending.stderr.match(/^epoch \d+ of 20 {2}loss [\d.]+ {2}validation error [\d.]+ %$/gm)).toHaveLength(20);
    const { error, seconds, ...rest } = lastJson(ending);
    const file = "model.safetensors";
    expect(rest).toEqual({ stopped: false, params: 6570, bytes: statSync(join(here, file)).size, file });
    expect(error).toBeLessThan(6);
    expect(seconds).toBeGreaterThan(0);
    expect(lastJson(await run(here, ["inspect", file, "--json"])).total.size).toBe(6570);
  });

  test("Ctrl-C keeps what was done and says how to go on, to the bytes of a training that was not stopped", async () => {
    const args = [...digits, "--epochs", "100", "--json"];
    const whole = run(here, [...args, "--out", "whole"]);
    const stopped = await run(here, [...args, "--out", "part"], { interruptAt: "epoch 3 of" });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/stopped after \d+ of 2100 steps.*\n {2}spokeshave train --resume part\.resume\n$/);
    expect(lastJson(stopped)).toMatchObject({ stopped: true, steps: 2100, file: "part", resume: "part.resume" });
    expect(lastJson(await run(here, ["inspect", "part", "--json"])).total.size).toBe(6570);

    const again = await run(here, ["train", "--resume", "part.resume", "--json"], { interruptAt: "of 100" });
    expect(again.code).toBe(130);
    expect(lastJson(again).step).toBeGreaterThan(lastJson(stopped).step);
    expect((await run(here, ["train", "--resume", "part.resume"])).code).toBe(0);
    await whole;
    expect(bytesOf("part").equals(bytesOf("whole"))).toBe(true);
    expect(existsSync(join(here, "part.resume"))).toBe(false);
  });

  test("--resume takes the file of a stopped training and no other settings", async () => {
    const data = ["--data", "digits", "--layers", "8", "--epochs", "500"];
    await run(here, ["train", ...data, "--out", "short"], { interruptAt: "epoch 1 of" });
    await expectFailure(here, ["train", "--resume", "short.resume", "--lr", "1"], 2, /--lr is fixed by short\.resume/);
    await expectFailure(here, ["train", "--resume", "short"], 1, /short is no stopped training/);
    await expectFailure(here, ["train", "--resume", "nope"], 1, /nope: ENOENT/);
    const file = bytesOf("short.resume");
    for (const [from, to] of [
      ["--epochs=500", "--epochs=5e9"],
      ["--epochs=500", "--outside=1"],
    ] as const) {
      writeFileSync(
        join(here, "lies"),
        Buffer.from(file.toString("latin1").replace(from, to.padEnd(from.length)), "latin1"),
      );
      await expectFailure(here, ["train", "--resume", "lies"], 1, /lies: its settings/);
    }
    writeFileSync(join(here, "cut"), file.subarray(0, 1000));
    await expectFailure(here, ["train", "--resume", "cut"], 1, /safetensors/);
  });

  test("bad input costs no work: one line and exit code 1", async () => {
    const to = (data: string, ...more: string[]) => ["train", "--data", data, ...more];
    await expectFailure(here, to("nope.csv"), 1, /there is no file nope\.csv/);
    await expectFailure(here, to("digits", "--out", "no/folder"), 1, /the folder no is not there/);
    await expectFailure(here, to("digits", "--out", "."), 1, /is there and no file/);
    writeFileSync(join(here, "bad.csv"), `x,y,c\n${"1,2,a\n".repeat(9)}1,,b\n`);
    await expectFailure(here, to("bad.csv"), 1, /bad\.csv: line 11, column 2 \(y\) is blank/);
  });
});
