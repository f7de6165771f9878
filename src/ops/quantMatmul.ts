// Products of rows with affine weights: what all share, and those of many rows, for which the weights become panels first.
import { activationCode, type Epilogue } from "../epilogue.js";
import type { Op, OutPlan, Recorded } from "../op.js";
import type { Packed } from "../packed.js";
import type { Kernels } from "../runtime/kernels.js";
import type { Tensor } from "../tensor.js";
import { type AffineFormat, type AffineSizes, pointersOf, sizesOf } from "./affine.js";
import { sumTo } from "./expand.js";
import { beforeActivation, matmul } from "./matmul.js";

export type Activation = Epilogue["activation"];

/** What every product of x [m, in] and weights is told. */
export interface ProductPlan extends OutPlan<"f32">, AffineSizes {
  readonly m: number;
}

/** Inputs: x, weights, maybe a bias; `matmul` has checked that they fit. */
export function productPlan([x, w]: readonly Tensor[]): ProductPlan {
  const m = x!.shape[0]!;
  const sizes = sizesOf(w as Packed);
  return { ...sizes, m, shape: [m, sizes.rows], dtype: "f32", work: sizes.rows === 0 ? 0 : m };
}

/** Straight through: as if the weights, which get no gradient, were f32 and the activations had not been rounded. */
export function productVjp(
  g: Tensor<"f32">,
  { inputs: [, w, bias], output, params, needs }: Recorded<Activation, ProductPlan>,
): readonly (Tensor | undefined)[] {
  const d = beforeActivation(g, output, params);
  return [
    needs[0] ? matmul(d, (w as Packed).dense()) : undefined,
    undefined,
    needs[2] ? sumTo(d, bias!.shape) : undefined,
  ];
}

/** Activations as they are, weights as panels of f32. */
export const weightOnlyMatmulOp: Op<Activation, ProductPlan> = {
  name: "matmul",
  infer(inputs) {
    const plan = productPlan(inputs);
    const panels = Math.ceil(plan.rows / 8);
    return { ...plan, prepareWork: panels, scratch: panels * plan.columns * 32 };
  },
  prepare(k, _, [, w], plan, __, begin, end, scratch) {
    const { rows, columns, group, bits } = plan;
    if (columns > 0) k.pack_codes(scratch, ...pointersOf(w!, plan), columns, rows, group, bits, 0, begin, end);
  },
  wasm(k, out, [x, , bias = 0], { m, columns, rows }, activation, begin, end, scratch) {
    const code = activationCode[activation];
    k.matmul_f32(out, x!, scratch, bias, m, columns, rows, columns, 1, 0, 0, code, begin, end);
  },
  vjp: productVjp,
};

/** A product of integers: x becomes codes of 8 bits, in scratch. */
export interface IntegerPlan extends ProductPlan {
  /** Columns that groups of x are padded to a multiple of, and numbers from row to row. */
  readonly unit: number;
  readonly stride: number;
  /** Bytes from the start of the scratch to the sums of groups and the codes; the scales of rows come first. */
  readonly sumsAt: number;
  readonly rowsAt: number;
  readonly rowsEnd: number;
  /** The scale and zero point of x; a scale of 0 is for those of each row. */
  readonly inputScale: number;
  readonly inputZeroPoint: number;
  /** What sums of groups are multiplied with: the zero point of the weights, if they have but one. */
  readonly times: number;
}

export function integerPlan(inputs: readonly Tensor[], unit: number): IntegerPlan {
  const plan = productPlan(inputs);
  const { m, columns, group, bits } = plan;
  const { symmetric, inputScale = 0, inputZeroPoint = 0 } = (inputs[1] as Packed).format as AffineFormat;
  const stride = padded(columns, group, unit);
  const sumsAt = Math.ceil(m / 4) * 16;
  const rowsAt = sumsAt + Math.ceil((m * Math.ceil(columns / group)) / 4) * 16;
  const rowsEnd = rowsAt + m * stride * 2;
  const times = symmetric ? 1 << (bits - 1) : 1;
  return { ...plan, unit, stride, sumsAt, rowsAt, rowsEnd, inputScale, inputZeroPoint, times };
}

/** Columns, each group of them padded to a multiple of `unit`. */
export function padded(columns: number, group: number, unit: number): number {
  const up = (n: number): number => Math.ceil(n / unit) * unit;
  return Math.floor(columns / group) * up(group) + up(columns % group);
}

/** Rounds rows [begin, end) of x. */
export function roundRows(k: Kernels, x: number, plan: IntegerPlan, begin: number, end: number, scratch: number): void {
  const { columns, group, unit, stride, sumsAt, rowsAt } = plan;
  const made = [scratch + rowsAt, scratch, scratch + sumsAt] as const;
  const rounding = [plan.inputScale, plan.inputZeroPoint, plan.times] as const;
  k.quantize_rows_i16(...made, x, columns, group, unit, stride, ...rounding, begin, end);
}

/** Activations and weights as integers, the weights in panels behind the rows; they have 8 rows at least. */
export const integerMatmulOp: Op<Activation, IntegerPlan> = {
  name: "matmul",
  infer(inputs) {
    const plan = integerPlan(inputs, 8);
    const panels = Math.ceil(plan.rows / 8);
    const scratch = plan.rowsEnd + panels * (plan.stride * 16 + Math.ceil(plan.columns / plan.group) * 32);
    return { ...plan, prepareWork: plan.m + panels, scratch };
  },
  prepare(k, _, [x, w], plan, __, begin, end, scratch) {
    const { m, rows, columns, group, bits, stride, rowsEnd } = plan;
    if (begin < m) roundRows(k, x!, plan, begin, Math.min(end, m), scratch);
    const [first, last] = [Math.max(begin - m, 0), end - m];
    if (last > 0)
      k.pack_codes(scratch + rowsEnd, ...pointersOf(w!, plan), columns, rows, group, bits, stride, first, last);
  },
  wasm(k, out, [, , bias = 0], plan, activation, begin, end, scratch) {
    const { rows, columns, group, stride, rowsAt, rowsEnd } = plan;
    const [a, panels] = [scratch + rowsAt, scratch + rowsEnd];
    const code = activationCode[activation];
    k.int_matmul_i16(out, a, scratch, panels, bias, columns, rows, group, stride, code, begin, end);
  },
  vjp: productVjp,
};
