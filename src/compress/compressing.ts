import { ArgumentError, SpokeshaveError } from "../errors.js";
import { toFile } from "../files/model.js";
import type { Model, Trainable } from "../model.js";
import { sparsity } from "../prune/masks.js";
import { receipt } from "../receipt.js";
import { isDeterministic } from "../runtime/init.js";
import { frontOf } from "../search/front.js";
import type { Values } from "../search/objective.js";
import { enqueued } from "../search/samplers/enqueued.js";
import { tpe } from "../search/samplers/tpe.js";
import { search } from "../search/search.js";
import type { Study } from "../search/study.js";
import type { Trial } from "../search/trial.js";
import type { Dataset } from "../train/dataset.js";
import { evaluate } from "../train/evaluate.js";
import { BudgetError, compare, excess, type Figures, missed } from "./budget.js";
import type { Candidate, Compression, CompressOptions, LossPoint } from "./compress.js";
import { dominated } from "./dominated.js";
import { type Shaving, shave, shaved } from "./recipe.js";
import { known, type Settings, type Starts, sizesOf, spaceOf, startsOf, trialEpochs } from "./space.js";

/** Of the data, what is held out where no validation is given. */
const heldOut = 0.1;
/** What a trial sees of the data: a quarter, or what a small set has. */
const sampleShare = 0.25;
const leastSample = 2000;
/** Passes over the data that make a candidate at most, or more where they are few steps. */
const enoughEpochs = 10;
const enoughSteps = 3000;
/** Share of `maxMs` that goes to the search. */
const searchShare = 0.5;
/** How many times the lowest error a point of the front may have to be worth making. */
const usable = 3;
/** Points of a candidate's loss curve. */
const points = 100;

/** One compression as it runs. */
export class Compressing {
  private readonly data: Dataset;
  private readonly validation: Dataset;
  /** What trials see of the data. */
  private readonly sample: Dataset;
  private readonly batchSize: number;
  private readonly epochs: number;
  private starts: Starts = new Map();
  private readonly began = performance.now();
  /** With what each gained over its trial. */
  private readonly made: { readonly candidate: Candidate; readonly gain: number }[] = [];
  private dense!: Figures;

  constructor(
    private readonly model: Model,
    private readonly options: CompressOptions,
  ) {
    const { data, validation, seed = 0, epochs } = options;
    const holdOut = Math.max(1, Math.round(data.size * heldOut));
    const [rest, held] = validation === undefined ? data.split({ holdOut, seed }) : [data, validation];
    const { size } = rest;
    const share = Math.max(leastSample, Math.round(size * sampleShare));
    this.data = rest;
    this.validation = held;
    this.sample = share < size ? rest.split({ holdOut: share, seed })[1] : rest;
    this.batchSize = size < 4 * leastSample ? 32 : 128;
    this.epochs = epochs ?? Math.max(enoughEpochs, Math.round(enoughSteps / Math.ceil(size / this.batchSize)));
  }

  async run(): Promise<Compression> {
    const { model, data, validation } = this;
    const { length: bytes } = await toFile(model);
    await this.errorOf(model, data, "the data");
    const error = await this.errorOf(model, validation, "the validation data");
    this.dense = { error, test: undefined, bytes, ms: Number.NaN };
    this.starts = startsOf(model, this.sample);
    try {
      const study = await this.search();
      await this.finish(study);
      return await this.judged(study);
    } catch (error) {
      if (!(error instanceof BudgetError)) for (const { candidate } of this.made) candidate.model.dispose();
      throw error;
    }
  }

  /** Frees what only the work needs. */
  free(): void {
    for (const start of this.starts.values()) start.dispose();
  }

  /** Short trials: the error after each pass, in the end that of the packed model and the size of its file. */
  private search(): Promise<Study<Settings>> {
    const { options, starts, epochs, validation } = this;
    const { trials = 24, seed = 0, storage, signal, maxMs, onProgress } = options;
    const sizes = sizesOf(this.model, options.budget.bytes);
    let done = 0;
    return search<Settings>((settings) => this.trial(settings), {
      ...{ space: spaceOf(starts, sizes, epochs), trials, seed, direction: ["minimize", "minimize"] },
      ...{ sampler: enqueued(known(sizes, epochs), tpe()), stopper: dominated(validation.size) },
      ...(storage && { storage }),
      ...(signal && { signal }),
      ...(maxMs !== undefined && { maxMs: maxMs * searchShare }),
      onTrial: (trial) => onProgress?.({ phase: "search", done: ++done, of: trials, trial }),
    });
  }

  private async *trial(settings: Settings): AsyncGenerator<Values, Values> {
    const { student, training } = this.shaving(settings, this.sample, trialEpochs(settings.epochs));
    try {
      for await (const _ of training) yield await this.errorOf(student);
      const model = shaved(student);
      try {
        return [await this.errorOf(model), (await toFile(model)).length];
      } finally {
        model.dispose();
      }
    } finally {
      training.dispose();
      student.dispose();
    }
  }

  /** Makes the best trials properly: what promises most, and every other time what is farthest from what there is, for the front. */
  private async finish({ trials, front }: Study<Settings>): Promise<void> {
    const { made, options, began } = this;
    const { finish = 5, maxMs = Number.POSITIVE_INFINITY, onProgress } = options;
    const waiting = new Set(trials.filter(({ state }) => state === "done"));
    // Where none keeps the budget, twice as many are made.
    const enough = () =>
      made.length >= (made.some(({ candidate }) => this.excess(candidate) === 0) ? finish : 2 * finish);
    let longest = 0;
    while (waiting.size > 0 && !enough()) {
      const start = performance.now();
      if (made.length > 0 && start - began + longest > maxMs) return;
      const others = front.filter((one) => waiting.has(one));
      const trial = made.length % 2 === 0 || others.length === 0 ? this.promising([...waiting]) : this.farthest(others);
      waiting.delete(trial);
      const candidate = await this.make(trial, (share) =>
        onProgress?.({ phase: "finish", done: made.length + share, of: Math.max(finish, made.length + 1) }),
      );
      if (candidate === undefined) return;
      made.push({ candidate, gain: trial.values[0]! - candidate.error });
      longest = Math.max(longest, performance.now() - start);
      onProgress?.({ phase: "finish", done: made.length, of: Math.max(finish, made.length), candidate });
    }
  }

  /** The trial that should become the best, if all gain from more training what those gained that were made. */
  private promising(waiting: readonly Trial<Settings>[]): Trial<Settings> {
    const { made } = this;
    const gain = made.reduce((sum, one) => sum + one.gain, 0) / Math.max(1, made.length);
    const expected = ({ values: [error, bytes] }: Trial<Settings>) => ({
      error: error! - gain,
      bytes: bytes!,
      ms: 0,
      test: undefined,
    });
    const first = waiting.reduce((a, b) => (this.order(expected(a), expected(b)) <= 0 ? a : b));
    const { bytes, ms } = this.options.budget;
    if (bytes === undefined && ms === undefined) return first;
    // What differs by chance is alike: then the earlier goes first, and the earliest are known to do well.
    const [lowest] = first.values as [number];
    const chance = Math.sqrt((lowest * Math.max(0, 1 - lowest)) / this.validation.size);
    return waiting.find(({ values: [error, size] }) => error! <= lowest + chance && size! <= (bytes ?? size!)) ?? first;
  }

  /** The trial whose size differs most from all that were made, of those that are of some use. */
  private farthest(waiting: readonly Trial<Settings>[]): Trial<Settings> {
    const lowest = Math.min(...waiting.map(({ values: [error] }) => error!));
    const useful = waiting.filter(({ values: [error] }) => error! <= usable * lowest);
    const distance = ({ values: [, bytes] }: Trial<Settings>) =>
      Math.min(...this.made.map(({ candidate }) => Math.max(candidate.bytes / bytes!, bytes! / candidate.bytes)));
    return useful.reduce((a, b) => (distance(b) > distance(a) ? b : a));
  }

  /** A candidate of all the data; nothing if the signal ends it. */
  private async make(
    { number: trial, params: settings }: Trial<Settings>,
    onShare: (share: number) => void,
  ): Promise<Candidate | undefined> {
    const { data, batchSize, options, model: dense } = this;
    const report = Math.max(1, Math.floor((settings.epochs * Math.ceil(data.size / batchSize)) / points));
    const { student, training } = this.shaving(settings, data, settings.epochs, report);
    let model: Model | undefined;
    try {
      const curve: LossPoint[] = [];
      for await (const { step, steps, loss } of training) {
        curve.push({ step, loss });
        onShare(step / steps);
      }
      if (training.stopped === "signal") return undefined;
      model = shaved(student);
      const bill = receipt(model, dense, { batch: options.batch ?? 64, input: data.inputShape });
      const { zeros, size } = await sparsity(model);
      return {
        ...{ model, settings, trial, curve, receipt: bill, bits: settings.bits, sparsity: zeros / size, ms: bill.ms },
        ...{ error: await this.errorOf(model), test: undefined, bytes: (await toFile(model)).length },
      };
    } catch (error) {
      model?.dispose();
      throw error;
    } finally {
      training.dispose();
      student.dispose();
    }
  }

  private shaving(settings: Settings, data: Dataset, epochs: number, report?: number): Shaving {
    const { model: teacher, batchSize, options } = this;
    const { seed = 0, loss, signal } = options;
    const how = { teacher, data, epochs, batchSize, seed, loss, signal, report };
    return shave(this.starts.get(settings.width)!, settings, how);
  }

  /** What was found and the best of it, on test data too, which nothing has looked at before. */
  private async judged(study: Study<Settings>): Promise<Compression> {
    const { made, model, options } = this;
    const { test, trials = 24, budget } = options;
    const all = made.map(({ candidate }) => candidate);
    if (all.length === 0)
      throw new SpokeshaveError(
        `compress: it was stopped after ${study.trials.length} of ${trials} trials, before a candidate was made; with a storage the next one goes on from there`,
      );
    const timed = !isDeterministic();
    const front = frontOf(all, ({ error, bytes, ms }) => [error, bytes, ...(timed ? [ms] : [])]).sort(
      (a, b) => a.bytes - b.bytes,
    );
    for (const one of all) if (!front.includes(one)) one.model.dispose();
    const at = front.indexOf(front.reduce((a, b) => (this.order(a, b) <= 0 ? a : b)));
    const tested = async <F extends Figures>(figures: F, model: Model): Promise<F> =>
      test === undefined ? figures : { ...figures, test: await this.errorOf(model, test, "the test data") };
    const shown: Candidate[] = [];
    for (const one of front) shown.push(await tested(one, one.model));
    const best = shown[at]!;
    const { receipt } = best;
    const dense = await tested({ ...this.dense, ms: receipt.denseMs }, model);
    const found = { dense, best, front: shown, study, receipt };
    if (this.excess(best) > 0) throw missed(budget, found);
    return found;
  }

  /** Below 0 where a is better: what keeps the budget before what exceeds it least. */
  private order(a: Figures, b: Figures): number {
    return this.excess(a) - this.excess(b) || compare(this.options.budget, a, b);
  }

  private excess(figures: Figures): number {
    return excess(this.options.budget, this.dense, figures);
  }

  /** The share of examples that a model misreads; of targets that are no labels, its loss. @throws {ArgumentError} */
  private async errorOf(model: Trainable, data = this.validation, name = "the validation data"): Promise<number> {
    const { loss: own } = this.options;
    const { accuracy, loss } = await evaluate(model, data, { ...(own && { loss: own }) });
    if (!Number.isFinite(loss))
      throw new ArgumentError(
        `compress: the loss on ${name} is ${loss}; look for NaN in it, or in the model's weights`,
      );
    return Number.isNaN(accuracy) ? loss : 1 - accuracy;
  }
}
