import { checkCount, checkOptions } from "../../check.js";
import { uniform } from "../../ops/random.js";
import { streams } from "../../streams.js";
import { type Pruning, scoresOf } from "../prune.js";
import type { SelectOptions } from "../select.js";

/**
 * Weights fall at random: what any other score must beat. The same seed gives the same masks everywhere.
 *
 * @throws {ArgumentError} if the seed is no integer from 0.
 * @example
 * const masks = prune(model, randomly({ sparsity: 0.5, seed: 1 }));
 */
export function randomly(options: SelectOptions & { seed: number }): Pruning {
  checkOptions("randomly", options);
  const { seed, ...select } = options;
  checkCount("randomly", "seed", seed, 0);
  return {
    score: ({ params, weights: all }, weights) =>
      scoresOf(weights, ({ name }) => {
        const place = all.findIndex((weight) => weight.name === name);
        return uniform(params[name]!.shape, { seed, stream: streams.masks + place });
      }),
    select,
  };
}
