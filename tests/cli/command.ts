// Runs the built command line as a user does, in a folder of its own.
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";

const cli = join(import.meta.dirname, "..", "..", "build", "cli.js");

export interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A new folder for the files of a test. */
export function folder(): string {
  return mkdtempSync(join(tmpdir(), "spokeshave-"));
}

/** Runs a command to its end; or until stderr shows `interruptAt`, where it gets a Ctrl-C. */
export function run(
  cwd: string,
  args: readonly string[],
  { interruptAt }: { interruptAt?: string } = {},
): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr, asked] = ["", "", false];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      if (asked || interruptAt === undefined || !stderr.includes(interruptAt)) return;
      asked = true;
      child.kill("SIGINT");
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** The JSON that a command ends with. */
export function lastJson({ stdout, stderr, code }: Ending) {
  try {
    return JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
  } catch {
    throw new Error(`no JSON at the end; exit code ${code}, stdout ${stdout}, stderr ${stderr}`);
  }
}

/** Asserts that a command says what is wrong in one line that matches, and nothing else, and exits so. */
export async function expectFailure(
  cwd: string,
  args: readonly string[],
  code: number,
  message: RegExp,
): Promise<void> {
  const ending = await run(cwd, args);
  expect(ending, args.join(" ")).toEqual({ code, stdout: "", stderr: expect.stringMatching(/^spokeshave: [^\n]+\n$/) });
  expect(ending.stderr).toMatch(message);
}
