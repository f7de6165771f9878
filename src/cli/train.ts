import { rm, stat } from "node:fs/promises";
import type { Command } from "commander";
import { evaluate, init, save } from "../index.js";
import { dataSource } from "./ask.js";
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint.js";
import { dataFrom } from "./data/source.js";
import { UsageError } from "./failure.js";
import { fit } from "./fit.js";
import { interruptible } from "./interrupt.js";
import { network } from "./network.js";
import { checkWritable } from "./output.js";
import { type Settings, typed, withSettings } from "./settings.js";
import { jsonLine, percent, printable, quoted, sizeText } from "./text.js";

interface Flags extends Settings {
  readonly out?: string;
  readonly resume?: string;
  readonly json?: boolean;
}

/** What the name of a stopped training ends with, after that of the model. */
const ending = ".resume";

export function trainCommand(program: Command): void {
  withSettings(program.command("train"))
    .description("Train a network of linear layers and relu to tell classes apart, and save it.")
    .option("--out <file>", "where the model goes (default: model.safetensors)")
    .option("--resume <file>", "go on with a training that was stopped, to the same bytes as if it had not been")
    .option("--json", "end with one line of JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ spokeshave train --data digits --layers 64,32 --epochs 20 --out digits.safetensors",
    )
    .action((flags: Flags, command: Command) => interruptible((signal) => run(flags, command, signal)));
}

async function run(flags: Flags, command: Command, signal: AbortSignal): Promise<void> {
  await init();
  const stopped = await resumed(flags, command);
  const source = await dataSource(flags.data ?? stopped?.settings.data, "train");
  const settings = { ...(stopped?.settings ?? flags), data: source };
  const out = outOf(flags);
  await checkWritable(out);
  const data = await dataFrom(source, settings);
  const model = stopped?.model ?? network(data, settings.layers, settings.seed);
  const shape = [...data.train.inputShape, ...settings.layers, data.classes.length].join("-");
  console.error(
    `${shape}, ${model.size} parameters: ${data.train.size} examples to train on, ${data.test.size} to test on`,
  );

  const [seen, validation] = data.train.split({ holdOut: settings.validation, seed: settings.seed });
  const run = { seen, validation, settings, signal, state: stopped?.state };
  const { training, steps, seconds } = await fit(model, run);
  await save(model, out);
  const checkpoint = out + ending;
  if (training.stopped === "signal") {
    const { step } = training.state;
    await saveCheckpoint(checkpoint, { model, state: training.state, settings });
    training.dispose();
    model.dispose();
    console.error(`stopped after ${step} of ${steps} steps; ${printable(out)} is the model so far. To go on:`);
    console.error(`  spokeshave train --resume ${quoted(checkpoint)}`);
    if (flags.json) console.log(jsonLine({ stopped: true, step, steps, seconds, file: out, resume: checkpoint }));
    return;
  }
  await rm(checkpoint, { force: true });
  const { accuracy, size } = await evaluate(model, data.test);
  const { size: bytes } = await stat(out);
  const error = percent(1 - accuracy);
  if (flags.json) console.log(jsonLine({ stopped: false, error, seconds, params: model.size, bytes, file: out }));
  else console.log(`test error ${error} % of ${size} examples; saved ${printable(out)}, ${sizeText(bytes)}`);
  model.dispose();
}

function outOf({ out, resume }: Flags): string {
  if (out !== undefined) return out;
  return resume?.endsWith(ending) ? resume.slice(0, -ending.length) : "model.safetensors";
}

async function resumed({ resume }: Flags, command: Command): Promise<Checkpoint | undefined> {
  if (resume === undefined) return undefined;
  const fixed = typed(command).find((flag) => flag !== "--data");
  if (fixed !== undefined) throw new UsageError(`train: ${fixed} is fixed by ${resume}; leave it out`);
  return loadCheckpoint(resume);
}
