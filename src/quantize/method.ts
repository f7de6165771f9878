import type { Model, Weight } from "../model.js";
import type { Packed } from "../packed.js";
import type { Tensor } from "../tensor.js";
import type { WeightScheme } from "./scheme.js";

/** A weight that is about to be rounded. */
export interface Rounding {
  readonly w: Tensor;
  readonly scheme: WeightScheme;
  /** What its layer reads of the calibration data once the layers before it are rounded, [rows, in]. */
  inputs(): Tensor<"f32">;
}

/** What the layers of some weights of a model read of the calibration data, by the names of their nodes. */
export type InputsOf = (model: Model, weights: readonly Weight[]) => Readonly<Record<string, Tensor<"f32">>>;

/** How weights become codes of a scheme: a value, such as `gptq()`. */
export interface Method {
  /** As tables and errors print it. */
  readonly name: string;
  /** Whether it needs calibration data. */
  readonly calibrated: boolean;
  /** A model of the same function, but easier to round, in place of the given one. */
  prepare?(model: Model, weights: readonly Weight[], scheme: WeightScheme, inputs: InputsOf): Model;
  /** @throws {ArgumentError} if it does not suit the scheme. */
  round(rounding: Rounding): Packed;
}

/**
 * Each weight to the nearest code.
 *
 * @example
 * const small = quantize(model, { weights: int8(), method: nearest() });
 */
export function nearest(): Method {
  return { name: "nearest", calibrated: false, round: ({ w, scheme }) => scheme.pack(w) };
}
