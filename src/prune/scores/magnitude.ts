import { checkOptions } from "../../check.js";
import { abs } from "../../ops/unary.js";
import { type Pruning, scoresOf } from "../prune.js";
import type { SelectOptions } from "../select.js";

/**
 * The smallest weights fall: |w| (Han et al. 2015). With a `unit`, those of the smallest sum, norm or maximum: as l1_unstructured,
 * global_unstructured and ln_structured of torch.nn.utils.prune.
 *
 * @example
 * const masks = prune(model, magnitude({ sparsity: 0.5, scope: "global" }));
 */
export function magnitude(options: SelectOptions): Pruning {
  checkOptions("magnitude", options);
  return {
    score: ({ params }, weights) => scoresOf(weights, ({ name }) => abs(params[name]!)),
    select: options,
  };
}
