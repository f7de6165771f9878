// Matrices of affine codes for the tests: drawn, as a reference and as ours.
import { type Activations, type AffineOptions, type QTensor, quantized } from "../src/ops/quantized.js";
import { pick, type Random } from "./grid.js";
import type { Affine } from "./reference/quantized.js";

export const widths = [8, 4, 2] as const;

/** How codes are drawn: anywhere, or at one end. */
export type Spread = "any" | "least" | "most";

export interface Drawn extends Affine {
  readonly bits: 8 | 4 | 2;
  readonly symmetric: boolean;
}

/** Random codes, zero points (the middle one where symmetric) and scales. */
export function drawMatrix(
  next: Random,
  [rows, columns]: readonly [number, number],
  { bits, group, symmetric, spread = "any" }: Pick<Drawn, "bits" | "group" | "symmetric"> & { spread?: Spread },
): Drawn {
  const most = 2 ** bits - 1;
  const groups = Math.ceil(columns / group);
  const drawn = { any: () => pick(next, most + 1), least: () => 0, most: () => most }[spread];
  return {
    rows,
    columns,
    bits,
    group,
    symmetric,
    codes: Array.from({ length: rows * columns }, drawn),
    scales: Float32Array.from({ length: rows * groups }, () => next() + 2 ** -10),
    zeroPoints: Array.from({ length: rows * groups }, () => (symmetric ? (most + 1) / 2 : pick(next, most + 1))),
  };
}

/** The same as one of ours, counted with or without a sign. */
export function ours(
  w: Drawn,
  { signed = false, input = "f32" }: { signed?: boolean; input?: Activations } = {},
): QTensor {
  const least = signed ? -(2 ** (w.bits - 1)) : 0;
  const count = (values: ArrayLike<number>) => Array.from(values, (value) => value + least);
  const options: AffineOptions = { bits: w.bits, group: w.group, signed, input };
  const zeroPoints = w.symmetric ? undefined : count(w.zeroPoints);
  return quantized(count(w.codes), w.scales, zeroPoints, [w.rows, w.columns], options);
}
