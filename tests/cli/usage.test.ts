import { describe, expect, test } from "vitest";
import { expectFailure, folder, run } from "./command.js";

const commands = ["demo", "train", "compress", "search", "inspect"];
const here = folder();

describe("the command line", () => {
  test("shows its commands, and each command an example", async () => {
    for (const args of [[], ["--help"], ["help"]]) {
      const { code, stdout } = await run(here, args);
      expect(code).toBe(0);
      for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    }
    for (const command of commands) {
      const { code, stdout, stderr } = await run(here, [command, "--help"]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(new RegExp(`Examples?:\n(  \\$ spokeshave ${command} .+\n)+$`));
      expect(stdout).toContain("--json");
    }
    expect((await run(here, ["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    [["dem"], /unknown command 'dem' \(Did you mean demo\?\)/],
    [["train", "--epoch", "3"], /unknown option '--epoch' \(Did you mean --epochs\?\)/],
    [["train", "--epochs"], /'--epochs <n>' argument missing/],
    [["train", "--epochs", "x"], /'x' is invalid\. It must be an integer from 1/],
    [["train", "--epochs", "1.5"], /integer/],
    [["train", "--epochs", ""], /integer/],
    [["train", "--epochs", "0"], /integer/],
    [["train", "--lr", "-1"], /It must be a number above 0/],
    [["train", "--lr", "NaN"], /number/],
    [["train", "--validation", "1"], /number from 0 up to 0\.9/],
    [["train", "--layers", "3,,4"], /widths/],
    [["train", "--layers", "-3"], /widths/],
    [["train"], /--data is missing; .* --data digits/],
    [["train", "digits"], /too many arguments/],
    [["inspect"], /the file is missing/],
    [["inspect", "a", "b"], /too many arguments/],
    [["inspect", "--nope\u001b[31m"], /unknown option '--nope\\u\{1b\}\[31m'/],
  ])("%j is a usage error: one line, exit code 2", async (args, message) => {
    await expectFailure(here, args, 2, message);
  });

  test("shows a stack only where it is asked for", async () => {
    for (const args of [
      ["--debug", "inspect", "nope"],
      ["inspect", "nope", "--debug"],
    ])
      expect((await run(here, args)).stderr).toMatch(/^spokeshave: .*nope.*\n[\s\S]*\n {4}at /);
  });
});
