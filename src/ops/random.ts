// Counter-based random numbers: value = f(seed, stream, index), the same on every host and for any slicing.
import { checkCount, checkNumber, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import type { Kernels } from "../runtime/kernels.js";
import { checkShape, type Shape, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";

export interface RandomOptions {
  /** An integer from 0 to 2⁵³ − 1; the same seed gives the same numbers everywhere. */
  seed: number;
  /** Draws under one seed that must differ: one integer from 0 to 2³² − 1 each. Default 0. */
  stream?: number;
}

interface Key {
  readonly low: number;
  readonly high: number;
  readonly stream: number;
}

function keyOf(who: string, { seed, stream = 0 }: RandomOptions): Key {
  checkCount(who, "seed", seed, 0);
  checkCount(who, "stream", stream, 0, 2 ** 32 - 1);
  return { low: seed >>> 0, high: Math.floor(seed / 2 ** 32), stream };
}

interface DrawParams extends Key {
  readonly shape: Shape;
  readonly a: number;
  readonly b: number;
}

type DrawKernel = (
  out: number,
  a: number,
  b: number,
  seedLow: number,
  seedHigh: number,
  stream: number,
  begin: number,
  end: number,
) => void;

// @__NO_SIDE_EFFECTS__
function draw(name: string, kernel: (k: Kernels) => DrawKernel): Op<DrawParams, OutPlan<"f32">> {
  return {
    name,
    infer(_, { shape }) {
      checkShape(name, shape);
      return { shape: [...shape], dtype: "f32", work: sizeOf(shape) };
    },
    wasm(k, out, _, __, { a, b, low, high, stream }, begin, end) {
      kernel(k)(out, a, b, low, high, stream, begin, end);
    },
  };
}

const uniformOp = draw("uniform", (k) => k.uniform_f32);
const normalOp = draw("normal", (k) => k.normal_f32);

/**
 * Uniform numbers in [low, high), 24 bits each; `low` alone where both are equal.
 *
 * @throws {ArgumentError} if the seed is no integer from 0, low is above high, or f32 does not hold their distance.
 * @example
 * const noise = uniform([2, 3], { seed: 1, low: -1, high: 1 });
 */
export function uniform(shape: Shape, options: RandomOptions & { low?: number; high?: number }): Tensor<"f32"> {
  checkOptions("uniform", options);
  const { low = 0, high = 1 } = options;
  if (!(low <= high && Number.isFinite(Math.fround(high - low))))
    throw new ArgumentError(`uniform: low is ${low}, high ${high}; low may not be above high, nor either be infinite`);
  return apply(uniformOp, [], { shape, a: low, b: high, ...keyOf("uniform", options) });
}

/**
 * Normal numbers (Box & Muller 1958), within 5.8 standard deviations of the mean.
 *
 * @throws {ArgumentError} if the seed is no integer from 0, or std is below 0.
 * @example
 * const weights = normal([784, 300], { seed: 1, std: 0.05 });
 */
export function normal(shape: Shape, options: RandomOptions & { mean?: number; std?: number }): Tensor<"f32"> {
  checkOptions("normal", options);
  const { mean = 0, std = 1 } = options;
  checkNumber("normal", "std", std, 0, Number.POSITIVE_INFINITY);
  return apply(normalOp, [], { shape, a: mean, b: std, ...keyOf("normal", options) });
}

const permutationOp: Op<Key & { n: number }, OutPlan<"i32">> = {
  name: "permutation",
  infer(_, { n }) {
    checkShape("permutation", [n]);
    return { shape: [n], dtype: "i32", work: 1 };
  },
  wasm(k, out, _, __, { n, low, high, stream }) {
    k.permutation_i32(out, n, low, high, stream);
  },
};

/**
 * 0..n−1 in random order, i32, each order equally likely.
 *
 * @throws {ArgumentError} if the seed is no integer from 0.
 * @example
 * const order = permutation(60000, { seed: 1 });
 */
export function permutation(n: number, options: RandomOptions): Tensor<"i32"> {
  checkOptions("permutation", options);
  return apply(permutationOp, [], { n, ...keyOf("permutation", options) });
}

const dropoutOp: Op<Key & { p: number }, OutPlan<"f32">> = {
  name: "dropout",
  infer([x]) {
    checkDType("dropout", "x", x!, "f32");
    return { shape: x!.shape, dtype: "f32", work: sizeOf(x!.shape) };
  },
  wasm(k, out, [x], _, { p, low, high, stream }, begin, end) {
    k.dropout_f32(out, x!, p, p === 1 ? 0 : 1 / (1 - p), low, high, stream, begin, end);
  },
  // The same seed draws the same mask, so nothing is kept for it.
  vjp: (g, { params }) => [apply(dropoutOp, [g], params)],
};

/**
 * Sets each element to 0 with probability `p` and divides the others by 1 − p (Srivastava et al. 2014). A dropped NaN or
 * Infinity is 0.
 *
 * @throws {ArgumentError} unless p is from 0 to 1.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = dropout(ones([4]), { p: 0.5, seed: 1 }); // zeros and twos
 */
export function dropout(x: Tensor, options: RandomOptions & { p: number }): Tensor<"f32"> {
  checkOptions("dropout", options);
  const { p } = options;
  checkNumber("dropout", "p", p, 0, 1);
  return apply(dropoutOp, [x], { p, ...keyOf("dropout", options) });
}
