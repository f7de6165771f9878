import { checkCount, checkNumber, checkOptions, said } from "../check.js";
import { ArgumentError, DTypeError } from "../errors.js";
import { checkModel, type Model } from "../model.js";
import type { Receipt } from "../receipt.js";
import type { Storage } from "../search/storage.js";
import type { Study } from "../search/study.js";
import type { Trial } from "../search/trial.js";
import type { Dataset } from "../train/dataset.js";
import type { Loss } from "../train/evaluate.js";
import { type Budget, checkBudget, type Figures } from "./budget.js";
import { Compressing } from "./compressing.js";
import type { Settings } from "./space.js";

export interface CompressOptions {
  /** Labelled examples to train on. */
  data: Dataset;
  /** What the result may cost. */
  budget: Budget;
  /**
   * Judges trials and candidates. Default: a tenth of the data, held out. A model that was trained on these very examples remembers them
   * and looks better there than it is: give some that it has not seen, where its error matters to `budget.drop`.
   */
  validation?: Dataset;
  /** Looked at once, at the end, for the figures of what was found. */
  test?: Dataset;
  /** Short trials of the search. Default 24. */
  trials?: number;
  /** Candidates that are made properly, from the best trials. Default 5. */
  finish?: number;
  /** Passes over the data that make a candidate, at most. Default 10, and more where these are few steps. */
  epochs?: number;
  /** Examples of a batch, of which `ms` is measured. Default 64. */
  batch?: number;
  /** Of the output and the target, where targets are no labels. */
  loss?: Loss;
  seed?: number;
  /** Keeps the trials, so that a search that was stopped goes on. */
  storage?: Storage;
  /** Ends the work: what is finished is given, if it keeps the budget. */
  signal?: AbortSignal;
  /** Time for all of it: no further trial or candidate is begun that would not fit. */
  maxMs?: number;
  onProgress?: (progress: Progress) => void;
}

/** How far `compress` has come. */
export interface Progress {
  readonly phase: "search" | "finish";
  /** Trials or candidates that are done, a part of one included, and how many there are to be. */
  readonly done: number;
  readonly of: number;
  /** The trial that has just ended. */
  readonly trial?: Trial<Settings>;
  /** The candidate that has just been made. */
  readonly candidate?: Candidate;
}

/** A point of a loss curve. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
}

/** A compressed model, as good as it gets with its settings. */
export interface Candidate extends Figures {
  readonly model: Model;
  /** Share of the numbers of its weights that are 0. */
  readonly sparsity: number;
  readonly bits: number;
  readonly settings: Settings;
  /** The trial it comes from. */
  readonly trial: number;
  /** Measured beside the given model. */
  readonly receipt: Receipt;
  readonly curve: readonly LossPoint[];
}

/** What `compress` found. */
export interface Compression {
  /** The given model. */
  readonly dense: Figures;
  /** The best that keeps the budget. */
  readonly best: Candidate;
  /** Candidates of which no other is better in error, bytes and ms at once; without ms where `deterministic`. The smallest first. */
  readonly front: readonly Candidate[];
  readonly study: Study<Settings>;
  /** The best's. */
  readonly receipt: Receipt;
}

/**
 * A smaller model within a budget, and the trade-off around it: searches width, sparsity, bits, distillation and the length of training
 * together, by short trials on validation data, ends the hopeless ones, and makes the best properly. Each candidate is a copy of the
 * model that is pruned while it trains, computes with rounded weights and learns from the model it comes from. The model stays as it is.
 *
 * What is best: the lowest error within the limits; where only the drop of the error is limited, the smallest file. Bytes are those of
 * the saved file. The same seed gives the same study, and with `init({ deterministic: true })` the same models on every host, but for
 * what you leave to the clock: a budget of `ms`, `maxMs`.
 *
 * @throws {ArgumentError} if an option makes no sense, there are too few examples, or data or model hold NaN or an infinity.
 * @throws {DTypeError} if weights are packed already.
 * @throws {BudgetError} if no candidate keeps the budget: it names what came nearest, and holds all that was found.
 * @throws {SpokeshaveError} if `signal` ends it before a candidate is made.
 * @example
 * const { best, dense, front } = await compress(model, { data, budget: { bytes: 2000 }, trials: 4, finish: 1, epochs: 2, seed: 1 });
 * console.log(dense.bytes, best.bytes, best.error, best.sparsity, front.length);
 */
export async function compress(model: Model, options: CompressOptions): Promise<Compression> {
  check(model, options);
  const work = new Compressing(model, options);
  try {
    return await work.run();
  } finally {
    work.free();
  }
}

function check(model: Model, options: CompressOptions): void {
  checkModel("compress", "model", model);
  checkOptions("compress", options);
  const { data, validation, test, budget, trials = 1, finish = 1, epochs = 1, batch = 1, seed = 0 } = options;
  for (const [name, value] of Object.entries({ data, validation, test })) {
    if (value === undefined && name !== "data") continue;
    if (typeof value?.batch !== "function")
      throw new ArgumentError(`compress: ${name} is ${said(value)}; it must be a dataset, see dataset()`);
    if (value.size === 0) throw new ArgumentError(`compress: ${name} has no examples; it needs at least one`);
  }
  if (validation === undefined && data.size < 2)
    throw new ArgumentError("compress: data has one example, and a part is held out; give more, or pass validation");
  checkBudget(budget);
  for (const [name, value] of Object.entries({ trials, finish, epochs, batch })) checkCount("compress", name, value, 1);
  checkCount("compress", "seed", seed, 0);
  checkNumber("compress", "maxMs", options.maxMs ?? 0, 0, Number.POSITIVE_INFINITY);
  for (const [name, value] of Object.entries({ loss: options.loss, onProgress: options.onProgress }))
    if (value !== undefined && typeof value !== "function")
      throw new ArgumentError(`compress: ${name} is ${said(value)}; it must be a function`);
  if (model.weights.length === 0) throw new ArgumentError("compress: the model has no weights to make smaller");
  const packed = model.weights.find(({ name }) => model.params[name]!.dtype !== "f32");
  if (packed !== undefined)
    throw new DTypeError(
      `compress: "${packed.name}" is ${model.params[packed.name]}; give the model that it was made of`,
    );
}
