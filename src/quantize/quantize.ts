import { layerInputs } from "../calibration.js";
import { checkMethods, wrong } from "../check.js";
import { ArgumentError } from "../errors.js";
import { Model } from "../model.js";
import { QTensor } from "../ops/quantized.js";
import { Packed } from "../packed.js";
import { keep, scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { inputOf } from "./activations.js";
import { type Choice, weightsToQuantize } from "./choice.js";
import { type InputsOf, type Method, nearest } from "./method.js";

export interface QuantizeOptions extends Choice {
  /** How codes are found. Default `nearest()`. */
  method?: Method;
}

/**
 * A new model whose weights are stored in few bits; biases, and weights not chosen, stay f32. The given model stays as it is.
 * Without a scheme it is a copy. With `activations` products are of integers, exact but for the rounding of their operands.
 *
 * @throws {ArgumentError} if the options do not fit each other, a name is no weight, a weight is packed already or holds NaN or an
 *   infinity, or calibration data are needed and there are none.
 * @throws {OutOfMemoryError}
 * @example
 * const small = quantize(model, { weights: int8(), activations: int8(), calibration: data });
 * const { accuracy } = await evaluate(small, data);
 */
export function quantize(model: Model, options: QuantizeOptions): Model {
  const chosen = weightsToQuantize("quantize", model, options);
  const { weights: scheme, activations, method = nearest(), calibration } = options;
  checkMethods("quantize", "method", method, "one, such as gptq()", "round");
  if (scheme === undefined) return model.with({});
  if (method.calibrated && calibration === undefined)
    throw new ArgumentError(
      `quantize: ${method.name} needs calibration data; pass calibration, such as data.take(512)`,
    );
  const inputs: InputsOf = (of, weights) => layerInputs("quantize", of, calibration!, weights);
  return scope(() => {
    const base = method.prepare?.(model, chosen, scheme, inputs) ?? model;
    const changed: Record<string, Packed> = Object.create(null);
    for (const weight of chosen)
      changed[weight.name] = scope(() => {
        // The layers before it as they are now: rounded.
        const now = new Model(base.graph, { ...base.params, ...changed });
        let read: Tensor<"f32"> | undefined;
        // Kept from the scope of the method that asks first.
        const x = () => (read ??= keep(inputs(now, [weight])[weight.node.name]!));
        try {
          const packed = method.round({ w: base.params[weight.name]!, scheme, inputs: x });
          if (!(packed instanceof (activations === undefined ? Packed : QTensor)))
            throw wrong("quantize", `what ${method.name} makes of "${weight.name}"`, packed, "a packed matrix");
          return activations === undefined ? packed : (packed as QTensor).reading(inputOf(activations, x));
        } finally {
          read?.dispose();
        }
      });
    return base.with(changed);
  });
}
