import { checkCount, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import type { Trainable } from "../model.js";
import { add, mul } from "../ops/binary.js";
import { cast } from "../ops/cast.js";
import { equal } from "../ops/compare.js";
import { zeros } from "../ops/fill.js";
import { crossEntropy } from "../ops/loss.js";
import { argmax, sum } from "../ops/reduce.js";
import { keep, scope } from "../scope.js";
import { readTensor, type Tensor } from "../tensor.js";
import type { Dataset } from "./dataset.js";

/** A scalar from the model's output and the target: the mean over the batch. */
export type Loss = (output: Tensor, target: Tensor) => Tensor;

export interface EvaluateOptions {
  /** Default: cross-entropy. */
  loss?: Loss;
  /** Default 500. */
  batchSize?: number;
}

export interface Evaluation {
  /** Mean over the examples. */
  readonly loss: number;
  /** Share of examples whose largest output is their label; NaN where targets are no labels. */
  readonly accuracy: number;
  /** Number of examples. */
  readonly size: number;
}

/**
 * Loss and accuracy of a model on all examples of a dataset.
 *
 * @throws {ArgumentError} if there are no examples.
 * @example
 * const { accuracy } = await evaluate(model, data);
 */
export async function evaluate<P>(
  model: Trainable<P>,
  data: Dataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { loss = crossEntropy, batchSize = 500 } = options;
  let labelled = true;
  const totals = scope(() => keep({ loss: zeros([]), hits: zeros([]) }));
  try {
    for (const indices of inOrder("evaluate", data, batchSize))
      scope(() => {
        const { x, y } = data.batch(indices);
        const output = model.apply(model.params, x);
        labelled &&= y.dtype === "i32";
        grow(totals, "loss", mul(loss(output, y), indices.length));
        if (labelled) grow(totals, "hits", sum(equal32(argmax(output), y)));
      });
    const [lossSum, hits] = await Promise.all([totals.loss.item(), totals.hits.item()]);
    return { loss: lossSum / data.size, accuracy: labelled ? hits / data.size : Number.NaN, size: data.size };
  } finally {
    totals.loss.dispose();
    totals.hits.dispose();
  }
}

/** 1 where two integer tensors agree; labels stay below 2²⁴, where f32 is exact. */
function equal32(a: Tensor, b: Tensor): Tensor {
  return cast(equal(cast(a, "f32"), cast(b, "f32")), "f32");
}

/** Adds on the device: nothing is read back until the end. */
function grow<K extends string>(totals: Record<K, Tensor>, name: K, share: Tensor): void {
  const before = totals[name];
  totals[name] = keep(add(before, share));
  before.dispose();
}

/**
 * How often examples of class i are taken for class j: row i, column j.
 *
 * @throws {ArgumentError} if there are no examples, or a label or guess is no class.
 * @example
 * const table = await confusion(model, data, { classes: 2 });
 */
export async function confusion<P>(
  model: Trainable<P>,
  data: Dataset,
  options: { classes: number; batchSize?: number },
): Promise<number[][]> {
  checkOptions("confusion", options);
  const { classes, batchSize = 500 } = options;
  checkCount("confusion", "classes", classes, 1);
  const table = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const indices of inOrder("confusion", data, batchSize))
    scope(() => {
      const { x, y } = data.batch(indices);
      const guesses = readTensor(argmax(model.apply(model.params, x)));
      for (const [i, label] of readTensor(y).entries()) {
        const row = table[label];
        if (row?.[guesses[i]!] === undefined)
          throw new ArgumentError(
            `confusion: label ${label}, guess ${guesses[i]}; with ${classes} classes both go to ${classes - 1}`,
          );
        row[guesses[i]!]!++;
      }
    });
  return table;
}

/** Indices of all examples, a batch at a time. */
function* inOrder(who: string, data: Dataset, batchSize: number): Generator<number[]> {
  checkCount(who, "batchSize", batchSize, 1);
  if (data.size === 0) throw new ArgumentError(`${who}: the dataset has no examples; it needs at least one`);
  for (let start = 0; start < data.size; start += batchSize)
    yield Array.from({ length: Math.min(batchSize, data.size - start) }, (_, i) => start + i);
}
