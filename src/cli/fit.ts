import { type Dataset, type Model, optim, type Training, type TrainState, type Tree, train } from "../index.js";
import { Progress } from "./progress.js";
import type { Settings } from "./settings.js";
import { percent } from "./text.js";

export interface Fit {
  readonly training: Training<Tree>;
  readonly steps: number;
  readonly seconds: number;
  /** The mean loss of each epoch. */
  readonly curve: readonly { readonly step: number; readonly loss: number }[];
}

export interface FitOptions {
  readonly seen: Dataset;
  readonly validation: Dataset;
  readonly settings: Settings;
  readonly signal: AbortSignal;
  /** Goes on from there. */
  readonly state?: TrainState | undefined;
}

/** Trains a model with a bar, or with a line for each epoch; the learning rate rises and falls again. */
export async function fit(model: Model, { seen, validation, settings, signal, state }: FitOptions): Promise<Fit> {
  const { epochs, batch: batchSize, seed, lr, weightDecay } = settings;
  const perEpoch = Math.ceil(seen.size / batchSize);
  const steps = epochs * perEpoch;
  const training = train(model, {
    ...{ data: seen, epochs, batchSize, seed, signal },
    ...(validation.size > 0 && { validation }),
    ...(state !== undefined && { state }),
    optimizer: optim.adamW({ lr: optim.oneCycle(lr, steps), weightDecay }),
    report: Math.ceil(steps / 500),
  });
  const progress = new Progress(steps, training.state.step);
  const began = performance.now();
  const curve: { step: number; loss: number }[] = [];
  let validated = "";
  let losses: number[] = [];
  try {
    for await (const { epoch, step, loss, val } of training) {
      if (val !== undefined) validated = `  validation error ${percent(1 - val.accuracy)} %`;
      losses.push(loss);
      const mean = losses.reduce((sum, each) => sum + each, 0) / losses.length;
      const ends = step % perEpoch === 0;
      progress.update(step, `epoch ${epoch} of ${epochs}  loss ${mean.toFixed(4)}${validated}`, { keep: ends });
      if (!ends) continue;
      curve.push({ step, loss: mean });
      losses = [];
    }
  } finally {
    progress.stop();
  }
  return { training, steps, curve, seconds: Number(((performance.now() - began) / 1000).toFixed(2)) };
}
