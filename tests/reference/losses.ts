// Losses in f64 as their papers write them, one example at a time; cross-entropy of labels stands in loss.ts.
import { coordinates, generate, indexOf, type Reference } from "./array.js";

/** The loss of one prediction against one target. */
export type Pairwise = (prediction: number, target: number) => number;

export const l1: Pairwise = (x, t) => Math.abs(x - t);

export function smoothL1(beta = 1): Pairwise {
  return (x, t) => {
    const d = Math.abs(x - t);
    return d < beta ? (0.5 * d * d) / beta : d - 0.5 * beta;
  };
}

export function huber(delta = 1): Pairwise {
  return (x, t) => {
    const d = Math.abs(x - t);
    return d <= delta ? 0.5 * d * d : delta * (d - 0.5 * delta);
  };
}

/** ln σ(x) */
function logSigmoid(x: number): number {
  return x >= 0 ? -Math.log1p(Math.exp(-x)) : x - Math.log1p(Math.exp(x));
}

export function binaryCrossEntropy(weight = 1, posWeight = 1): Pairwise {
  return (x, y) => -weight * (posWeight * y * logSigmoid(x) + (1 - y) * logSigmoid(-x));
}

export const klDivergence: Pairwise = (logQ, p) => (p === 0 ? 0 : p * (Math.log(p) - logQ));
export const klDivergenceOfLogs: Pairwise = (logQ, logP) => klDivergence(logQ, Math.exp(logP));

export interface NllOptions {
  readonly axis: number;
  readonly weight?: readonly number[];
  readonly ignoreIndex?: number;
}

/** The losses, of the shape of the labels, and what each weighs in a mean. */
export function nll(
  logs: Reference,
  labels: Reference,
  options: NllOptions,
): { losses: Reference; weights: Reference } {
  const { axis, weight, ignoreIndex } = options;
  const losses = generate(labels.shape, () => 0);
  const weights = generate(labels.shape, () => 0);
  for (const at of coordinates(labels.shape)) {
    const i = indexOf(labels.shape, at);
    const label = labels.data[i]!;
    if (label === ignoreIndex) continue;
    const w = weight?.[label] ?? 1;
    weights.data[i] = w;
    losses.data[i] = -w * logs.data[indexOf(logs.shape, [...at.slice(0, axis), label, ...at.slice(axis)])]!;
  }
  return { losses, weights };
}

/** The slope of f at x in each coordinate, by central differences. */
export function slope(f: (x: Float64Array) => number, x: ArrayLike<number>): Float64Array {
  const step = 2 ** -16;
  const moved = Float64Array.from(x);
  return Float64Array.from(x, (value, i) => {
    moved[i] = value + step;
    const above = f(moved);
    moved[i] = value - step;
    const below = f(moved);
    moved[i] = value;
    return (above - below) / (2 * step);
  });
}
