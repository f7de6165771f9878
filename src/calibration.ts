import { ArgumentError, ShapeError } from "./errors.js";
import { checkFinite } from "./finite.js";
import type { Model, Weight } from "./model.js";
import { checkDType } from "./op.js";
import { reshape } from "./ops/layout.js";
import { scope } from "./scope.js";
import { show, sizeOf } from "./shape.js";
import { Tensor } from "./tensor.js";
import type { Dataset } from "./train/dataset.js";

/** Examples that show what a model meets: a dataset (take() a few hundred of a large one), or inputs [examples, …]. */
export type Calibration = Dataset | Tensor;

/** The inputs of calibration data as one tensor. @throws {ArgumentError} if there are none. */
export function inputsOf(who: string, calibration: Calibration): Tensor {
  if (calibration instanceof Tensor) {
    checkDType(who, "calibration", calibration, "f32");
    if (calibration.rank < 2)
      throw new ShapeError(`${who}: calibration is ${show(calibration.shape)}; it needs [examples, …]`);
    if (calibration.shape[0] === 0) throw empty(who);
    return calibration;
  }
  if (typeof calibration?.batch !== "function")
    throw new ArgumentError(`${who}: calibration must be a dataset or a tensor of inputs, such as data.take(512)`);
  if (calibration.size === 0) throw empty(who);
  return calibration.batch(Int32Array.from({ length: calibration.size }, (_, i) => i)).x;
}

function empty(who: string): ArgumentError {
  return new ArgumentError(`${who}: the calibration data has no examples; it needs at least one`);
}

/**
 * What the nodes of these weights read on calibration data: f32 [rows, in] by node name, the dimensions before the last joined. All
 * of the data at once: some hundred examples are enough.
 *
 * @throws {ArgumentError} if there are no examples, or a node reads NaN or an infinity.
 */
export function layerInputs(
  who: string,
  model: Model,
  calibration: Calibration,
  weights: readonly Pick<Weight, "node">[],
): Record<string, Tensor<"f32">> {
  return scope(() => {
    const x = inputsOf(who, calibration);
    const { values } = model.applyWith([...new Set(weights.map(({ node }) => node.input))], model.params, x);
    const inputs: Record<string, Tensor<"f32">> = Object.create(null);
    for (const { node } of weights) {
      const read = rowsOf(values[node.input]! as Tensor<"f32">);
      checkFinite(who, `what ${node.name} reads`, read);
      inputs[node.name] = read;
    }
    return inputs;
  });
}

/** x [..., k] → [rows, k]: the dimensions before the last joined. */
export function rowsOf<T extends Tensor>(x: T): T {
  return reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape[x.rank - 1]!]) as T;
}
