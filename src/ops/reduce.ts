// Reductions over any axes. Axes that do not stand together are first moved to the end.
import { checkList, checkOptions } from "../check.js";
import type { DType } from "../dtype.js";
import { ShapeError } from "../errors.js";
import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import type { Kernels } from "../runtime/kernels.js";
import { scope } from "../scope.js";
import { checkAxis, type Shape, show, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { div, mul } from "./binary.js";
import { equal } from "./compare.js";
import { expand } from "./expand.js";
import { zeros } from "./fill.js";
import { reshape, transpose } from "./layout.js";
import { where } from "./where.js";

export interface ReduceOptions {
  /** Axes to reduce, negative ones from the end. Default: all. */
  axes?: readonly number[] | number;
  /** Leaves the reduced axes in place with size 1. Default false. */
  keepDims?: boolean;
}

/** x seen as [outer, len, inner]; the middle goes away, and the result takes on a shape. */
interface Span {
  readonly outer: number;
  readonly len: number;
  readonly inner: number;
  readonly shape: Shape;
}

type ReduceKernel = (out: number, x: number, len: number, inner: number, begin: number, end: number) => void;

interface ReduceOp extends Op<Span> {
  /** Whether there is a result over nothing. */
  readonly empty: "allowed" | "refused";
}

// @__NO_SIDE_EFFECTS__
function reducer(
  name: string,
  dtype: DType,
  kernel: (k: Kernels) => ReduceKernel,
  empty: ReduceOp["empty"],
  vjp?: NonNullable<ReduceOp["vjp"]>,
): ReduceOp {
  return {
    name,
    empty,
    infer: (_, { outer, inner, shape }): OutPlan => ({ shape, dtype, work: outer * inner }),
    wasm(k, out, [x], _, { len, inner }, begin, end) {
      kernel(k)(out, x!, len, inner, begin, end);
    },
    ...(vjp && { vjp }),
  };
}

/** g repeated along the middle, which gives it the shape that x had. */
function spread(g: Tensor, { outer, len, inner }: Span, x: Tensor): Tensor {
  return reshape(expand(reshape(g, [outer, 1, inner]), [outer, len, inner]), x.shape);
}

const sumOp = reducer(
  "sum",
  "f32",
  (k) => k.sum_f32,
  "allowed",
  (g, { inputs: [x], params }) => [spread(g, params, x!)],
);
const meanOp = reducer(
  "mean",
  "f32",
  (k) => k.mean_f32,
  "allowed",
  (g, { inputs: [x], params }) => [spread(div(g, params.len), params, x!)],
);
/** x / ‖x‖, and 0 where the norm is 0. */
const normOp = reducer(
  "norm",
  "f32",
  (k) => k.norm_f32,
  "allowed",
  (g, { inputs: [x], output, params }) => [mul(x!, spread(overNorm(g, output), params, x!))],
);
const maxOp = reducer("max", "f32", (k) => k.max_f32, "refused", extremeGrad);
const minOp = reducer("min", "f32", (k) => k.min_f32, "refused", extremeGrad);
const argmaxOp = reducer("argmax", "i32", (k) => k.argmax_f32, "refused");

/** g / ‖x‖, and 0 where the norm is 0. */
function overNorm(g: Tensor, y: Tensor): Tensor {
  return where(equal(y, 0), zeros([]), div(g, y));
}

const extremeGradOp: Op<Span> = {
  name: "the gradient of max and min",
  infer: ([g, x]): OutPlan => ({ shape: x!.shape, dtype: "f32", work: g!.size }),
  wasm(k, out, [g, x, y], _, { len, inner }, begin, end) {
    k.extreme_grad_f32(out, g!, x!, y!, len, inner, begin, end);
  },
};

/** In equal parts to the elements that reach the extreme (PyTorch's amax, amin). */
function extremeGrad(
  g: Tensor,
  { inputs: [x], output, params }: Parameters<NonNullable<ReduceOp["vjp"]>>[1],
): readonly Tensor[] {
  return [apply(extremeGradOp, [g, x!, output], params)];
}

/** Brings the reduced axes together, reduces, and gives the result its shape. */
function reduce(op: ReduceOp, x: Tensor, options: ReduceOptions): Tensor {
  checkOptions(op.name, options);
  const { axes, keepDims = false } = options;
  checkDType(op.name, "x", x, "f32");
  if (axes !== undefined && typeof axes !== "number") checkList(op.name, "axes", axes);
  const named = axes === undefined ? x.shape.map((_, i) => i) : typeof axes === "number" ? [axes] : axes;
  const gone = named.map((axis) => checkAxis(op.name, axis, x.rank)).sort((a, b) => a - b);
  const kept = x.shape.map((_, i) => i).filter((i) => !gone.includes(i));
  if (kept.length + gone.length !== x.rank)
    throw new ShapeError(`${op.name}: axes [${named}] of ${show(x.shape)} name one axis twice; name each once`);
  const order = gone.every((axis, i) => axis === gone[0]! + i) ? undefined : [...kept, ...gone];
  const sizes = order === undefined ? x.shape : order.map((i) => x.shape[i]!);
  const first = order === undefined ? (gone[0] ?? 0) : kept.length;
  const outer = sizeOf(sizes.slice(0, first));
  const len = sizeOf(sizes.slice(first, first + gone.length));
  const inner = sizeOf(sizes.slice(first + gone.length));
  if (op.empty === "refused" && len === 0)
    throw new ShapeError(
      `${op.name}: nothing to reduce: x is ${show(x.shape)}; it needs at least one element along axes [${gone}]`,
    );
  const shape: Shape = keepDims ? x.shape.map((d, i) => (gone.includes(i) ? 1 : d)) : kept.map((i) => x.shape[i]!);
  const span = { outer, len, inner, shape };
  return order === undefined ? apply(op, [x], span) : scope(() => apply(op, [transpose(x, order)], span));
}

/**
 * Σx; 0 over nothing. f32, over the given axes.
 *
 * @throws {ShapeError} if an axis is outside x or named twice.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = sum(tensor([[1, 2], [3, 4]]), { axes: 0 }); // [4, 6]
 */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor<"f32"> {
  return reduce(sumOp, x, options) as Tensor<"f32">;
}

/**
 * The mean; NaN over nothing. f32, over the given axes.
 *
 * @throws {ShapeError} if an axis is outside x or named twice.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = mean(tensor([1, 2, 6])); // 3
 */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor<"f32"> {
  return reduce(meanOp, x, options) as Tensor<"f32">;
}

/**
 * The largest element, NaN if there is one; its gradient is shared by equals. f32, over the given axes.
 *
 * @throws {ShapeError} if an axis is outside x or named twice.
 * @throws {ShapeError} also if there is nothing to reduce.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = max(tensor([[1, 5], [3, 4]]), { axes: 1 }); // [5, 4]
 */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor<"f32"> {
  return reduce(maxOp, x, options) as Tensor<"f32">;
}

/**
 * The smallest element, NaN if there is one; its gradient is shared by equals. f32, over the given axes.
 *
 * @throws {ShapeError} if an axis is outside x or named twice.
 * @throws {ShapeError} also if there is nothing to reduce.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = min(tensor([[1, 5], [3, 4]]), { axes: 1 }); // [1, 3]
 */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor<"f32"> {
  return reduce(minOp, x, options) as Tensor<"f32">;
}

/**
 * The Euclidean norm √Σx²; overflows where x² does, and its gradient at 0 is 0. f32, over the given axes.
 *
 * @throws {ShapeError} if an axis is outside x or named twice.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = norm(tensor([3, 4])); // 5
 */
export function norm(x: Tensor, options: ReduceOptions = {}): Tensor<"f32"> {
  return reduce(normOp, x, options) as Tensor<"f32">;
}

/**
 * The index of the largest element along an axis (default: the last), the first of equals; a NaN counts as largest, as in
 * NumPy. i32, no gradient.
 *
 * @throws {ShapeError} if the axis is outside x or has no elements.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const labels = argmax(tensor([[1, 5], [3, 4]])); // i32 [1, 1]
 */
export function argmax(x: Tensor, options: { axis?: number; keepDims?: boolean } = {}): Tensor<"i32"> {
  checkOptions("argmax", options);
  const { axis = -1, keepDims = false } = options;
  return reduce(argmaxOp, x, { axes: axis, keepDims }) as Tensor<"i32">;
}
