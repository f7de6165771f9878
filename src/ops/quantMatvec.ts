// Products of few rows with affine weights, whose codes are read where they are. The outer loop runs over the weights' rows.
import { activationCode } from "../epilogue.js";
import type { Op } from "../op.js";
import { pointersOf } from "./affine.js";
import {
  type Activation,
  type IntegerPlan,
  integerPlan,
  type ProductPlan,
  padded,
  productPlan,
  productVjp,
  roundRows,
} from "./quantMatmul.js";

/** Codes that a kernel takes a turn. */
const turn = (bits: number): number => (bits === 8 ? 16 : 32);

/** Activations as they are. */
export const weightOnlyMatvecOp: Op<Activation, ProductPlan & { readonly unit: number; readonly stride: number }> = {
  name: "matmul",
  infer(inputs) {
    const plan = productPlan(inputs);
    const { m, rows, columns, group } = plan;
    const unit = turn(plan.bits);
    const stride = padded(columns, group, unit);
    return { ...plan, unit, stride, work: m === 0 ? 0 : rows, prepareWork: m, scratch: m * stride * 4 };
  },
  prepare(k, _, [x], { columns, group, unit, stride }, __, begin, end, scratch) {
    k.turn_rows_f32(scratch, x!, columns, group, unit, stride, begin, end);
  },
  wasm(k, out, [, w, bias = 0], plan, activation, begin, end, scratch) {
    const { m, rows, columns, group, bits, stride } = plan;
    const sizes = [m, columns, rows, group, bits, stride] as const;
    k.quant_matvec_f32(out, scratch, ...pointersOf(w!, plan), bias, ...sizes, activationCode[activation], begin, end);
  },
  vjp: productVjp,
};

/** Activations and weights as integers. */
export const integerMatvecOp: Op<Activation, IntegerPlan> = {
  name: "matmul",
  infer(inputs) {
    const plan = integerPlan(inputs, turn(productPlan(inputs).bits));
    return { ...plan, work: plan.m === 0 ? 0 : plan.rows, prepareWork: plan.m, scratch: plan.rowsEnd };
  },
  prepare(k, _, [x], plan, __, begin, end, scratch) {
    roundRows(k, x!, plan, begin, end, scratch);
  },
  wasm(k, out, [, w, bias = 0], plan, activation, begin, end, scratch) {
    const { m, rows, columns, group, bits, stride, sumsAt, rowsAt } = plan;
    const made = [scratch + rowsAt, scratch, scratch + sumsAt] as const;
    const sizes = [m, columns, rows, group, bits, stride] as const;
    const code = activationCode[activation];
    k.quant_matvec_i16(out, ...made, ...pointersOf(w!, plan), bias, ...sizes, code, begin, end);
  },
  vjp: productVjp,
};
