import { type Command, Option } from "commander";
import {
  asha,
  grid,
  init,
  median,
  randomSampler,
  type Study,
  search,
  sobol,
  type Trial,
  threads,
  tpe,
} from "../index.js";
import { dataSource } from "./ask.js";
import { interruptible } from "./interrupt.js";
import { count } from "./options.js";
import { Progress } from "./progress.js";
import { withData } from "./settings.js";
import { StudyFile } from "./studyFile.js";
import { networkTask, taskFrom } from "./task.js";
import { commandLine, jsonLine, printable, short, table } from "./text.js";

const samplers = { tpe, random: randomSampler, sobol, grid: () => grid({ points: 5 }) };
const stoppers = { asha, median, none: () => undefined };
/** How many of the best trials are shown. */
const shown = 10;

interface Flags {
  readonly data?: string;
  readonly label?: string;
  readonly scale?: number;
  readonly epochs: number;
  readonly trials: number;
  readonly sampler: keyof typeof samplers;
  readonly stopper: keyof typeof stoppers;
  readonly workers: number;
  readonly storage?: string;
  readonly seed: number;
  readonly json?: boolean;
}

export function searchCommand(program: Command): void {
  const command = program
    .command("search")
    .description("Search the settings with the least value: of your objective, or of the error of networks on --data.")
    .argument("[module]", "a module: its default export is the objective, and it exports space");
  withData(command)
    .option("--epochs <n>", "passes over --data in a trial", count(1, 1e6), 10)
    .option("--trials <n>", "trials in all, those of --storage included", count(1, 1e6), 40)
    .addOption(new Option("--sampler <name>", "proposes settings").choices(Object.keys(samplers)).default("tpe"))
    .addOption(new Option("--stopper <name>", "ends hopeless trials").choices(Object.keys(stoppers)).default("asha"))
    .option("--workers <n>", "trials at a time, each in a thread", count(1, 256), 1)
    .option("--storage <file>", "keeps the trials, and goes on with those it has (default: a new study.jsonl)")
    .option("--seed <n>", "for all that is drawn", count(0, 2 ** 32 - 1), 1)
    .option("--json", "end with one line of JSON")
    .addHelpText("after", "\nExamples:\n  $ spokeshave search --data digits --trials 30 --workers 2")
    .addHelpText("after", "  $ spokeshave search objective.mjs --sampler sobol --storage study.jsonl")
    .action((module: string | undefined, flags: Flags) => interruptible((signal) => run(module, flags, signal)));
}

async function run(module: string | undefined, flags: Flags, signal: AbortSignal): Promise<void> {
  await init();
  const { trials, workers, seed } = flags;
  const data = module === undefined ? await dataSource(flags.data, "search") : undefined;
  const task = await (module === undefined ? networkTask(data!, flags) : taskFrom(module));
  const { objective, url, space, direction = "minimize", title } = task;
  const file = new StudyFile(flags.storage, module ?? url.search);
  const stopper = stoppers[flags.stopper]();
  const progress = new Progress(trials);
  const began = performance.now();
  let ended = 0;
  const onTrial = (trial: Trial): void => {
    progress.update(file.before + ++ended, noteOf(trial, title), { keep: true });
  };
  const study = await search(workers === 1 ? objective : threads(url, { workers }), {
    ...{ space, trials, seed, direction, storage: file.storage, signal, onTrial },
    sampler: samplers[flags.sampler](),
    ...(stopper !== undefined && { stopper }),
  })
    .catch(async (error: unknown) => {
      if (ended === 0) await file.drop();
      throw error;
    })
    .finally(() => progress.stop());
  const seconds = Number(((performance.now() - began) / 1000).toFixed(2));

  if (flags.json) console.log(jsonLine({ ...summary(study), seconds, storage: file.path }));
  else console.log(`\n${tableOf(study, title)}`);
  if (study.stopped !== "signal") return;
  const asked = data === undefined || flags.data !== undefined ? [] : ["--data", data];
  console.error(`stopped after ${study.trials.length} of ${trials} trials. To go on:`);
  console.error(`  ${commandLine([...asked, ...file.flags])}`);
}

function noteOf({ number, state, values, error }: Trial, title: string): string {
  const what = state === "failed" ? `failed: ${error}` : `${title} ${values.map(short).join(", ")}`;
  return printable(`trial ${number}: ${what}${state === "stopped" ? ", stopped" : ""}`);
}

/** The best first; of several objectives those that no other beats. */
function best({ trials, front, directions }: Study<unknown>): readonly Trial[] {
  if (directions.length > 1) return front;
  const sign = directions[0] === "maximize" ? -1 : 1;
  const done = trials.filter(({ state }) => state === "done");
  return done.sort((a, b) => sign * (a.values[0]! - b.values[0]!) || a.number - b.number).slice(0, shown);
}

function tableOf(study: Study<unknown>, title: string): string {
  const trials = best(study);
  if (trials.length === 0) return `none of ${study.trials.length} trials came to its end`;
  const names = [...new Set(trials.flatMap(({ draws }) => Object.keys(draws)))];
  const titles = study.directions.length === 1 ? [title] : study.directions.map((_, i) => `${title} ${i + 1}`);
  return table(
    ["trial", ...titles, ...names],
    trials.map(({ number, values, draws }) => [
      number,
      ...values.map(short),
      ...names.map((name) => short(draws[name])),
    ]),
  );
}

function summary(study: Study<unknown>) {
  const of = (state: Trial["state"]): number => study.trials.filter((trial) => trial.state === state).length;
  const found = best(study).map(({ number, values, draws }) => ({ number, values, draws }));
  return {
    ended: study.stopped,
    ...{ done: of("done"), stopped: of("stopped"), failed: of("failed") },
    best: found[0] ?? null,
    trials: found,
  };
}
