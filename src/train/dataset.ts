import { checkCount, checkMethods, checkNumber, said } from "../check.js";
import type { DType } from "../dtype.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { mul } from "../ops/binary.js";
import { scaledBytes } from "../ops/cast.js";
import { permutation } from "../ops/random.js";
import { scope } from "../scope.js";
import { checkShape, type Shape, show, sizeOf } from "../shape.js";
import { streams } from "../streams.js";
import { contents, place, readTensor, type Tensor } from "../tensor.js";

/** Examples side by side: x [batch, …inputShape], y labels i32 [batch] or targets f32 [batch, …targetShape]. */
export interface Batch {
  readonly x: Tensor<"f32">;
  readonly y: Tensor;
}

/** Examples that can be drawn by index. */
export interface Dataset {
  /** Number of examples. */
  readonly size: number;
  /** Shape of one input. */
  readonly inputShape: Shape;
  /** These examples as tensors. @throws {ArgumentError} if an index is outside. */
  batch(indices: ArrayLike<number>): Batch;
  /** The first n examples, or from a start on. */
  take(n: number, options?: { start?: number }): Dataset;
  /** Two parts without overlap, drawn at random: the rest, and a share (below 1) or number of examples to hold out. */
  split(options: { holdOut: number; seed: number }): [Dataset, Dataset];
}

/** Guards a dataset that has examples. @throws {ArgumentError} */
export function checkDataset(who: string, name: string, data: Dataset): void {
  checkMethods(who, name, data, "a dataset, see dataset()", "batch");
  if (data.size === 0) throw new ArgumentError(`${who}: ${name} has no examples; it needs at least one`);
}

export interface DatasetOptions {
  /** Shape of one input. Default: one dimension. */
  inputShape?: Shape;
  /** Shape of one target. Default: one number per example has none. */
  targetShape?: Shape;
  /** Multiplies the inputs, e.g. 1/255 for bytes of an image. Default 1. */
  scale?: number;
}

type Inputs = Float32Array | Uint8Array;
type Targets = Float32Array | Int32Array | Uint8Array;
const inputKinds = [Float32Array, Uint8Array] as const;
const targetKinds = [Float32Array, Int32Array, Uint8Array] as const;

/**
 * A dataset in the host's memory; batches alone are copied to wasm memory. Integer targets are class labels.
 *
 * @param x all inputs, one after another.
 * @param y a label (Int32Array, Uint8Array) or target (Float32Array) for each.
 * @throws {ShapeError} if the lengths do not fit the shapes.
 * @throws {DTypeError} if x or y is another kind of array: what is a label and what a number is not guessed.
 * @example
 * const data = dataset(new Float32Array([0, 0, 0, 1, 1, 0, 1, 1]), new Uint8Array([0, 1, 1, 0]), { inputShape: [2] });
 */
export function dataset(x: Inputs, y: Targets, options: DatasetOptions = {}): Dataset {
  const { targetShape = [], scale = 1 } = options;
  for (const [name, values, kinds] of [
    ["x", x, inputKinds],
    ["y", y, targetKinds],
  ] as const)
    if (!kinds.some((kind) => values instanceof kind))
      throw new DTypeError(
        `dataset: ${name} is ${said(values)}; it must be a ${kinds.map((kind) => kind.name).join(", ")}; convert with ${kinds[0].name}.from()`,
      );
  checkShape("dataset", targetShape);
  checkNumber("dataset", "scale", scale, -Number.MAX_VALUE, Number.MAX_VALUE);
  const targetWidth = sizeOf(targetShape);
  const count = targetWidth === 0 ? 0 : y.length / targetWidth;
  const even = count > 0 && x.length % count === 0;
  const inputShape = options.inputShape ?? [even ? x.length / count : 0];
  checkShape("dataset", inputShape);
  const width = sizeOf(inputShape);
  if (!Number.isInteger(count) || x.length !== count * width)
    throw new ShapeError(
      `dataset: ${x.length} input values of shape ${show(inputShape)} and ${y.length} targets of shape ${show(targetShape)} ` +
        "do not make the same number of examples; set inputShape and targetShape",
    );
  return new Examples(x, y, inputShape, targetShape, scale, undefined, count);
}

class Examples implements Dataset {
  constructor(
    private readonly x: Inputs,
    private readonly y: Targets,
    readonly inputShape: Shape,
    private readonly targetShape: Shape,
    private readonly scale: number,
    /** Which examples these are; all, in order, if absent. */
    private readonly chosen: Int32Array | undefined,
    readonly size: number,
  ) {}

  batch(indices: ArrayLike<number>): Batch {
    const rows = new Int32Array(indices.length);
    for (let at = 0; at < rows.length; at++) {
      const i = indices[at]!;
      if (!Number.isInteger(i) || i < 0 || i >= this.size)
        throw new ArgumentError(`dataset: example ${i} is asked for; there are 0 to ${this.size - 1}`);
      rows[at] = this.chosen === undefined ? i : this.chosen[i]!;
    }
    const { x, y, inputShape, targetShape, scale } = this;
    return scope(() => ({
      x:
        x instanceof Uint8Array
          ? scaledBytes(drawn(x, rows, inputShape, "u8"), scale)
          : scaled(drawn(x, rows, inputShape, "f32"), scale),
      y: drawn(y, rows, targetShape, y instanceof Float32Array ? "f32" : "i32"),
    }));
  }

  take(n: number, options: { start?: number } = {}): Dataset {
    const { start = 0 } = options;
    checkCount("take", "n", n, 0);
    checkCount("take", "start", start, 0);
    return this.choose(Int32Array.from({ length: Math.max(0, Math.min(n, this.size - start)) }, (_, i) => start + i));
  }

  split({ holdOut, seed }: { holdOut: number; seed: number }): [Dataset, Dataset] {
    checkNumber("split", "holdOut", holdOut, 0, this.size);
    checkCount("split", "seed", seed, 0);
    const held = holdOut < 1 ? Math.round(holdOut * this.size) : holdOut;
    if (!(Number.isInteger(held) && held >= 0 && held <= this.size))
      throw new ArgumentError(
        `split: holdOut is ${holdOut}; it must be a share below 1, or a number of examples up to ${this.size}`,
      );
    const order = shuffled(this.size, seed, streams.split);
    return [this.choose(order.slice(held)), this.choose(order.slice(0, held))];
  }

  private choose(indices: Int32Array): Dataset {
    const rows = this.chosen === undefined ? indices : indices.map((i) => this.chosen![i]!);
    return new Examples(this.x, this.y, this.inputShape, this.targetShape, this.scale, rows, rows.length);
  }
}

function scaled(x: Tensor<"f32">, scale: number): Tensor<"f32"> {
  return scale === 1 ? x : mul(x, scale);
}

/** Some of the examples, as a tensor. */
function drawn<D extends DType>(from: Inputs | Targets, rows: Int32Array, shape: Shape, dtype: D): Tensor<D> {
  const t = place([rows.length, ...shape], dtype);
  copyRows(contents(t), from, rows, sizeOf(shape));
  return t;
}

/** Rows of a width, by their numbers. */
export function copyRows(to: Inputs | Targets, from: Inputs | Targets, rows: ArrayLike<number>, width: number): void {
  if (width === 1) for (let i = 0; i < rows.length; i++) to[i] = from[rows[i]!]!;
  else for (let i = 0; i < rows.length; i++) to.set(from.subarray(rows[i]! * width, (rows[i]! + 1) * width), i * width);
}

/** 0..n−1 in random order, in the host's memory. */
export function shuffled(n: number, seed: number, stream: number): Int32Array {
  const order = permutation(n, { seed, stream });
  const indices = readTensor(order);
  order.dispose();
  return indices;
}
