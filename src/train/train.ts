import { ArgumentError, SpokeshaveError } from "../errors.js";
import { valueAndGrad } from "../grad.js";
import type { Trainable } from "../model.js";
import { add } from "../ops/binary.js";
import { zeros } from "../ops/fill.js";
import { assign, copy } from "../ops/layout.js";
import { crossEntropy } from "../ops/loss.js";
import type { Optimizer, OptimizerState } from "../optim/optimizer.js";
import { keep, scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { leaves, mapTree, type Tree } from "../tree.js";
import { type Dataset, shuffled } from "./dataset.js";
import { type Evaluation, evaluate, type Loss } from "./evaluate.js";

export interface EarlyStopping {
  /** Validations without improvement before training stops. */
  patience: number;
  /** Default "loss". */
  metric?: "loss" | "accuracy";
  /** Least improvement that counts. Default 0. */
  minDelta?: number;
  /** Ends with the parameters of the best validation. Default true. */
  restoreBest?: boolean;
}

export interface TrainOptions<P extends Tree> {
  data: Dataset;
  optimizer: Optimizer;
  /** Default: cross-entropy. */
  loss?: Loss;
  /** Passes over the data, counted from the start of the state. Default 1. */
  epochs?: number;
  /** Default 128. The last batch of an epoch may be smaller. */
  batchSize?: number;
  /** For the order of examples and for dropout. Default 0. */
  seed?: number;
  /** Evaluated at the end of each epoch. */
  validation?: Dataset;
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

/** A training that runs as it is iterated over. */
export class Training<P extends Tree> implements AsyncIterable<TrainStep> {
  readonly state: TrainState<P>;
  /** Why it ended; undefined while it has not. */
  stopped: StopReason | undefined;

  constructor(
    private readonly model: Trainable<P>,
    private readonly options: TrainOptions<P>,
  ) {
    const { data, optimizer, batchSize = 128, epochs = 1, earlyStopping, validation, report } = options;
    if (data.size === 0) throw new ArgumentError("train: the dataset has no examples; it needs at least one");
    if (!(Number.isInteger(batchSize) && batchSize > 0))
      throw new ArgumentError(`train: batchSize is ${batchSize}; it must be an integer from 1`);
    if (!(Number.isInteger(epochs) && epochs >= 0))
      throw new ArgumentError(`train: epochs is ${epochs}; it must be an integer from 0`);
    if (typeof report === "number" && !(Number.isInteger(report) && report > 0))
      throw new ArgumentError(`train: report is ${report}; it must be "epoch" or an integer from 1`);
    if (earlyStopping !== undefined && validation === undefined)
      throw new ArgumentError("train: earlyStopping needs validation data; pass `validation`, e.g. from data.split()");
    this.state = options.state ?? {
      step: 0,
      optimizer: optimizer.init(model.params),
      best: undefined,
      waited: 0,
    };
  }

  /** Runs to the end without reports. */
  async finish(): Promise<this> {
    for await (const _ of this);
    return this;
  }

  /** Frees the state of a training that stopped early and will not go on; the model stays. */
  dispose(): void {
    free(this.state.optimizer);
    if (this.state.best !== undefined) for (const t of leaves(this.state.best.params)) t.dispose();
    this.state.best = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrainStep, void> {
    const { model, state } = this;
    const { data, optimizer, loss = crossEntropy, batchSize = 128, epochs = 1, seed = 0 } = this.options;
    const { validation, report = "epoch", signal, maxMs = Number.POSITIVE_INFINITY } = this.options;
    const perEpoch = Math.ceil(data.size / batchSize);
    const steps = epochs * perEpoch;
    const start = performance.now();
    const step = valueAndGrad((params: P, x: Tensor, y: Tensor) =>
      loss(model.apply(params, x, { training: true, seed, step: state.step }), y),
    );
    let order: Int32Array | undefined;
    let running = keep(zeros([]));
    let counted = 0;
    let breath = start;
    this.stopped = undefined;
    try {
      while (this.stopped === undefined) {
        if (state.step >= steps) this.stopped = "epochs";
        else if (signal?.aborted) this.stopped = "signal";
        else if (performance.now() - start >= maxMs) this.stopped = "maxMs";
        if (this.stopped !== undefined) break;
        const epoch = Math.floor(state.step / perEpoch);
        const first = (state.step % perEpoch) * batchSize;
        if (order === undefined || first === 0) order = shuffled(data.size, seed, epoch);
        const indices = order.subarray(first, first + batchSize);
        scope(() => {
          const { x, y } = data.batch(indices);
          const { value, grads } = step(model.params, x, y);
          optimizer.update(model.params, grads, state.optimizer);
          const sum = keep(add(running, value));
          running.dispose();
          running = sum;
        });
        state.step++;
        counted++;
        const ends = state.step % perEpoch === 0;
        if (ends || (typeof report === "number" && state.step % report === 0)) {
          const mean = (await running.item()) / counted;
          running.dispose();
          running = keep(zeros([]));
          counted = 0;
          if (!Number.isFinite(mean))
            throw new SpokeshaveError(
              `train: the loss is ${mean} at step ${state.step}; lower the learning rate, clip gradients, or look for NaN in the data`,
            );
          const val = ends && validation !== undefined ? await evaluate(model, validation, { loss }) : undefined;
          const enough = val !== undefined && this.judge(val);
          this.stopped = "break";
          yield { epoch: epoch + 1, step: state.step, steps, loss: mean, val, ms: performance.now() - start };
          this.stopped = enough ? "earlyStopping" : undefined;
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
      running.dispose();
    }
  }

  /** Remembers the best parameters; true once patience is spent. */
  private judge(val: Evaluation): boolean {
    const { earlyStopping } = this.options;
    if (earlyStopping === undefined) return false;
    const { patience, metric = "loss", minDelta = 0 } = earlyStopping;
    const value = metric === "loss" ? -val.loss : val.accuracy;
    const { best } = this.state;
    if (best !== undefined && !(value > best.value + minDelta)) return ++this.state.waited >= patience;
    this.state.waited = 0;
    if (best === undefined) this.state.best = { value, params: keep(mapTree(this.model.params, copy)) };
    else {
      best.value = value;
      transfer(best.params, this.model.params);
    }
    return false;
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

function free(state: OptimizerState): void {
  for (const slot of Object.values(state.slots)) for (const t of leaves(slot)) t.dispose();
  for (const link of state.links) free(link);
}

/**
 * Trains a model in place: each step of the loop is a report. Leaving the loop early (break, `signal`, `maxMs`) keeps `state`,
 * from which a later call goes on; after the last epoch it is freed. The event loop gets a turn every 50 ms, or step.
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
