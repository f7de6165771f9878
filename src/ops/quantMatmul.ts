// Products of rows with affine weights: what all share, and those of many rows, for which the weights become panels first.
import { activationCode, type Epilogue } from "../epilogue.js";
import type { Op, OutPlan } from "../op.js";
import type { Packed } from "../packed.js";
import type { Kernels } from "../runtime/kernels.js";
import { type AffineFormat, type AffineSizes, pointersOf, sizesOf } from "./affine.js";
import { packedVjp } from "./matmul.js";

export type Activation = Epilogue["activation"];

/** What every product of x [m, in] and weights is told. Inputs: x, weights, maybe a bias; `matmul` has checked that they fit. */
export interface ProductPlan extends OutPlan<"f32"> {
  readonly m: number;
  readonly sizes: AffineSizes;
}

/** Activations as they are, weights as panels of f32. */
export const weightOnlyMatmulOp: Op<Activation, ProductPlan> = {
  name: "matmul",
  infer([x, w]) {
    const m = x!.shape[0]!;
    const sizes = sizesOf(w as Packed);
    const { rows, columns } = sizes;
    const prepareWork = Math.ceil(rows / 8);
    const scratch = prepareWork * columns * 32;
    return { shape: [m, rows], dtype: "f32", work: rows === 0 ? 0 : m, prepareWork, scratch, m, sizes };
  },
  prepare(k, _, [, w], { sizes }, __, begin, end, scratch) {
    const { rows, columns, group, bits } = sizes;
    if (columns > 0) k.pack_codes(scratch, ...pointersOf(w!, sizes), columns, rows, group, bits, 0, begin, end);
  },
  wasm(k, out, [x, , bias = 0], { m, sizes: { rows, columns } }, activation, begin, end, scratch) {
    const code = activationCode[activation];
    k.matmul_f32(out, x!, scratch, bias, m, columns, rows, columns, 1, 8, 0, 0, code, begin, end);
  },
  vjp: packedVjp,
};

/** Rows of activations as codes of 8 bits, in scratch: bytes from its start, where their scales are. */
export interface RoundedRows {
  /** Columns that groups are padded to a multiple of, and numbers from row to row. */
  readonly unit: number;
  readonly stride: number;
  readonly sumsAt: number;
  readonly codesAt: number;
  readonly end: number;
  /** A scale of 0 is for that of each row. */
  readonly scale: number;
  readonly zeroPoint: number;
  /** What sums of groups are multiplied with: the zero point of the weights, if they have but one. */
  readonly times: number;
}

/** A product of integers. */
export interface IntegerPlan extends ProductPlan {
  readonly rounded: RoundedRows;
}

export function roundedRows(m: number, w: Packed, unit: number): RoundedRows {
  const { bits, group, symmetric, inputScale = 0, inputZeroPoint = 0 } = w.format as AffineFormat;
  const columns = w.shape[1]!;
  const stride = padded(columns, group, unit);
  const sumsAt = Math.ceil(m / 4) * 16;
  const codesAt = sumsAt + Math.ceil((m * Math.ceil(columns / group)) / 4) * 16;
  // Panels read rows in fours.
  const end = codesAt + (unit === 8 ? Math.ceil(m / 4) * 4 : m) * stride * 2;
  const times = symmetric ? 1 << (bits - 1) : 1;
  return { unit, stride, sumsAt, codesAt, end, scale: inputScale, zeroPoint: inputZeroPoint, times };
}

/** Columns, each group of them padded to a multiple of `unit`. */
export function padded(columns: number, group: number, unit: number): number {
  const up = (n: number): number => Math.ceil(n / unit) * unit;
  return Math.floor(columns / group) * up(group) + up(columns % group);
}

/** Rounds rows [begin, end) of x. */
export function roundRows(k: Kernels, x: number, plan: IntegerPlan, begin: number, end: number, scratch: number): void {
  const { columns, group } = plan.sizes;
  const { unit, stride, sumsAt, codesAt, scale, zeroPoint, times } = plan.rounded;
  const [to, sums] = [scratch + codesAt, scratch + sumsAt];
  k.quantize_rows_i16(to, scratch, sums, x, columns, group, unit, stride, scale, zeroPoint, times, begin, end);
}

/** Activations and weights as integers, the weights in panels behind the rows; they have 8 rows at least. */
export const integerMatmulOp: Op<Activation, IntegerPlan> = {
  name: "matmul",
  infer([x, w]) {
    const m = x!.shape[0]!;
    const sizes = sizesOf(w as Packed);
    const { rows, columns, group } = sizes;
    const rounded = roundedRows(m, w as Packed, 8);
    const panels = Math.ceil(rows / 8);
    const scratch = rounded.end + panels * (rounded.stride * 16 + Math.ceil(columns / group) * 32);
    const work = Math.ceil(m / 4);
    return { shape: [m, rows], dtype: "f32", work, prepareWork: m + panels, scratch, m, sizes, rounded };
  },
  prepare(k, _, [x, w], plan, __, begin, end, scratch) {
    const { m, sizes, rounded } = plan;
    if (begin < m) roundRows(k, x!, plan, begin, Math.min(end, m), scratch);
    const { rows, columns, group, bits } = sizes;
    const [panels, first, last] = [scratch + rounded.end, Math.max(begin - m, 0), end - m];
    if (last > 0)
      k.pack_codes(panels, ...pointersOf(w!, sizes), columns, rows, group, bits, rounded.stride, first, last);
  },
  wasm(k, out, [, , bias = 0], { m, sizes, rounded }, activation, begin, end, scratch) {
    const { rows, columns, group } = sizes;
    const [a, panels, code] = [scratch + rounded.codesAt, scratch + rounded.end, activationCode[activation]];
    k.int_matmul_i16(out, a, scratch, panels, bias, m, columns, rows, group, rounded.stride, code, begin, end);
  },
  vjp: packedVjp,
};
