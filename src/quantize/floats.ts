import { checkChoice, checkOptions } from "../check.js";
import { type FloatType, floatLayout, packFloats, roundFloats } from "../ops/floats.js";
import { max } from "../ops/reduce.js";
import { abs } from "../ops/unary.js";
import type { Tensor } from "../tensor.js";
import { scaleOf } from "./grid.js";
import { packing, type WeightScheme } from "./scheme.js";

function floats(name: string, type: FloatType, scalesOf?: (w: Tensor) => Tensor<"f32">): WeightScheme {
  return packing(
    name,
    scalesOf === undefined ? 16 : 8,
    (w) => packFloats(w, type, scalesOf?.(w)),
    (w) => roundFloats(w, type, scalesOf?.(w)),
  );
}

/**
 * Floats of 16 bits as IEEE 754 has them: 11 significant bits, from 6e-8 to 65504; what lies beyond becomes 65504. Relative error
 * 2⁻¹¹, below 6e-5 absolute 3e-8.
 *
 * @example
 * const half = quantize(model, { weights: f16() });
 */
export function f16(): WeightScheme {
  return floats("f16", "f16");
}

/**
 * The upper half of f32: its range, 8 significant bits, relative error 2⁻⁸.
 *
 * @example
 * const half = quantize(model, { weights: bf16() });
 */
export function bf16(): WeightScheme {
  return floats("bf16", "bf16");
}

/**
 * Floats of 8 bits (Micikevicius et al. 2022), each row scaled so that its largest number is the format's largest: 448 of e4m3fn
 * (4 significant bits, relative error 2⁻⁴), 57344 of e5m2 (3 bits, 2⁻³).
 *
 * @throws {ArgumentError} if there is no such format.
 * @example
 * const small = quantize(model, { weights: fp8({ format: "e4m3fn" }) });
 */
export function fp8(options: { format?: "e4m3fn" | "e5m2" } = {}): WeightScheme {
  checkOptions("fp8", options);
  const { format = "e4m3fn" } = options;
  checkChoice("fp8", "format", format, ["e4m3fn", "e5m2"]);
  const { top } = floatLayout("fp8", format);
  return floats(`fp8 ${format}`, format, (w) => scaleOf(max(abs(w), { axes: 1 }), top));
}
