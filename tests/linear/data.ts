// Linear fits, read, and what they are judged by.
import { readTensor, type Tensor } from "../../src/tensor.js";

export interface Coefficients {
  readonly w: Float32Array;
  readonly b: Float32Array;
  readonly objective: number;
}

/** A fit without its tensors, which go with the scope around. */
export function read<F extends { coefficients: Tensor<"f32">; intercept: Tensor<"f32">; objective: number }>({
  coefficients,
  intercept,
  ...rest
}: F): Omit<F, "coefficients" | "intercept"> & Coefficients {
  return { ...rest, w: readTensor(coefficients), b: readTensor(intercept) };
}

/** y − Xw − b in f64. */
export function residuals(x: Float32Array, y: Float32Array, w: ArrayLike<number>, b: number): Float64Array {
  const k = w.length;
  return Float64Array.from(y, (v, p) => {
    let rest = v - b;
    for (let j = 0; j < k; j++) rest -= x[p * k + j]! * w[j]!;
    return rest;
  });
}

/** Columns less their means, divided by their standard deviations (1 for a constant one), in f64. */
export function standardized(
  x: Float32Array,
  n: number,
  k: number,
): { z: Float64Array; means: number[]; scales: number[] } {
  const column = (j: number): number[] => Array.from({ length: n }, (_, p) => x[p * k + j]!);
  const means = Array.from({ length: k }, (_, j) => column(j).reduce((a, v) => a + v, 0) / n);
  const scales = means.map((m, j) => Math.sqrt(column(j).reduce((a, v) => a + (v - m) * (v - m), 0) / n) || 1);
  return { z: Float64Array.from(x, (v, at) => (v - means[at % k]!) / scales[at % k]!), means, scales };
}
