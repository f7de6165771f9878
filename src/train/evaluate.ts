import { checkCount, checkFunction, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import type { Trainable } from "../model.js";
import { add, mul } from "../ops/binary.js";
import { cast } from "../ops/cast.js";
import { equal } from "../ops/compare.js";
import { zeros } from "../ops/fill.js";
import { crossEntropy } from "../ops/loss.js";
import { argmax, sum } from "../ops/reduce.js";
import { keep, scope } from "../scope.js";
import { sameShape } from "../shape.js";
import { readTensor, type Tensor } from "../tensor.js";
import { checkDataset, type Dataset } from "./dataset.js";

/** A scalar from the model's output and the target: the mean over the batch. */
export type Loss = (output: Tensor, target: Tensor) => Tensor;

export interface EvaluateOptions {
  /** Default: cross-entropy. */
  loss?: Loss;
  /** More figures by name, each a mean over the batch: `{ absolute: nn.l1 }`. */
  metrics?: Readonly<Record<string, Loss>>;
  /** Default 500. */
  batchSize?: number;
}

export interface Evaluation {
  /** Mean over the examples. */
  readonly loss: number;
  /** Share of examples whose largest output is their label; NaN where targets are no labels. */
  readonly accuracy: number;
  /** Means over the examples, by the names in `metrics`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Number of examples. */
  readonly size: number;
}

/**
 * Loss and accuracy of a model on all examples of a dataset.
 *
 * @throws {ArgumentError} if there are no examples.
 * @example
 * const { accuracy, loss } = await evaluate(model, data);
 */
export async function evaluate<P>(
  model: Trainable<P>,
  data: Dataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { loss = crossEntropy, metrics = {}, batchSize = 500 } = options;
  checkFigures("evaluate", options);
  const figures = Object.entries(metrics);
  let labelled = true;
  // [0] the loss, [1] the hits, then the metrics.
  const totals = scope(() => keep([zeros([]), zeros([]), ...figures.map(() => zeros([]))]));
  try {
    for (const indices of inOrder("evaluate", data, batchSize))
      scope(() => {
        const { x, y } = data.batch(indices);
        const output = model.apply(model.params, x);
        labelled &&= y.dtype === "i32" && sameShape(y.shape, output.shape.slice(0, -1));
        grow(totals, 0, mul(loss(output, y), indices.length));
        if (labelled) grow(totals, 1, sum(equal32(argmax(output), y)));
        for (const [i, [, metric]] of figures.entries()) grow(totals, 2 + i, mul(metric(output, y), indices.length));
      });
    const means = await Promise.all(totals.map(async (total) => (await total.item()) / data.size));
    return {
      loss: means[0]!,
      accuracy: labelled ? means[1]! : Number.NaN,
      metrics: Object.fromEntries(figures.map(([name], i) => [name, means[2 + i]!])),
      size: data.size,
    };
  } finally {
    for (const total of totals) total.dispose();
  }
}

/** Guards a loss and metrics. @throws {ArgumentError} */
export function checkFigures(who: string, { loss, metrics }: Pick<EvaluateOptions, "loss" | "metrics">): void {
  for (const [name, figure] of Object.entries({ loss, ...metrics }))
    if (figure !== undefined) checkFunction(who, name, figure);
}

/** 1 where two integer tensors agree; labels stay below 2²⁴, where f32 is exact. */
function equal32(a: Tensor, b: Tensor): Tensor {
  return cast(equal(cast(a, "f32"), cast(b, "f32")), "f32");
}

/** Adds on the device: nothing is read back until the end. */
function grow(totals: Tensor[], i: number, share: Tensor): void {
  const before = totals[i]!;
  totals[i] = keep(add(before, share));
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
  checkDataset(who, "data", data);
  checkCount(who, "batchSize", batchSize, 1);
  for (let start = 0; start < data.size; start += batchSize)
    yield Array.from({ length: Math.min(batchSize, data.size - start) }, (_, i) => start + i);
}
