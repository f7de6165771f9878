import type { Calibration } from "../calibration.js";
import { checkList, checkOptions, said } from "../check.js";
import { ArgumentError } from "../errors.js";
import { Model, type Weight } from "../model.js";
import { AffineScheme } from "./affine.js";
import { checkMatrix } from "./matrix.js";
import type { WeightScheme } from "./scheme.js";

/** What becomes of which weights, and of what their layers read. */
export interface Choice {
  /** How weights are stored. */
  weights?: WeightScheme;
  /** Weights or nodes by name: these alone, or all but these. */
  only?: readonly string[];
  except?: readonly string[];
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
export function chosenWeights(who: string, model: Model, options: Choice): Weight[] {
  if (!(model instanceof Model)) throw new ArgumentError(`${who}: got ${said(model)}; it takes a model`);
  checkOptions(who, options);
  const { weights: scheme, activations, calibration, only, except = [] } = options;
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
  const { weights } = model;
  for (const [option, names] of Object.entries({ only: only ?? [], except })) {
    checkList(who, option, names);
    const stray = names.find((name) => !weights.some((weight) => isCalled(weight, name)));
    if (stray !== undefined)
      throw new ArgumentError(
        `${who}: ${option} names ${said(stray)}; the weights are ${weights.map(({ name }) => name).join(", ")}`,
      );
  }
  const chosen = weights.filter(
    (weight) =>
      (only === undefined || only.some((name) => isCalled(weight, name))) &&
      !except.some((name) => isCalled(weight, name)),
  );
  if (scheme !== undefined) for (const { name } of chosen) checkMatrix(`${who}: ${name}`, model.params[name]!);
  return chosen;
}

function isCalled({ name, node }: Weight, called: string): boolean {
  return name === called || node.name === called;
}
