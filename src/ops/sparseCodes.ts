// Ways to weights that are codes with a scale for each row, of which csr stores those that are not 0.
import { checkCount } from "../check.js";
import { ArgumentError } from "../errors.js";
import { show } from "../shape.js";
import type { QTensor } from "./quantized.js";
import type { Matrix } from "./sparseEncoders.js";

/** A matrix of codes, whole numbers, of so many bits with the sign. */
export interface CodedMatrix extends Matrix {
  /** One to a row. */
  readonly scales: Float32Array;
  readonly bits: number;
}

/** The nearest codes, ties to even: each row's largest number gets the largest, 2^(bits−1) − 1. */
export function roundToCodes({ data, rows, cols }: Matrix, bits: number): CodedMatrix {
  checkCount("sparse", "bits", bits, 2, 8);
  const codes = new Float32Array(data.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const from = row * cols;
    let largest = 0;
    for (let i = from; i < from + cols; i++) {
      const value = data[i]!;
      if (!Number.isFinite(value))
        throw new ArgumentError(`sparse: w[${i}] is ${value}; only finite numbers have codes`);
      largest = Math.max(largest, Math.abs(value));
    }
    // The least is what f32 has all its digits for.
    scales[row] = largest === 0 ? 1 : Math.max(largest / ((1 << (bits - 1)) - 1), 2 ** -126);
    for (let i = from; i < from + cols; i++) codes[i] = nearestInteger(Math.fround(data[i]! / scales[row]!));
  }
  return { data: codes, rows, cols, scales, bits };
}

/** Of an f32 below 2²²; ties to even. */
function nearestInteger(x: number): number {
  const shift = 1.5 * 2 ** 23;
  return Math.fround(x + shift) - shift;
}

/** Why the codes cannot be stored with a scale for each row, if so. */
export function unfit({ format, shape }: QTensor): string | undefined {
  const { bits, group, symmetric, input } = format;
  if (input !== "f32") return "its products are of integers";
  if (group < shape[1]!) return `it has a scale for every ${group} columns, not for each row`;
  if (!symmetric && bits === 8) return "codes of 8 bits with zero points need 9";
  return undefined;
}

/** The codes that there are, counted from their zero points. @throws {ArgumentError} */
export function codesOf(w: QTensor): CodedMatrix {
  const reason = unfit(w);
  if (reason !== undefined)
    throw new ArgumentError(`sparse: ${show(w.shape)} is quantized, and ${reason}; take its dense()`);
  const [rows, cols] = w.shape as [number, number];
  const [codes, zeroPoints] = [w.codes(), w.zeroPoints()];
  const data = Float32Array.from(codes, (code, i) => code - zeroPoints[Math.floor(i / cols)]!);
  return { data, rows, cols, scales: w.scales(), bits: w.format.bits + (w.format.symmetric ? 0 : 1) };
}
