import { checkNumber } from "../check.js";
import type { Model } from "../model.js";
import { apply, type Op, type OutPlan } from "../op.js";
import { cast } from "../ops/cast.js";
import { slice } from "../ops/layout.js";
import { inverseHessian } from "../ops/solve.js";
import type { Tensor } from "../tensor.js";
import { checkLayerwise, type LayerwiseOptions, layerwise, type Pruned, unstacked } from "./layerwise.js";
import { roundEven } from "./select.js";

export interface ObsOptions extends LayerwiseOptions {
  /** Share of each row's weights that falls, from 0 to 1. */
  sparsity: number;
}

/** Inputs: one row of weights and H⁻¹. The result is [3, 1, cols]. A row alone, for H⁻¹ is worked down in scratch. */
const rowOp: Op<number, OutPlan<"f32">> = {
  name: "obs",
  infer: ([w]) => ({ shape: [3, ...w!.shape], dtype: "f32", work: 1, scratch: 8 * w!.size * (w!.size + 2) }),
  wasm(k, out, [w, inverse], { shape }, drop, begin, end, scratch) {
    k.obs_f32(out, w!, inverse!, scratch, 1, shape[2]!, drop, begin, end);
  },
};

/**
 * Optimal Brain Surgeon (Hassibi & Stork 1993), row by row: takes the weight with the least w² / [H⁻¹]ₚₚ, moves the others to where
 * the layer's squared error is least without it, and so on; layer by layer, on what each meets once the layers before are pruned. The
 * sharpest of the methods and the slowest: rows · columns³ · sparsity steps, so for layers of some hundred inputs; `sparseGpt` comes near
 * in a fraction of the time.
 *
 * @throws {ArgumentError} if there are no examples, a weight or input is NaN or infinite, or an option makes no sense.
 * @example
 * const { model: sparse, masks } = obs(model, { sparsity: 0.5, calibration: data });
 */
export function obs(model: Model, options: ObsOptions): Pruned {
  checkLayerwise("obs", model, options);
  const { sparsity, damp = 0.01 } = options;
  checkNumber("obs", "sparsity", sparsity, 0, 1);
  return layerwise("obs", model, options, (w, x) =>
    surgery(w, inverseHessian(x, { damp }), roundEven(sparsity * w.shape[1]!)),
  );
}

/** Takes `drop` weights from each row of w [rows, cols]. `order` tells which, one after the other, then −1. */
export function surgery(
  w: Tensor,
  inverse: Tensor,
  drop: number,
): { weight: Tensor<"f32">; mask: Tensor<"u8">; order: Tensor<"f32"> } {
  const parts = Array.from({ length: w.shape[0]! }, (_, i) =>
    apply(rowOp, [slice(w, [{ start: i, end: i + 1 }]), inverse], drop),
  );
  const [weight, mask, order] = unstacked(parts, 1);
  return { weight, mask: cast(mask, "u8"), order };
}
