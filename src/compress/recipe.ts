import { teach } from "../distill/distill.js";
import { type DistillLoss, kd } from "../distill/logits.js";
import type { Model, Params } from "../model.js";
import { add, mul } from "../ops/binary.js";
import { mse } from "../ops/loss.js";
import type { QTensor } from "../ops/quantized.js";
import { sparse, sparseSizes } from "../ops/sparse.js";
import * as optim from "../optim/index.js";
import { gradual } from "../prune/gradual.js";
import { cubic } from "../prune/schedules.js";
import { magnitude } from "../prune/scores/magnitude.js";
import { int2, int4, int8 } from "../quantize/affine.js";
import { type Qat, qat } from "../quantize/qat.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import type { Dataset } from "../train/dataset.js";
import type { Loss } from "../train/evaluate.js";
import type { Training } from "../train/train.js";
import type { Settings } from "./space.js";

/** A copy of a model on its way to a small one. */
export interface Shaving {
  /** Computes with rounded weights; `finish()` packs them. */
  readonly student: Qat;
  readonly training: Training<Params>;
}

export interface ShaveOptions {
  readonly teacher: Model;
  readonly data: Dataset;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Where targets are no labels: of output and target. */
  readonly loss: Loss | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly report?: number | undefined;
}

/** Weight decay, which pushes small weights towards where pruning finds them. */
const weightDecay = 0.02;
/** Symmetric all: 0 is a code, and stays 0. */
const schemes = { 2: () => int2({ symmetric: true }), 4: () => int4(), 8: () => int8() };
/** Steps from one pruning to the next. */
const every = 50;

/**
 * All at once: the model is pruned while it trains, in the first half; computes with rounded weights, so that the others make up for it;
 * and learns from what it is made of. Each is a value of its own part of the house.
 */
export function shave(start: Model, settings: Settings, options: ShaveOptions): Shaving {
  const { teacher, data, epochs, batchSize, seed, loss, signal, report } = options;
  const steps = epochs * Math.ceil(data.size / batchSize);
  const student = qat(start, { weights: schemes[settings.bits](), scales: "learned" });
  try {
    const optimizer = gradual(start, {
      prune: magnitude({ scope: "global" }),
      schedule: cubic({
        to: settings.sparsity,
        end: Math.floor(steps / 2),
        every: Math.min(every, Math.ceil(steps / 20)),
      }),
      optimizer: optim.adamW({ lr: optim.cosine(settings.lr, steps), weightDecay }),
    });
    const training = teach(teacher, student, {
      ...{ data, epochs, batchSize, seed, optimizer },
      loss: lossOf(settings, loss),
      ...(signal && { signal }),
      ...(report && { report }),
    });
    return { student, training };
  } catch (error) {
    student.dispose();
    throw error;
  }
}

/** The student as it will be saved: codes without zeros, where that takes fewer bytes. By that rule alone, so that no clock decides. */
export function shaved(student: Qat): Model {
  return scope(() => {
    const whole = student.finish();
    const changed: Record<string, Tensor> = Object.create(null);
    for (const { name } of whole.weights) {
      const w = whole.params[name] as QTensor;
      const [smallest] = sparseSizes(w);
      if (smallest !== undefined && smallest.bytes < w.bytes) changed[name] = sparse(w, { layout: smallest.layout });
    }
    return whole.with(changed);
  });
}

function lossOf({ temperature, alpha }: Settings, loss: Loss | undefined): DistillLoss {
  if (loss === undefined) return kd({ temperature, alpha });
  return (student, teacher, target) => add(mul(loss(student, target), alpha), mul(mse(student, teacher), 1 - alpha));
}
