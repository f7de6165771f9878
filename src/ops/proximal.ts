// Proximal steps: what a penalty makes of a point, argmin ½‖u − x‖² + penalty(u), in closed form (Parikh & Boyd 2014, §6.5). Unlike a
// sub-gradient they give exact zeros. No gradients: these are steps of optimizers.
import { checkCount, checkNumber, checkOptions } from "../check.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { apply, applyInPlace, checkDType, type Op, type OutPlan } from "../op.js";
import { scope } from "../scope.js";
import { show } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { largestMask, masked } from "./mask.js";
import { abs } from "./unary.js";

/** l1 · ‖u‖₁ + ½ l2 · ‖u‖² + group · Σ‖uᵍ‖₂, a group being a row (axis 0) or a column (axis 1). */
export interface Penalty {
  readonly l1: number;
  readonly l2: number;
  readonly group: number;
  readonly axis: 0 | 1;
}

/** x as [outer, len, inner], a group along len. */
interface Groups extends OutPlan<"f32"> {
  readonly len: number;
  readonly inner: number;
}

const proxOp: Op<Penalty, Groups> = {
  name: "prox",
  infer([x], { group, axis }) {
    const { shape, size } = x!;
    const inner = axis === 1 ? shape[1]! : 1;
    const groups = axis === 1 ? inner : (shape[0] ?? 1);
    return { shape, dtype: "f32", work: group === 0 || size === 0 ? size : groups, len: size / groups, inner };
  },
  wasm(k, out, [x], { len, inner }, { l1, l2, group }, begin, end) {
    if (group === 0) k.prox_elastic_f32(out, x!, l1, 1 + l2, begin, end);
    else k.prox_group_f32(out, x!, len, inner, l1, group, 1 + l2, begin, end);
  },
};

const hardOp: Op<number, OutPlan<"f32">> = {
  name: "proxL0",
  infer: ([x]) => ({ shape: x!.shape, dtype: "f32", work: x!.size }),
  wasm(k, out, [x], _, lambda, begin, end) {
    k.prox_hard_f32(out, x!, Math.sqrt(2 * lambda), begin, end);
  },
};

/** Guards the strength of a penalty: finite, so that no factor meets an infinity. */
export function checkStrength(who: string, name: string, value: unknown): void {
  checkNumber(who, name, value, 0, 2 ** 100);
}

/** Guards what groups run along. */
export function checkGroups(who: string, x: Tensor, axis: unknown): void {
  if (axis !== 0 && axis !== 1) throw new ArgumentError(`${who}: axis is ${axis}; it is 0 for rows, 1 for columns`);
  if (axis === 1 && x.rank !== 2)
    throw new ShapeError(`${who}: x is ${show(x.shape)}; columns are those of a matrix, so it needs two dimensions`);
}

const none: Penalty = { l1: 0, l2: 0, group: 0, axis: 0 };

/** Guards strengths by the names that the caller gave them, and makes the step. */
function prox(who: string, x: Tensor, strengths: Readonly<Record<string, number>>, penalty: Partial<Penalty>) {
  checkDType(who, "x", x, "f32");
  for (const [name, value] of Object.entries(strengths)) checkStrength(who, name, value);
  const whole = { ...none, ...penalty };
  checkGroups(who, x, whole.axis);
  return apply(proxOp, [x], whole);
}

/** The proximal step of a penalty, in place. What it may be, its callers have checked. */
export function proxInPlace(x: Tensor, penalty: Penalty): void {
  applyInPlace(proxOp, x, [x], penalty);
}

/** The proximal step of λ‖u‖₀, in place. */
export function hardInPlace(x: Tensor, lambda: number): void {
  applyInPlace(hardOp, x, [x], lambda);
}

/**
 * The proximal step of λ‖u‖₁, soft thresholding: sign(x) · max(|x| − λ, 0). One rounding; what lies within ±λ is exactly 0.
 *
 * @throws {ArgumentError} if lambda is negative.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = proxL1(tensor([-2, 0.5, 3]), { lambda: 1 }); // [-1, 0, 2]
 */
export function proxL1(x: Tensor, options: { lambda: number }): Tensor<"f32"> {
  checkOptions("proxL1", options);
  const { lambda } = options;
  return prox("proxL1", x, { lambda }, { l1: lambda });
}

/**
 * The proximal step of ½λ‖u‖²: x / (1 + λ). It shrinks and gives no zeros; within 1 ULP.
 *
 * @throws {ArgumentError} if lambda is negative.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = proxL2Squared(tensor([-2, 0.5]), { lambda: 1 }); // [-1, 0.25]
 */
export function proxL2Squared(x: Tensor, options: { lambda: number }): Tensor<"f32"> {
  checkOptions("proxL2Squared", options);
  const { lambda } = options;
  return prox("proxL2Squared", x, { lambda }, { l2: lambda });
}

/**
 * The proximal step of the elastic net l1 · ‖u‖₁ + ½ l2 · ‖u‖² (Zou & Hastie 2005): soft thresholding, then / (1 + l2).
 *
 * @throws {ArgumentError} if l1 or l2 is negative.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = proxElasticNet(tensor([-2, 0.5, 3]), { l1: 1, l2: 1 }); // [-0.5, 0, 1]
 */
export function proxElasticNet(x: Tensor, options: { l1: number; l2: number }): Tensor<"f32"> {
  checkOptions("proxElasticNet", options);
  const { l1, l2 } = options;
  return prox("proxElasticNet", x, { l1, l2 }, { l1, l2 });
}

/**
 * The proximal step of λ‖u‖₀, hard thresholding: x where x² > 2λ, else 0. Exact; the threshold √(2λ) is rounded to f32.
 *
 * @throws {ArgumentError} if lambda is negative.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = proxL0(tensor([-2, 1, 3]), { lambda: 1 }); // [-2, 0, 3]
 */
export function proxL0(x: Tensor, options: { lambda: number }): Tensor<"f32"> {
  checkOptions("proxL0", options);
  checkStrength("proxL0", "lambda", options.lambda);
  checkDType("proxL0", "x", x, "f32");
  return apply(hardOp, [x], options.lambda);
}

/**
 * The proximal step of λ · Σ‖uᵍ‖₂ (group lasso, Yuan & Lin 2006): each row (axis 0, the default) or column (axis 1) times
 * max(0, 1 − λ / ‖xᵍ‖₂), so that whole ones become 0. Norms in f64, within 2 ULP.
 *
 * @throws {ArgumentError} if lambda is negative, or axis neither 0 nor 1.
 * @throws {ShapeError} if columns are asked for and x is no matrix.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = proxGroupLasso(tensor([[3, 4], [0.6, 0.8]]), { lambda: 2.5 }); // [[1.5, 2], [0, 0]]
 */
export function proxGroupLasso(x: Tensor, options: { lambda: number; axis?: 0 | 1 }): Tensor<"f32"> {
  checkOptions("proxGroupLasso", options);
  const { lambda, axis = 0 } = options;
  return prox("proxGroupLasso", x, { lambda }, { group: lambda, axis });
}

/**
 * The proximal step of l1 · ‖u‖₁ + group · Σ‖uᵍ‖₂ (sparse group lasso, Simon et al. 2013): soft thresholding, then group lasso over
 * rows (axis 0, the default) or columns (axis 1).
 *
 * @throws {ArgumentError} if l1 or group is negative, or axis neither 0 nor 1.
 * @throws {ShapeError} if columns are asked for and x is no matrix.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = proxSparseGroupLasso(tensor([[4, 5], [1, 2]]), { l1: 1, group: 2.5 }); // [[1.5, 2], [0, 0]]
 */
export function proxSparseGroupLasso(x: Tensor, options: { l1: number; group: number; axis?: 0 | 1 }): Tensor<"f32"> {
  checkOptions("proxSparseGroupLasso", options);
  const { l1, group, axis = 0 } = options;
  return prox("proxSparseGroupLasso", x, { l1, group }, { l1, group, axis });
}

/**
 * The nearest point with at most k numbers other than 0: the k of largest magnitude stay, of equal ones the first. A NaN counts as
 * largest. Exact.
 *
 * @throws {ArgumentError} if k is no integer from 0.
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = projectTopK(tensor([-3, 1, 2]), { k: 2 }); // [-3, 0, 2]
 */
export function projectTopK(x: Tensor, options: { k: number }): Tensor<"f32"> {
  checkOptions("projectTopK", options);
  checkCount("projectTopK", "k", options.k, 0);
  checkDType("projectTopK", "x", x, "f32");
  const drop = Math.max(0, x.size - options.k);
  return scope(() => masked(x, largestMask(abs(x), { len: x.size, drop })));
}
