// What SparseGPT and OBS share: weights are pruned and changed layer by layer, each on what it meets after those before it changed.
import { type Calibration, layerInputs } from "../calibration.js";
import { checkOptions } from "../check.js";
import { checkFinite } from "../finite.js";
import { checkModel, type Model } from "../model.js";
import { concat } from "../ops/concat.js";
import { reshape, slice } from "../ops/layout.js";
import type { Masks } from "../optim/masked.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import type { WeightChoice } from "../weights.js";
import { weightsOf } from "./prune.js";

export interface LayerwiseOptions extends WeightChoice {
  /** Examples that show what each layer meets; some hundred are enough. */
  calibration: Calibration;
  /** Added to the diagonal of the Hessian, as a share of its mean. Default 0.01. */
  damp?: number;
}

/** A model whose weights were pruned and changed, and which of them stayed. */
export interface Pruned {
  readonly model: Model;
  readonly masks: Masks;
}

/** Runs `each` on the weights [out, in] and inputs [rows, in] of one layer after the other, and gives a new model. */
export function layerwise(
  who: string,
  model: Model,
  options: LayerwiseOptions,
  each: (w: Tensor, x: Tensor) => { weight: Tensor; mask: Tensor<"u8"> },
): Pruned {
  return scope(() => {
    let current = model.with({});
    const masks: Record<string, Tensor<"u8">> = Object.create(null);
    for (const { name, node } of weightsOf(who, model, options)) {
      const { weight, mask } = scope(() => {
        const w = current.params[name]!;
        checkFinite(who, name, w);
        const done = each(w, layerInputs(who, current, options.calibration, [{ node }])[node.name]!);
        checkFinite(who, `${name}, what is left of it,`, done.weight);
        return { weight: done.weight, mask: done.mask };
      });
      const before = current;
      current = current.with({ [name]: weight });
      before.dispose();
      masks[name] = mask;
    }
    return { model: current, masks };
  });
}

/** What a kernel gave in parts along an axis: three matrices, one upon the other. */
export function unstacked(parts: readonly Tensor[], axis: number): [Tensor<"f32">, Tensor<"f32">, Tensor<"f32">] {
  const whole = concat(parts, { axis });
  const matrix = (i: number) =>
    reshape(slice(whole, [{ start: i, end: i + 1 }]), whole.shape.slice(1)) as Tensor<"f32">;
  return [matrix(0), matrix(1), matrix(2)];
}

/** Guards what every such method is given. */
export function checkLayerwise(who: string, model: unknown, options: unknown): void {
  checkModel(who, "model", model);
  checkOptions(who, options);
}
