// Products of few rows with affine weights, whose codes are read where they are. The outer loop runs over the weights' rows.
import { activationCode } from "../epilogue.js";
import type { Op } from "../op.js";
import type { Packed } from "../packed.js";
import { pointersOf, sizesOf } from "./affine.js";
import { packedVjp } from "./matmul.js";
import { type Activation, type IntegerPlan, type ProductPlan, padded, roundedRows, roundRows } from "./quantMatmul.js";

/** Codes that a kernel takes a turn. */
const turn = (bits: number): number => (bits === 8 ? 16 : 32);

/** Activations as they are. */
export const weightOnlyMatvecOp: Op<Activation, ProductPlan & { readonly stride: number }> = {
  name: "matmul",
  infer([x, w]) {
    const m = x!.shape[0]!;
    const sizes = sizesOf(w as Packed);
    const { rows, columns, group, bits } = sizes;
    const stride = padded(columns, group, turn(bits));
    const [work, scratch] = [m === 0 ? 0 : rows, m * stride * 4];
    return { shape: [m, rows], dtype: "f32", work, prepareWork: m, scratch, m, sizes, stride };
  },
  prepare(k, _, [x], { sizes: { columns, group, bits }, stride }, __, begin, end, scratch) {
    k.turn_rows_f32(scratch, x!, columns, group, turn(bits), stride, begin, end);
  },
  wasm(k, out, [, w, bias = 0], { m, sizes, stride }, activation, begin, end, scratch) {
    const { rows, columns, group, bits } = sizes;
    const weights = pointersOf(w!, sizes);
    const run = padded(group, group, turn(bits));
    const code = activationCode[activation];
    k.quant_matvec_f32(out, scratch, ...weights, bias, m, columns, rows, group, run, bits, stride, code, begin, end);
  },
  vjp: packedVjp,
};

/** Activations and weights as integers. */
export const integerMatvecOp: Op<Activation, IntegerPlan> = {
  name: "matmul",
  infer([x, w]) {
    const m = x!.shape[0]!;
    const sizes = sizesOf(w as Packed);
    const { rows, bits } = sizes;
    const rounded = roundedRows(m, w as Packed, turn(bits));
    const work = m === 0 ? 0 : rows;
    return { shape: [m, rows], dtype: "f32", work, prepareWork: m, scratch: rounded.end, m, sizes, rounded };
  },
  prepare(k, _, [x], plan, __, begin, end, scratch) {
    roundRows(k, x!, plan, begin, end, scratch);
  },
  wasm(k, out, [, w, bias = 0], { m, sizes, rounded }, activation, begin, end, scratch) {
    const { rows, columns, group, bits } = sizes;
    const { stride, codesAt, sumsAt } = rounded;
    const made = [scratch + codesAt, scratch, scratch + sumsAt] as const;
    const weights = pointersOf(w!, sizes);
    const run = padded(group, group, turn(bits));
    const code = activationCode[activation];
    k.quant_matvec_i16(out, ...made, ...weights, bias, m, columns, rows, group, run, bits, stride, code, begin, end);
  },
  vjp: packedVjp,
};
