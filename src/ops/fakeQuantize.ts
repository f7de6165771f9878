import { checkCount, checkOptions, checkScales } from "../check.js";
import { ArgumentError, GradientError, ShapeError } from "../errors.js";
import { apply, asTensor, checkDType, type Op, type OutPlan, type TensorLike } from "../op.js";
import { scope } from "../scope.js";
import { checkAxis, show, sizeOf } from "../shape.js";
import { readTensor, type Tensor } from "../tensor.js";
import { cast } from "./cast.js";
import { zeros } from "./fill.js";

/** The codes there are, and which elements share a scale: all, those at one index of an axis, or those of one group of a row. */
export interface CodeRange {
  /** Least code. */
  low: number;
  /** Largest code. */
  high: number;
  /** A scale for each index of this axis. */
  axis?: number | undefined;
  /** A scale for so many elements of a row, which lies along the last axis; the last group of a row may be short. */
  group?: number | undefined;
}

interface CodePlan extends OutPlan<"f32"> {
  readonly low: number;
  readonly high: number;
  /** x as rows of `len`, each cut into runs of `group`; every `channels` rows the scales begin anew. */
  readonly channels: number;
  readonly len: number;
  readonly group: number;
}

function planOf(who: string, [x, scale, zero]: readonly Tensor[], { low, high, axis, group }: CodeRange): CodePlan {
  checkDType(who, "x", x!, "f32");
  checkDType(who, "scale", scale!, "f32");
  checkCount(who, "low", low, -(2 ** 23));
  checkCount(who, "high", high, low, 2 ** 23);
  if (axis !== undefined && group !== undefined)
    throw new ArgumentError(`${who}: both axis and group are given; a group lies along the last axis, with rows apart`);
  if (group !== undefined) checkCount(who, "group", group, 1);
  const { shape, rank, size } = x!;
  const at = axis === undefined ? undefined : checkAxis(who, axis, rank);
  const len = at === undefined ? (shape[rank - 1] ?? 1) : sizeOf(shape.slice(at + 1));
  const channels = at !== undefined ? shape[at]! : group !== undefined ? sizeOf(shape.slice(0, -1)) : 1;
  const run = Math.max(1, Math.min(group ?? len, len));
  const scales = channels * Math.ceil(len / run);
  for (const [name, t] of [["scale", scale!], ...(zero === undefined ? [] : [["zeroPoint", zero] as const])] as const)
    if (size > 0 && t.size !== scales)
      throw new ShapeError(`${who}: ${name} is ${show(t.shape)}, x ${show(shape)} takes ${scales} of them`);
  return { shape, dtype: "f32", work: size === 0 ? 0 : size / len, low, high, channels, len, group: run };
}

const fakeQuantizeOp: Op<CodeRange, CodePlan> = {
  name: "fakeQuantize",
  infer(inputs, range) {
    const plan = planOf("fakeQuantize", inputs, range);
    checkScales("fakeQuantize", readTensor(inputs[1]! as Tensor<"f32">));
    return plan;
  },
  wasm(k, out, [x, scale, zero], { channels, len, group, low, high }, _, begin, end) {
    k.fake_quantize_f32(out, x!, scale!, zero ?? 0, channels, len, group, low, high, begin, end);
  },
  vjp(g, { inputs, params, needs }) {
    if (needs[1] || needs[2])
      throw new GradientError("fakeQuantize: no gradient flows to scale and zeroPoint; lsq() learns a scale");
    return [apply(fakeQuantizeGradOp, [g, ...inputs], params)];
  },
};

/** Inputs: g, then those of fakeQuantize. */
const fakeQuantizeGradOp: Op<CodeRange, CodePlan> = {
  name: "the gradient of fakeQuantize",
  infer: ([, ...inputs], range) => planOf("the gradient of fakeQuantize", inputs, range),
  wasm(k, out, [g, x, scale, zero], { channels, len, group, low, high }, _, begin, end) {
    k.fake_quantize_grad_f32(out, g!, x!, scale!, zero ?? 0, channels, len, group, low, high, begin, end);
  },
  vjp: (gg, { inputs: [, ...inputs], params }) => [apply(fakeQuantizeGradOp, [gg, ...inputs], params)],
};

const codesOp: Op<CodeRange, OutPlan<"i32"> & Omit<CodePlan, "dtype">> = {
  name: "affineCodes",
  infer(inputs, range) {
    const plan = planOf("affineCodes", inputs, range);
    checkScales("affineCodes", readTensor(inputs[1]! as Tensor<"f32">));
    return { ...plan, dtype: "i32" };
  },
  wasm(k, out, [x, scale, zero], { channels, len, group, low, high }, _, begin, end) {
    k.quantize_codes_f32(out, x!, scale!, zero ?? 0, channels, len, group, low, high, begin, end);
  },
};

const lsqOp: Op<CodeRange, CodePlan> = {
  name: "lsq",
  infer(inputs, range) {
    const plan = planOf("lsq", inputs, range);
    checkCount("lsq", "high", range.high, 1);
    checkScales("lsq", readTensor(inputs[1]! as Tensor<"f32">));
    return plan;
  },
  wasm(k, out, [x, scale], { channels, len, group, low, high }, _, begin, end) {
    k.fake_quantize_f32(out, x!, scale!, 0, channels, len, group, low, high, begin, end);
  },
  vjp: (g, { inputs: [x, scale], params, needs }) => [
    needs[0] ? apply(lsqGradOp, [g, x!, scale!], params) : undefined,
    needs[1] ? (x!.size === 0 ? zeros(scale!.shape) : apply(lsqScaleGradOp, [g, x!, scale!], params)) : undefined,
  ],
};

const lsqGradOp: Op<CodeRange, CodePlan> = {
  name: "the gradient of lsq",
  infer: ([, ...inputs], range) => planOf("the gradient of lsq", inputs, range),
  wasm(k, out, [g, x, scale], { channels, len, group, low, high }, _, begin, end) {
    k.lsq_grad_f32(out, g!, x!, scale!, channels, len, group, low, high, begin, end);
  },
};

/** One output per scale. */
const lsqScaleGradOp: Op<CodeRange, CodePlan & { readonly rows: number; readonly damp: number }> = {
  name: "the gradient of lsq by its scale",
  infer([, x, scale], range) {
    const plan = planOf("the gradient of lsq by its scale", [x!, scale!], range);
    const damp = 1 / Math.sqrt((x!.size / scale!.size) * range.high);
    return { ...plan, shape: scale!.shape, work: scale!.size, rows: plan.work, damp };
  },
  wasm(k, out, [g, x, scale], { rows, channels, len, group, low, high, damp }, _, begin, end) {
    k.lsq_scale_grad_f32(out, g!, x!, scale!, rows, channels, len, group, low, high, damp, begin, end);
  },
};

export interface FakeQuantizeOptions extends CodeRange {
  /** f32: a number; with `axis` one per index; with `group` [..., groups]. */
  scale: TensorLike;
  /** i32 or f32, one to a scale. Default 0. */
  zeroPoint?: TensorLike | undefined;
}

/**
 * x rounded to what integer codes stand for: (clip(rne(x / scale) + zeroPoint, low, high) − zeroPoint) · scale, ties to even. The
 * gradient goes straight through where the code before clipping lies within [low, high], as in PyTorch's
 * fake_quantize_per_tensor_affine and its per-channel twin, which multiply by 1 / scale instead: a near tie may fall to the other
 * side there. NaN stays NaN.
 *
 * @param x f32 of any shape.
 * @throws {ArgumentError} if a scale is not finite and above 0, or the codes make no range.
 * @throws {ShapeError} if there are not as many scales and zero points as x takes.
 * @throws {GradientError} if a gradient by the scale is asked for.
 * @example
 * const y = fakeQuantize(tensor([-9, 0.6, 1.25]), { scale: 0.5, low: -8, high: 7 }); // [-4, 0.5, 1]
 */
export function fakeQuantize(x: Tensor, options: FakeQuantizeOptions): Tensor<"f32"> {
  return rounded(fakeQuantizeOp, x, options);
}

/**
 * The codes of x, i32: clip(rne(x / scale) + zeroPoint, low, high), ties to even; 0 of NaN. `fakeQuantize` gives the numbers that
 * they stand for, `quantizeAffine` stores a matrix of them in few bits.
 *
 * @param x f32 of any shape.
 * @throws {ArgumentError} if a scale is not finite and above 0, or the codes make no range.
 * @throws {ShapeError} if there are not as many scales and zero points as x takes.
 * @example
 * const codes = affineCodes(tensor([-9, 0.6, 1.25]), { scale: 0.5, low: -8, high: 7 }); // [-8, 1, 2]
 */
export function affineCodes(x: Tensor, options: FakeQuantizeOptions): Tensor<"i32"> {
  return rounded(codesOp, x, options);
}

function rounded<L extends OutPlan>(op: Op<CodeRange, L>, x: Tensor, options: FakeQuantizeOptions): Tensor<L["dtype"]> {
  checkOptions(op.name, options);
  const { scale, zeroPoint, ...range } = options;
  return scope(() => {
    const zero = zeroPoint === undefined ? [] : [cast(asTensor(op.name, zeroPoint), "f32")];
    return apply(op, [x, asTensor(op.name, scale), ...zero], range);
  });
}

/**
 * x rounded to codes with a scale that is learned (Esser et al. 2020, Learned Step Size Quantization):
 * clip(rne(x / scale), low, high) · scale. The gradient passes to x where low < x / scale < high; that of a scale is the sum over
 * its elements of g times low, high or rne(x / scale) − x / scale, divided by √(elements · high).
 *
 * @param x f32 of any shape.
 * @param scale f32: one number; with `axis` one per index; with `group` [..., groups].
 * @throws {ArgumentError} if a scale is not finite and above 0, or `high` is below 1.
 * @throws {ShapeError} if there are not as many scales as x takes.
 * @example
 * const slope = grad((s: Tensor) => sum(lsq(tensor([0.3, 5]), s, { low: -2, high: 1 })))(tensor([1])); // [0.4950]
 */
export function lsq(x: Tensor, scale: TensorLike, range: CodeRange): Tensor<"f32"> {
  checkOptions("lsq", range);
  return scope(() => apply(lsqOp, [x, asTensor("lsq", scale)], range));
}
