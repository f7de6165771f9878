import { type Calibration, layerInputs } from "../../calibration.js";
import { checkOptions } from "../../check.js";
import { div } from "../../ops/binary.js";
import { reshape, slice } from "../../ops/layout.js";
import { inverseHessian } from "../../ops/solve.js";
import { square } from "../../ops/unary.js";
import { type Pruning, scoresOf } from "../prune.js";
import type { SelectOptions } from "../select.js";

/**
 * Weights fall that the others could make up for: w² / [H⁻¹]ₚₚ, twice what the layer's squared error grows by if they do (OBS;
 * Hassibi & Stork 1993). This chooses alone; `obs` and `sparseGpt` move the others, too.
 *
 * @throws {ArgumentError} in `prune`, if there are no examples.
 * @example
 * const masks = prune(model, saliency({ sparsity: 0.5, calibration: data }));
 */
export function saliency(options: SelectOptions & { calibration: Calibration; damp?: number }): Pruning {
  checkOptions("saliency", options);
  const { calibration, damp = 0.01, ...select } = options;
  return {
    score(model, weights) {
      const inputs = layerInputs("saliency", model, calibration, weights);
      return scoresOf(weights, ({ name, node }) => {
        const h = inverseHessian(inputs[node.name]!, { damp });
        const diagonal = slice(reshape(h, [h.size]), [{ step: h.shape[0]! + 1 }]);
        return div(square(model.params[name]!), diagonal);
      });
    },
    select,
  };
}
