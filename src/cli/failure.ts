// How a command ends when it does not end well: one line on stderr and an exit code.
import { CommanderError } from "commander";
import { printable } from "./text.js";

/** What stands on the command line cannot be meant: exit code 2. */
export class UsageError extends Error {}

/** What the process ends with. */
export const exitCodes = { failed: 1, usage: 2, interrupted: 130 } as const;

/** Says what went wrong, with the stack only where it was asked for, and sets the exit code. */
export function fail(error: unknown): void {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const usage = error instanceof UsageError || error instanceof CommanderError;
  // An interruption stays one, whatever comes of it.
  process.exitCode ||= usage ? exitCodes.usage : exitCodes.failed;
  const message = error instanceof Error ? error.message : String(error);
  console.error(`spokeshave: ${printable(message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " "))}`);
  if (process.argv.includes("--debug") || process.env.SPOKESHAVE_DEBUG) console.error(error);
}
