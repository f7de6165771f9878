import { full, zeros as zeroTensor } from "../ops/fill.js";
import { normal, type RandomOptions, uniform } from "../ops/random.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** Makes a parameter of a shape; a weight [out, in] has fan-in `in` and fan-out `out`. */
export type Initializer = (shape: Shape, random: RandomOptions) => Tensor<"f32">;

export interface SpreadOptions {
  /** Default "uniform". */
  distribution?: "uniform" | "normal";
  /** Multiplies the standard deviation. Default √2 for Kaiming (for relu), 1 for Glorot. */
  gain?: number;
}

function spread(
  variance: (fanIn: number, fanOut: number) => number,
  gain: number,
  { distribution }: SpreadOptions,
): Initializer {
  return (shape, random) => {
    const fanOut = shape[0] ?? 1;
    const fanIn = shape.slice(1).reduce((product, d) => product * d, 1);
    // IEEE 754 fixes the square root: no host differs.
    const std = gain * Math.sqrt(variance(fanIn, fanOut));
    if (distribution === "normal") return normal(shape, { ...random, std });
    const bound = std * Math.sqrt(3);
    return uniform(shape, { ...random, low: -bound, high: bound });
  };
}

/**
 * Variance gain² / fan-in (He et al. 2015): keeps the variance of activations through relu layers.
 *
 * @example
 * const layer = nn.linear(784, 300, { weight: nn.kaiming({ distribution: "normal" }) });
 */
export function kaiming(options: SpreadOptions = {}): Initializer {
  return spread((fanIn) => 1 / Math.max(1, fanIn), options.gain ?? Math.sqrt(2), options);
}

/**
 * Variance gain² · 2 / (fan-in + fan-out) (Glorot & Bengio 2010), for tanh and sigmoid layers.
 *
 * @example
 * const layer = nn.linear(784, 300, { weight: nn.glorot() });
 */
export function glorot(options: SpreadOptions = {}): Initializer {
  return spread((fanIn, fanOut) => 2 / Math.max(1, fanIn + fanOut), options.gain ?? 1, options);
}

/**
 * Zeros, for biases.
 *
 * @example
 * const layer = nn.linear(784, 300, { bias: nn.zeros() });
 */
export function zeros(): Initializer {
  return (shape) => zeroTensor(shape);
}

/**
 * One value everywhere.
 *
 * @example
 * const layer = nn.linear(784, 300, { bias: nn.constant(0.1) });
 */
export function constant(value: number): Initializer {
  return (shape) => full(shape, value);
}
