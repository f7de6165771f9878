import { type Calibration, layerInputs } from "../calibration.js";
import { checkList, checkOptions, said } from "../check.js";
import { ArgumentError } from "../errors.js";
import { Model, type Weight } from "../model.js";
import { reshape } from "../ops/layout.js";
import type { QTensor } from "../ops/quantized.js";
import type { Packed } from "../packed.js";
import { scope } from "../scope.js";
import { readTensor, type Tensor } from "../tensor.js";
import { AffineScheme } from "./affine.js";
import { gridOf } from "./grid.js";
import { checkFinite, checkMatrix } from "./matrix.js";
import { type Method, nearest } from "./method.js";
import type { WeightScheme } from "./scheme.js";

/** Which weights of a model: all, or those named, by themselves or by their node. */
export interface Choice {
  only?: readonly string[];
  except?: readonly string[];
}

export interface QuantizeOptions extends Choice {
  /** How weights are stored. None: as they are. */
  weights?: WeightScheme;
  /** Codes of 8 bits for what the layers read, so that they multiply integers. None: f32. */
  activations?: AffineScheme;
  /** How codes are found. Default `nearest()`. */
  method?: Method;
  /** Examples that show what the layers read: needed for activations that are not dynamic, and by some methods. */
  calibration?: Calibration;
}

/** The weights that are meant. @throws {ArgumentError} if there is none of a name. */
export function chosenWeights(who: string, model: Model, { only, except = [] }: Choice): Weight[] {
  for (const [option, names] of Object.entries({ only, except })) {
    if (names === undefined) continue;
    checkList(who, option, names);
    for (const name of names)
      if (!model.weights.some((weight) => weight.name === name || weight.node.name === name))
        throw new ArgumentError(
          `${who}: ${option} names ${said(name)}, which is no weight; there are ${model.weights.map((w) => w.name).join(", ")}`,
        );
  }
  const named = (names: readonly string[], { name, node }: Weight) => names.includes(name) || names.includes(node.name);
  return model.weights.filter((weight) => (only === undefined || named(only, weight)) && !named(except, weight));
}

/** Guards what may come from plain JavaScript. */
function check(model: Model, { weights, activations, method, calibration }: QuantizeOptions): void {
  if (!(model instanceof Model)) throw new ArgumentError(`quantize: got ${said(model)}; it takes a model`);
  if (weights !== undefined && typeof weights?.pack !== "function")
    throw new ArgumentError(`quantize: weights is ${said(weights)}; it must be a scheme, such as int8()`);
  if (method !== undefined && typeof method?.round !== "function")
    throw new ArgumentError(`quantize: method is ${said(method)}; it must be one, such as gptq()`);
  if (activations === undefined) return;
  if (!(activations instanceof AffineScheme) || activations.bits !== 8)
    throw new ArgumentError(
      `quantize: activations must be int8() or uint8(); products of integers read codes of 8 bits`,
    );
  if (!(weights instanceof AffineScheme))
    throw new ArgumentError(
      "quantize: activations of 8 bits are multiplied with integer weights, such as int8() or int4()",
    );
  if (!activations.dynamic && calibration === undefined)
    throw new ArgumentError(
      "quantize: the range of activations is measured; pass calibration, such as data.take(512), or int8({ dynamic: true })",
    );
}

/**
 * A new model whose weights are stored in few bits; biases, and weights not chosen, stay f32. The given model stays as it is.
 * Without a scheme it is a copy.
 *
 * @throws {ArgumentError} if the options do not fit each other, a name is no weight, a weight is packed already or holds NaN or an
 *   infinity, or calibration data are needed and there are none.
 * @throws {OutOfMemoryError}
 * @example
 * const small = quantize(model, { weights: int8(), activations: int8(), calibration: data });
 * const { accuracy } = await evaluate(small, data);
 */
export function quantize(model: Model, options: QuantizeOptions): Model {
  checkOptions("quantize", options);
  check(model, options);
  const { weights: scheme, activations, method = nearest(), calibration } = options;
  const chosen = chosenWeights("quantize", model, options);
  for (const { name } of chosen) checkMatrix(`quantize: ${name}`, model.params[name]!);
  if (scheme === undefined) return model.with({});
  if (method.calibrated && calibration === undefined)
    throw new ArgumentError(
      `quantize: ${method.name} reads calibration data; pass calibration, such as data.take(512)`,
    );
  return scope(() => {
    const inputs = (of: Model, weights: readonly Weight[]) =>
      layerInputs(
        "quantize",
        of,
        calibration!,
        weights.map((weight) => weight.node),
      );
    const base = method.prepare?.(model, chosen, scheme, inputs) ?? model;
    const changed: Record<string, Packed> = Object.create(null);
    for (const weight of chosen)
      changed[weight.name] = scope(() => {
        let x: Tensor<"f32"> | undefined;
        const read = (): Tensor<"f32"> => {
          x ??= inputs(new Model(base.graph, { ...base.params, ...changed }), [weight])[weight.node.name]!;
          return x;
        };
        const packed = method.round({ w: base.params[weight.name]!, scheme, inputs: read });
        return activations === undefined ? packed : reading(packed as QTensor, activations, read);
      });
    return base.with(changed);
  });
}

/** The weight with what its product makes of activations. */
function reading(w: QTensor, scheme: AffineScheme, inputs: () => Tensor<"f32">): QTensor {
  return w.reading(scheme.dynamic ? "dynamic" : staticGrid(scheme, inputs()));
}

/** One scale and zero point for all that a layer reads, in codes from 0 to 255. */
export function staticGrid(scheme: AffineScheme, x: Tensor<"f32">): { scale: number; zeroPoint: number } {
  checkFinite("quantize", "what a layer reads", x);
  return scope(() => {
    const codes = { low: 0, high: 255, symmetric: scheme.symmetric ?? false };
    const { scale, zeroPoint } = gridOf(scheme.range.of(reshape(x, [1, x.size]), codes), codes);
    return { scale: readTensor(scale)[0]!, zeroPoint: readTensor(zeroPoint)[0]! };
  });
}
