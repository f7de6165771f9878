import { checkOptions, wrong } from "../check.js";
import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import type { Kernels } from "../runtime/kernels.js";
import { scope } from "../scope.js";
import { checkAxis, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { transpose } from "./layout.js";

export interface SoftmaxOptions {
  /** Default −1. */
  axis?: number;
  /** Divides the logits; above 1 it evens the result out. Default 1. */
  temperature?: number;
}

interface RowPlan extends OutPlan<"f32"> {
  readonly cols: number;
}

type RowKernel = (out: number, x: number, cols: number, scale: number, begin: number, end: number) => void;
type RowGradKernel = (
  out: number,
  g: number,
  y: number,
  cols: number,
  scale: number,
  begin: number,
  end: number,
) => void;

function rows(name: string, x: Tensor): RowPlan {
  checkDType(name, "x", x, "f32");
  const cols = x.shape[x.rank - 1]!;
  return { shape: x.shape, dtype: "f32", cols, work: cols === 0 ? 0 : sizeOf(x.shape) / cols };
}

/** An op over the last axis; its parameter is 1 / temperature. */
// @__NO_SIDE_EFFECTS__
function rowOp(
  name: string,
  kernel: (k: Kernels) => RowKernel,
  gradKernel: (k: Kernels) => RowGradKernel,
): Op<number, RowPlan> {
  const gradOp: Op<number, RowPlan> = {
    name: `the gradient of ${name}`,
    infer: ([g]) => rows(name, g!),
    wasm(k, out, [g, y], { cols }, scale, begin, end) {
      gradKernel(k)(out, g!, y!, cols, scale, begin, end);
    },
  };
  return {
    name,
    infer: ([x]) => rows(name, x!),
    wasm(k, out, [x], { cols }, scale, begin, end) {
      kernel(k)(out, x!, cols, scale, begin, end);
    },
    vjp: (g, { output, params }) => [apply(gradOp, [g, output], params)],
  };
}

const softmaxOp = rowOp(
  "softmax",
  (k) => k.softmax_f32,
  (k) => k.softmax_grad_f32,
);
const logSoftmaxOp = rowOp(
  "logSoftmax",
  (k) => k.log_softmax_f32,
  (k) => k.log_softmax_grad_f32,
);

/** Runs over another axis by swapping it with the last. */
function along(op: Op<number, RowPlan>, x: Tensor, options: SoftmaxOptions): Tensor<"f32"> {
  checkOptions(op.name, options);
  const { axis = -1, temperature = 1 } = options;
  if (!(temperature > 0)) throw wrong(op.name, "temperature", temperature, "above 0");
  const last = x.rank - 1;
  const at = checkAxis(op.name, axis, x.rank);
  if (at === last) return apply(op, [x], 1 / temperature);
  const order = x.shape.map((_, i) => (i === at ? last : i === last ? at : i));
  return scope(() => transpose(apply(op, [transpose(x, order)], 1 / temperature), order));
}

/**
 * eˣ / Σeˣ along an axis, shifted by the largest so that nothing overflows. A row with NaN or +Infinity, or all −Infinity,
 * is NaN, as in PyTorch.
 *
 * @throws {ShapeError} if the axis is outside x.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const p = softmax(tensor([[0, 0]])); // [[0.5, 0.5]]
 */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor<"f32"> {
  return along(softmaxOp, x, options);
}

/**
 * ln softmax(x), without the loss of ln(softmax(x)) where probabilities are small.
 *
 * @throws {ShapeError} if the axis is outside x.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const p = exp(logSoftmax(tensor([[0, 0]]))); // [[0.5, 0.5]]
 */
export function logSoftmax(x: Tensor, options: SoftmaxOptions = {}): Tensor<"f32"> {
  return along(logSoftmaxOp, x, options);
}
