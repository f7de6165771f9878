import type { Calibration } from "../calibration.js";
import { checkMethods, checkOptions, wrong } from "../check.js";
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
  if (scheme !== undefined) checkMethods(who, "weights", scheme, "a scheme, such as int8()", "pack", "fake");
  if (activations !== undefined) {
    if (!(activations instanceof AffineScheme && activations.bits === 8))
      throw wrong(who, "activations", activations, "int8() or uint8()");
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
