import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Command } from "commander";
import { init, load, type Model, toBytes } from "../index.js";
import { dataSource, modelFile } from "./ask.js";
import type { Data } from "./data/examples.js";
import { dataFrom } from "./data/source.js";
import { interruptible } from "./interrupt.js";
import { amount, bytes, count } from "./options.js";
import { checkWritable } from "./output.js";
import { withData } from "./settings.js";
import { frontTable, shrink, verdict } from "./shrink.js";
import { StudyFile } from "./studyFile.js";
import { commandLine, jsonLine } from "./text.js";

/** Points that the error may rise by where no limit is given. */
const usualDrop = 0.3;

interface Flags {
  readonly data?: string;
  readonly label?: string;
  readonly scale?: number;
  readonly bytes?: number;
  readonly ms?: number;
  readonly drop?: number;
  readonly trials: number;
  readonly validation: number;
  readonly seed: number;
  readonly storage?: string;
  readonly out: string;
  readonly report?: string;
  readonly json?: boolean;
}

export function compressCommand(program: Command): void {
  const command = program
    .command("compress")
    .description("Make a model small within a budget: fewer weights, fewer bits, taught by the model itself.")
    .argument("[model]", "a model file, such as train leaves");
  withData(command)
    .option("--bytes <size>", "the most that the file may take: 40000, 40k, 40KB", bytes)
    .option("--ms <time>", "the most that a batch of 64 may take here", amount(0, 1e6, { from: false }))
    .option(
      "--drop <points>",
      `points of percent by which the error may rise (default: ${usualDrop}, if nothing else is limited)`,
      amount(0, 100),
    )
    .option("--trials <n>", "short trials of the search", count(1, 1e6), 24)
    .option(
      "--validation <share>",
      "share of the training data to judge by; as in train, with the same --seed, what the model has not seen",
      amount(0, 0.9, { from: false }),
      0.1,
    )
    .option("--seed <n>", "for all that is drawn", count(0, 2 ** 32 - 1), 1)
    .option("--storage <file>", "keeps the trials, and goes on with those it has (default: a new study.jsonl)")
    .option("--out <file>", "where the small model goes", "small.safetensors")
    .option("--report <file>", "writes what was done as one page of HTML")
    .option("--json", "end with one line of JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ spokeshave compress model.safetensors --data digits --bytes 10k --report report.html",
    )
    .action((model: string | undefined, flags: Flags) => interruptible((signal) => run(model, flags, signal)));
}

async function run(file: string | undefined, flags: Flags, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const { binary } = await init();
  const path = await modelFile(file, "compress");
  const source = await dataSource(flags.data, "compress");
  const { trials, seed, out, report, bytes, ms } = flags;
  for (const each of [out, report]) if (each !== undefined) await checkWritable(each);
  const model = await load(path);
  const data = await dataFrom(source, flags);
  checkFits(model, data, `${path} and ${source}`);
  const points = flags.drop ?? (bytes === undefined && ms === undefined ? usualDrop : undefined);
  const budget = { ...(bytes && { bytes }), ...(ms && { ms }), ...(points !== undefined && { drop: points / 100 }) };
  const [seen, validation] = data.train.split({ holdOut: flags.validation, seed });
  const hash = createHash("sha256").update(toBytes(model)).digest("hex").slice(0, 16);
  const result = await shrink({
    ...{
      title: basename(path),
      model,
      data,
      seen,
      validation,
      budget,
      effort: { trials },
      seed,
      signal,
      out,
      report,
      began,
    },
    study: new StudyFile(flags.storage, `compress ${hash} on ${source} to ${bytes ?? "any"} bytes`),
    asked: [...(file === undefined ? [path] : []), ...(flags.data === undefined ? ["--data", source] : [])],
    made: { command: commandLine(), kernels: binary, node: process.version, seed },
  }).finally(() => model.dispose());
  if (result === undefined) return;
  if (flags.json) console.log(jsonLine(result));
  else console.log(`\n${frontTable(result)}\n\n${verdict(result, out, report)}`);
}

function checkFits({ weights, params }: Model, { train, classes }: Data, who: string): void {
  const shapes = weights.map(({ name }) => params[name]!.shape);
  const [reads, tells] = [shapes[0]?.[1], shapes.at(-1)?.[0]];
  const [width] = train.inputShape;
  if (reads !== width || tells !== classes.length)
    throw new Error(
      `compress: ${who}: the model reads ${reads} numbers and tells ${tells} classes apart, the data have ${width} and ${classes.length}`,
    );
}
