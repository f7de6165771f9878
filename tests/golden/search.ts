import { hypervolume } from "../../src/search/front.js";
import type { Sampler } from "../../src/search/sampler.js";
import { randomSampler } from "../../src/search/samplers/random.js";
import { tpe } from "../../src/search/samplers/tpe.js";
import { problems } from "../reference/problems.js";
import { medianBest, medianVolume } from "../search/medians.js";
import type { CoverageTable, Run, Task } from "./runner.js";

type Name = keyof typeof problems;
const names = Object.keys(problems) as Name[];

/** The functions are there to measure samplers by, and no part of the library: that they are the right ones. */
const evaluate =
  (name: Name): Run =>
  async ({ inputs }) => {
    const x = inputs.x!;
    const numbers = [...(await x.data())];
    const width = x.shape.at(-1)!;
    const rows = Array.from({ length: numbers.length / width }, (_, i) => numbers.slice(i * width, (i + 1) * width));
    const values = rows.map((row) => problems[name](row));
    return { out: { shape: Array.isArray(values[0]) ? [rows.length, 2] : [rows.length], values: values.flat() } };
  };

interface Study {
  readonly function: Name;
  readonly bounds: [number, number][];
  readonly budget: number;
  readonly ref: number[];
}

type Figures = Readonly<Record<string, number>>;

const reached = new Map<string, Promise<number>>();

/** What a sampler of ours reaches on the problem of a case, more being better: half of the studies do. */
function reach(sampler: Sampler, args: Study, seeds: number): Promise<number> {
  const key = `${sampler.name} ${args.function} ${args.budget}`;
  const options = { trials: args.budget, seeds: Array.from({ length: seeds }, (_, i) => i + 1), reference: args.ref };
  const problem = { of: problems[args.function], bounds: args.bounds } as never;
  const found =
    reached.get(key) ??
    (args.ref === undefined
      ? medianBest(problem, sampler, options).then((value) => -value)
      : medianVolume(problem, sampler, options));
  reached.set(key, found);
  return found;
}

/** Quartiles and tenths of a case from the worst to the best, more being better. */
function figuresOf({ values, args }: Task): Figures {
  const { budget } = args as unknown as Study;
  if ("hypervolume_median" in values) {
    const at = (which: string) => (values as Figures)[`hypervolume_${which}`]!;
    return { lowest: at("q10"), lower: at("q25"), highest: at("q90") };
  }
  const last = (values.trials as number[]).indexOf(budget);
  const at = (which: string) => -(values as Record<string, number[]>)[`best_${which}`]![last]!;
  return { lowest: at("q90"), lower: at("q75"), highest: at("q10") };
}

/** Half of our studies end no worse than where three quarters of theirs do, and better than where random ones do. */
const noWorse: Run = async (task) => {
  const args = task.args as unknown as Study;
  // Long studies are few: they take seconds.
  const got = await reach(tpe(), args, args.budget > 100 ? 2 : 20);
  const { lower } = figuresOf(task);
  if (!(got >= lower!)) throw new Error(`half of our studies reach ${got}, three quarters of theirs ${lower}`);
  const random = await reach(randomSampler(), args, 60);
  if (!(got > random)) throw new Error(`half of our studies reach ${got}, half of the random ones ${random}`);
  return {};
};

/** Random is random: our median lies among theirs. */
const alike: Run = async (task) => {
  const got = await reach(randomSampler(), task.args as unknown as Study, 60);
  const { lowest, highest } = figuresOf(task);
  if (!(got >= lowest! && got <= highest!)) throw new Error(`ours reaches ${got}, theirs ${lowest} to ${highest}`);
  return {};
};

export const searchOps: CoverageTable = {
  ...Object.fromEntries(names.map((name) => [`ref.testfunc.${name}`, evaluate(name)])),
  "ref.hypervolume2": async ({ inputs, args }) => {
    const numbers = [...(await inputs.points!.data())];
    const points = Array.from({ length: numbers.length / 2 }, (_, i) => numbers.slice(2 * i, 2 * i + 2));
    return { out: { shape: [], values: [hypervolume(points, args.ref as number[])] } };
  },
  "optuna.samplers.RandomSampler": alike,
  "optuna.samplers.TPESampler": noWorse,
  "optuna.samplers.TPESampler(multivariate)": noWorse,
  "optuna.samplers.CmaEsSampler": noWorse,
  "optuna.samplers.NSGAIISampler": noWorse,
};
