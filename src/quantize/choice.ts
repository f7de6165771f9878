import type { Calibration } from "../calibration.js";
import { checkOptions, said } from "../check.js";
import { ArgumentError } from "../errors.js";
import { checkModel, type Model, type Weight } from "../model.js";
import { chosenWeights, type WeightChoice } from "../weights.js";
import { AffineScheme } from "./affine.js";
import { checkMatrix } from "./matrix.js";
import type { WeightScheme } from "./scheme.js";

/** What becomes of which weights, and of what their layers read. */
export interface Choice extends WeightChoice {
  /** How weights are stored. */
  weights?: WeightScheme;
  /** Codes of 8 bits for what the layers read, so that they multiply integers. Default: f32, as it is. */
  activations?: AffineScheme;
  /** Examples that show what the layers read, some hundred: needed for activations that are not dynamic. */
  calibration?: Calibration;
}

/**
 * The weights that are meant.
 *
 * @throws {ArgumentError} if the options do not fit each other, there is no weight of a name, or one cannot be quantized.
 */
export function weightsToQuantize(who: string, model: Model, options: Choice): readonly Weight[] {
  checkModel(who, "model", model);
  checkOptions(who, options);
  const { weights: scheme, activations, calibration } = options;
  if (scheme !== undefined && typeof scheme?.pack !== "function")
    throw new ArgumentError(`${who}: weights is ${said(scheme)}; it must be a scheme, such as int8()`);
  if (activations !== undefined) {
    if (!(activations instanceof AffineScheme && activations.bits === 8))
      throw new ArgumentError(`${who}: activations is ${said(activations)}; it must be int8() or uint8()`);
    if (!(scheme instanceof AffineScheme))
      throw new ArgumentError(`${who}: codes of activations meet integer weights only, such as int8() or int4()`);
    if (!activations.dynamic && calibration === undefined)
      throw new ArgumentError(
        `${who}: the range of activations is measured; pass calibration, such as data.take(512), or take int8({ dynamic: true })`,
      );
  }
  const chosen = chosenWeights(who, model, options);
  if (scheme !== undefined) for (const { name } of chosen) checkMatrix(`${who}: ${name}`, model.params[name]!);
  return chosen;
}
