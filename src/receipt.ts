import { checkCount, checkList, checkOptions } from "./check.js";
import { ArgumentError } from "./errors.js";
import { checkModel, type Model } from "./model.js";
import { matmul } from "./ops/matmul.js";
import { uniform } from "./ops/random.js";
import { Packed } from "./packed.js";
import { race } from "./race.js";
import { scope } from "./scope.js";
import type { Shape } from "./shape.js";
import { readTensor, type Tensor } from "./tensor.js";

/** Milliseconds of one call, measured side by side. */
export interface Times {
  readonly ms: number;
  readonly denseMs: number;
}

/** What a weight, or a whole model, costs: at the batch asked for, and in `single` for one example. */
export interface Cost extends Times {
  /** Of the parameters as they lie in memory: their codes, scales and indices. A saved file is `(await toFile(model)).length`. */
  readonly bytes: number;
  readonly denseBytes: number;
  /** Numbers, stored or not, and how many of them are 0. */
  readonly size: number;
  readonly zeros: number;
  readonly single: Times;
  /** How weights are stored, which chooses the kernel: `f32`, `csr`, `int8`, …; several where they differ. */
  readonly kernel: string;
}

export interface Receipt extends Cost {
  readonly batch: number;
  /** The product with each weight alone, by name; biases and activations are in the totals only. */
  readonly weights: Readonly<Record<string, Cost>>;
}

export interface ReceiptOptions {
  /** Examples of a batch. Default 64. */
  batch?: number;
  /** The shape of one example. Default: what the first linear layer reads. */
  input?: Shape;
}

/**
 * What a compressed model saves, measured here and now beside the model that it was made of: bytes, zeros, milliseconds.
 *
 * @throws {ArgumentError} if one of them is no model, the names of their weights differ, or the model has no weights and `input` is
 *   not given.
 * @throws {OutOfMemoryError}
 * @example
 * const { bytes, denseBytes, ms, denseMs, kernel } = receipt(model, model, { batch: 8 });
 */
export function receipt(model: Model, dense: Model, options: ReceiptOptions = {}): Receipt {
  for (const [name, value] of Object.entries({ model, dense })) checkModel("receipt", name, value);
  checkOptions("receipt", options);
  const { batch = 64, input = defaultInput(dense) } = options;
  checkCount("receipt", "batch", batch, 1);
  checkList("receipt", "input", input);
  return scope(() => {
    const weights: Record<string, Cost> = Object.create(null);
    for (const { name } of model.weights) {
      const [own, other] = [model.params[name]!, dense.params[name]];
      if (other === undefined)
        throw new ArgumentError(`receipt: dense has no weight "${name}"; give the model that this one was made of`);
      weights[name] = costOf(productWith(own), productWith(other), batch, [own]);
    }
    const stored = model.weights.map(({ name }) => model.params[name]!);
    return {
      ...costOf(whole(model, input), whole(dense, input), batch, stored),
      batch,
      weights,
    };
  });
}

/** What is measured: parameters, and a function that needs them. */
interface Side {
  readonly params: readonly Tensor[];
  /** The shape of one example. */
  readonly input: Shape;
  readonly run: (x: Tensor) => Tensor;
}

function productWith(w: Tensor): Side {
  return { params: [w], input: [w.shape[1]!], run: (x) => matmul(x, w, { transposeB: true }) };
}

function whole(model: Model, input: Shape): Side {
  return { params: Object.values(model.params), input, run: (x) => model.apply(model.params, x) };
}

function defaultInput(model: Model): Shape {
  const [first] = model.weights;
  if (first === undefined)
    throw new ArgumentError("receipt: the model has no weights; pass the shape of one example as `input`");
  return [first.node.attributes.in as number];
}

function costOf(own: Side, dense: Side, batch: number, stored: readonly Tensor[]): Cost {
  const kernels = stored.map((w) => (w instanceof Packed ? w.format.kind : w.dtype));
  return {
    bytes: bytesIn(own),
    denseBytes: bytesIn(dense),
    size: own.params.reduce((sum, t) => sum + t.size, 0),
    zeros: own.params.reduce((sum, t) => sum + zerosIn(t), 0),
    ...timesOf(own, dense, batch),
    single: timesOf(own, dense, 1),
    kernel: [...new Set(kernels)].join(", "),
  };
}

const bytesIn = ({ params }: Side): number =>
  params.reduce((sum, t) => sum + (t instanceof Packed ? t.bytes : t.size * 4), 0);

function zerosIn(t: Tensor): number {
  return scope(() => {
    const numbers = readTensor(t instanceof Packed ? t.dense() : t);
    let zeros = 0;
    for (let i = 0; i < numbers.length; i++) if (numbers[i] === 0) zeros++;
    return zeros;
  });
}

function timesOf(own: Side, dense: Side, batch: number): Times {
  return scope(() => {
    const [ms, denseMs] = race(
      [own, dense].map(({ input, run }) => {
        const x = uniform([batch, ...input], { seed: 0 });
        return () => run(x).dispose();
      }),
    );
    return { ms: ms!, denseMs: denseMs! };
  });
}
