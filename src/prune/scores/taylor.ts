import { checkCount, checkFunction, checkMethods, checkOptions } from "../../check.js";
import { valueAndGrad } from "../../grad.js";
import { add, mul } from "../../ops/binary.js";
import { crossEntropy } from "../../ops/loss.js";
import { abs } from "../../ops/unary.js";
import { scope } from "../../scope.js";
import { checkDataset, type Dataset } from "../../train/dataset.js";
import type { Loss } from "../../train/evaluate.js";
import { type Pruning, scoresOf } from "../prune.js";
import type { Scores, SelectOptions } from "../select.js";

export interface TaylorOptions extends SelectOptions {
  /** Examples with their targets; some hundred are enough. */
  data: Dataset;
  /** Default: cross-entropy. */
  loss?: Loss;
  /** Default 128. */
  batchSize?: number;
}

/**
 * Weights fall that the loss hardly feels: |w · ∂loss/∂w|, what setting them to 0 changes to first order (Molchanov et al. 2019;
 * before training SNIP, Lee et al. 2019).
 *
 * @throws {ArgumentError} in `prune`, if there are no examples.
 * @example
 * const masks = prune(model, taylor({ sparsity: 0.5, data }));
 */
export function taylor(options: TaylorOptions): Pruning {
  checkOptions("taylor", options);
  const { data, loss = crossEntropy, batchSize = 128, ...select } = options;
  checkCount("taylor", "batchSize", batchSize, 1);
  checkFunction("taylor", "loss", loss);
  checkMethods("taylor", "data", data, "a dataset with targets, such as data.take(512)", "batch");
  return {
    score(model, weights) {
      checkDataset("taylor", "data", data);
      const slope = valueAndGrad((own: Scores, start: number) => {
        const { x, y } = data.batch(
          Array.from({ length: Math.min(batchSize, data.size - start) }, (_, i) => start + i),
        );
        // The mean over all examples, whatever the batches.
        return mul(loss(model.apply({ ...model.params, ...own }, x), y), x.shape[0]! / data.size);
      });
      const own = scoresOf(weights, ({ name }) => model.params[name]!);
      let { grads } = slope(own, 0);
      for (let start = batchSize; start < data.size; start += batchSize) {
        const before = grads;
        grads = scope(() => {
          const { grads: more } = slope(own, start);
          return scoresOf(weights, ({ name }) => add(before[name]!, more[name]!));
        });
        for (const t of Object.values(before)) t.dispose();
      }
      return scoresOf(weights, ({ name }) => abs(mul(own[name]!, grads[name]!)));
    },
    select,
  };
}
