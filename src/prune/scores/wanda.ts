import { type Calibration, layerInputs } from "../../calibration.js";
import { checkOptions } from "../../check.js";
import { mul } from "../../ops/binary.js";
import { norm } from "../../ops/reduce.js";
import { abs } from "../../ops/unary.js";
import { type Pruning, scoresOf } from "../prune.js";
import type { SelectOptions } from "../select.js";

/**
 * Weights fall whose products are small: |wᵢⱼ| · ‖xⱼ‖₂ over calibration data (Wanda; Sun et al. 2024), compared within each row
 * unless `scope` says otherwise.
 *
 * @throws {ArgumentError} in `prune`, if there are no examples.
 * @example
 * const masks = prune(model, wanda({ sparsity: 0.5, calibration: data }));
 */
export function wanda(options: SelectOptions & { calibration: Calibration }): Pruning {
  checkOptions("wanda", options);
  const { calibration, ...select } = options;
  return {
    score(model, weights) {
      const inputs = layerInputs("wanda", model, calibration, weights);
      return scoresOf(weights, ({ name, node }) =>
        mul(abs(model.params[name]!), norm(inputs[node.name]!, { axes: 0, keepDims: true })),
      );
    },
    select: withinRows(select),
  };
}

/** The scope "row", where it is possible and none is asked for. */
function withinRows(select: SelectOptions): SelectOptions {
  const single = select.pattern === undefined && (select.unit ?? "weight") === "weight";
  return single && select.scope === undefined ? { ...select, scope: "row" } : select;
}
