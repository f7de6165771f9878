import { checkChoice, checkCount, checkFunction, checkNumber, checkOptions, checkRecord } from "../check.js";
import { ArgumentError, SpokeshaveError } from "../errors.js";
import { valueAndGrad } from "../grad.js";
import type { ApplyOptions, Trainable } from "../model.js";
import { add } from "../ops/binary.js";
import { zeros } from "../ops/fill.js";
import { assign, copy } from "../ops/layout.js";
import { crossEntropy } from "../ops/loss.js";
import { checkOptimizer, type Optimizer, type OptimizerState } from "../optim/optimizer.js";
import { keep, scope } from "../scope.js";
import { streams } from "../streams.js";
import type { Tensor } from "../tensor.js";
import { leaves, mapTree, type Tree } from "../tree.js";
import { type Batch, checkDataset, type Dataset, shuffled } from "./dataset.js";
import { checkFigures, type Evaluation, evaluate, type Loss } from "./evaluate.js";

export interface EarlyStopping {
  /** Validations without improvement before training stops. */
  patience: number;
  /** Default "loss". */
  metric?: "loss" | "accuracy";
  /** Least improvement that counts. Default 0. */
  minDelta?: number;
  /** Ends with the parameters of the best validation; not where `signal`, `maxMs` or a break stops it. Default true. */
  restoreBest?: boolean;
}

/** The scalar that training lowers: any function of the parameters and a batch. `options` are for `model.apply`. */
export type Objective<P, B extends Batch = Batch> = (params: P, batch: B, options: Required<ApplyOptions>) => Tensor;

export interface TrainOptions<P extends Tree> {
  data: Dataset;
  optimizer: Optimizer;
  /** Of the model's output and the target. Default: cross-entropy. */
  loss?: Loss;
  /** Instead of a loss, where that is not enough: penalties on parameters, values of inner nodes, a teacher. */
  objective?: Objective<P>;
  /** Passes over the data, counted from the start of the state. Default 1. */
  epochs?: number;
  /** Default 128. The last batch of an epoch may be smaller. */
  batchSize?: number;
  /** For the order of examples and for dropout. Default 0. */
  seed?: number;
  /** Evaluated at the end of each epoch. */
  validation?: Dataset;
  /** More figures of the validation, by name, as in `evaluate`. */
  metrics?: Readonly<Record<string, Loss>>;
  earlyStopping?: EarlyStopping;
  /** Report at the end of each epoch (default), or every so many steps as well. */
  report?: "epoch" | number;
  /** Stops between two steps. */
  signal?: AbortSignal;
  /** Stops between two steps once this much time has passed. */
  maxMs?: number;
  /** Keeps the state after the last epoch too, to add epochs later. Default false: it is freed, and only stops keep it. */
  keepState?: boolean;
  /** Goes on where an earlier training stopped: same model, data and options give the same bytes as one run. */
  state?: TrainState<P>;
}

/** All that is needed to go on later, besides the parameters. Plain data. */
export interface TrainState<P extends Tree = Tree> {
  /** Updates done. */
  step: number;
  optimizer: OptimizerState;
  /** Best validation so far. */
  best: { value: number; params: P } | undefined;
  /** Validations since then. */
  waited: number;
}

/** One report. */
export interface TrainStep {
  /** Epoch that the last update belongs to, from 1. */
  readonly epoch: number;
  /** Updates done. */
  readonly step: number;
  /** Updates in all, if nothing stops before. */
  readonly steps: number;
  /** Mean loss of the batches since the last report. */
  readonly loss: number;
  /** At the end of an epoch, if there is validation data. */
  readonly val: Evaluation | undefined;
  /** Milliseconds since this run began. */
  readonly ms: number;
}

/** Why a training ended. */
export type StopReason = "epochs" | "earlyStopping" | "signal" | "maxMs" | "break";

/** How long the event loop may wait for us. */
const sliceMs = 50;

function check<P extends Tree>(options: TrainOptions<P>): void {
  checkOptions("train", options);
  const { data, optimizer, objective, batchSize = 128, epochs = 1, seed = 0, maxMs = 0, report, validation } = options;
  checkDataset("train", "data", data);
  if (validation !== undefined) checkDataset("train", "validation", validation);
  checkOptimizer("train", optimizer);
  checkFigures("train", options);
  if (objective !== undefined) checkFunction("train", "objective", objective);
  checkCount("train", "batchSize", batchSize, 1);
  checkCount("train", "epochs", epochs, 0);
  checkCount("train", "seed", seed, 0);
  checkNumber("train", "maxMs", maxMs, 0, Number.POSITIVE_INFINITY);
  if (report !== undefined && report !== "epoch") checkCount("train", "report", report, 1);
  if (options.earlyStopping === undefined) return;
  const { patience, metric = "loss", minDelta = 0 } = options.earlyStopping;
  checkCount("train: earlyStopping", "patience", patience, 1);
  checkNumber("train: earlyStopping", "minDelta", minDelta, 0, Number.POSITIVE_INFINITY);
  checkChoice("train: earlyStopping", "metric", metric, ["loss", "accuracy"]);
  if (validation === undefined)
    throw new ArgumentError("train: earlyStopping needs validation data; pass `validation`");
}

/** A training that runs as it is iterated over, once at a time. */
export class Training<P extends Tree> implements AsyncIterable<TrainStep> {
  readonly state: TrainState<P>;
  /** Why it ended; undefined while it has not. */
  stopped: StopReason | undefined;
  private running = false;

  constructor(
    private readonly model: Trainable<P>,
    private readonly options: TrainOptions<P>,
  ) {
    check(options);
    const fixed = leaves(model.params).find((t) => t.dtype !== "f32");
    if (fixed !== undefined)
      throw new ArgumentError(`train: the model has ${fixed} among its parameters; only f32 can be trained: see qat()`);
    const { optimizer, state } = options;
    // Kept from scopes: a training may outlive the one that is open now.
    this.state = state ?? {
      step: 0,
      optimizer: keep(scope(() => checkState(optimizer.init(model.params)))),
      best: undefined,
      waited: 0,
    };
    if (tensorsOf(this.state).some((t) => t.disposed))
      throw new ArgumentError(
        "train: the state was freed when its training ended; pass `keepState: true` to go on later",
      );
  }

  /** Runs to the end without reports. */
  async finish(): Promise<this> {
    for await (const _ of this);
    return this;
  }

  /** Frees the state of a training that stopped early and will not go on; the model stays. */
  dispose(): void {
    for (const t of tensorsOf(this.state)) t.dispose();
    this.state.best = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrainStep, void> {
    const { model, state } = this;
    const { data, optimizer, loss = crossEntropy, batchSize = 128, epochs = 1, seed = 0 } = this.options;
    const {
      validation,
      metrics = {},
      earlyStopping,
      report = "epoch",
      signal,
      maxMs = Number.POSITIVE_INFINITY,
    } = this.options;
    if (this.running) throw new SpokeshaveError("train: it runs already; iterate over it once at a time");
    const perEpoch = Math.ceil(data.size / batchSize);
    const steps = epochs * perEpoch;
    const start = performance.now();
    const { objective = (params, { x, y }, run) => loss(model.apply(params, x, run), y) } = this.options;
    const step = valueAndGrad((params: P, batch: Batch) =>
      objective(params, batch, { training: true, seed, step: state.step }),
    );
    let order: Int32Array | undefined;
    let total = keep(zeros([]));
    let counted = 0;
    let breath = start;
    this.running = true;
    this.stopped = undefined;
    try {
      while (this.stopped === undefined) {
        // Asked of the state, so that a resumed run stops where the whole one does.
        if (state.waited >= (earlyStopping?.patience ?? Number.POSITIVE_INFINITY)) this.stopped = "earlyStopping";
        else if (state.step >= steps) this.stopped = "epochs";
        else if (signal?.aborted) this.stopped = "signal";
        else if (performance.now() - start >= maxMs) this.stopped = "maxMs";
        if (this.stopped !== undefined) break;
        const epoch = Math.floor(state.step / perEpoch);
        const first = (state.step % perEpoch) * batchSize;
        if (order === undefined || first === 0) order = shuffled(data.size, seed, streams.shuffle + epoch);
        const indices = order.subarray(first, first + batchSize);
        scope(() => {
          const { value, grads } = step(model.params, data.batch(indices));
          optimizer.update(model.params, grads, state.optimizer);
          const sum = keep(add(total, value));
          total.dispose();
          total = sum;
        });
        state.step++;
        counted++;
        const ends = state.step % perEpoch === 0;
        if (ends || (typeof report === "number" && state.step % report === 0)) {
          const mean = (await total.item()) / counted;
          total.dispose();
          total = keep(zeros([]));
          counted = 0;
          if (!Number.isFinite(mean))
            throw new SpokeshaveError(
              `train: the loss is ${mean} at step ${state.step}; lower the learning rate, clip gradients, look for NaN in the data`,
            );
          const val =
            ends && validation !== undefined ? await evaluate(model, validation, { loss, metrics }) : undefined;
          if (val !== undefined) this.judge(val);
          this.stopped = "break";
          yield { epoch: epoch + 1, step: state.step, steps, loss: mean, val, ms: performance.now() - start };
          this.stopped = undefined;
        }
        if (performance.now() - breath > sliceMs) {
          await new Promise((resolve) => setTimeout(resolve));
          breath = performance.now();
        }
      }
      if (this.stopped === "epochs" || this.stopped === "earlyStopping") {
        this.restore();
        if (!this.options.keepState) this.dispose();
      }
    } finally {
      this.running = false;
      total.dispose();
    }
  }

  /** Remembers the best parameters, or counts a validation that was not better. */
  private judge(val: Evaluation): void {
    const { earlyStopping } = this.options;
    if (earlyStopping === undefined) return;
    const { metric = "loss", minDelta = 0 } = earlyStopping;
    const value = metric === "loss" ? -val.loss : val.accuracy;
    if (metric === "accuracy" && Number.isNaN(value))
      throw new ArgumentError('train: earlyStopping by accuracy needs labels as targets; take metric: "loss"');
    const { best } = this.state;
    // NaN is never the best.
    if (!(value > (best === undefined ? Number.NEGATIVE_INFINITY : best.value + minDelta))) {
      this.state.waited++;
      return;
    }
    this.state.waited = 0;
    if (best === undefined) this.state.best = { value, params: keep(scope(() => mapTree(this.model.params, copy))) };
    else {
      best.value = value;
      transfer(best.params, this.model.params);
    }
  }

  private restore(): void {
    const { best } = this.state;
    if (best !== undefined && this.options.earlyStopping?.restoreBest !== false)
      transfer(this.model.params, best.params);
  }
}

function transfer(to: Tree, from: Tree): void {
  const sources = leaves(from);
  for (const [i, target] of leaves(to).entries()) assign(target, sources[i]!);
}

function tensorsOf({ optimizer, best }: TrainState): Tensor[] {
  return [...within(optimizer), ...(best === undefined ? [] : leaves(best.params))];
}

/** The tensors of a state. @throws {SpokeshaveError} if it is none, such as the promise of one. */
function within(state: OptimizerState): Tensor[] {
  checkRecord("train", "the state of the optimizer", state);
  return [...leaves(state.slots), ...state.links.flatMap(within)];
}

/** A state, if it is one: it is looked at before it is kept. */
function checkState(state: OptimizerState): OptimizerState {
  within(state);
  return state;
}

/**
 * Trains a model in place: each step of the loop is a report. After the last epoch `state` is freed; leaving the loop early
 * (break, `signal`, `maxMs`, an error) keeps it, for a later call to go on from, or for `dispose()`. The event loop gets a
 * turn every 50 ms, or step.
 *
 * @throws {ArgumentError} if an option is out of range, or there are no examples.
 * @throws {SpokeshaveError} if the loss is no longer finite.
 * @example
 * const optimizer = optim.adamW({ lr: 1e-3 });
 * for await (const step of train(model, { data, optimizer, epochs: 2, seed: 1 })) console.log(step.epoch, step.loss);
 */
export function train<P extends Tree>(model: Trainable<P>, options: TrainOptions<P>): Training<P> {
  return new Training(model, options);
}
