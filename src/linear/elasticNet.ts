import { checkCount, checkFlag, checkNumber, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { descend } from "../ops/descent.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { finish, type IterativeFit, type LinearOptions, prepare } from "./fit.js";

export interface LassoOptions extends LinearOptions {
  /** Weight of the penalty, above 0. Default 1. */
  alpha?: number;
  /** Largest duality gap to stop at, as a share of ||y||². Default 1e-10. */
  tolerance?: number;
  /** Most sweeps over the coefficients. Default 10,000. */
  maxIterations?: number;
}

export interface PositiveOptions {
  /** Whether coefficients must be 0 or above. Default false. */
  positive?: boolean;
}

export interface ElasticNetOptions extends LassoOptions {
  /** Share of the L1 penalty, above 0, up to 1. Default 0.5. */
  l1Ratio?: number;
}

/** A fit by coordinate descent. */
export interface SparseFit extends IterativeFit {
  /** The duality gap: `objective` is at most this far above the least. */
  readonly gap: number;
}

/** Coordinate descent for each target, or with `group` for all of them at once. */
export function fitSparse(
  who: string,
  x: Tensor,
  y: Tensor,
  options: ElasticNetOptions & PositiveOptions,
  group: boolean,
): SparseFit {
  checkOptions(who, options);
  const { alpha = 1, l1Ratio = 0.5, positive = false, tolerance = 1e-10, maxIterations = 10_000 } = options;
  checkFlag(who, "positive", positive);
  checkNumber(who, "alpha", alpha, 0, Number.MAX_VALUE);
  checkNumber(who, "l1Ratio", l1Ratio, 0, 1);
  checkNumber(who, "tolerance", tolerance, 0, 1);
  checkCount(who, "maxIterations", maxIterations, 1, 2 ** 31);
  if (alpha * l1Ratio === 0)
    throw new ArgumentError(
      `${who}: alpha is ${alpha}${l1Ratio === 1 ? "" : `, l1Ratio ${l1Ratio}`}: no L1 penalty; use ridge, with alpha times the rows of x`,
    );
  return scope(() => {
    const problem = prepare(who, x, y, options);
    const { rows, k, targets, scales, squares, system } = problem;
    const { found, sweeps } = descend({
      ...{ system, squares, positive, tolerance, sweeps: maxIterations, tasks: group ? targets : 1 },
      l1: scales.map((scale) => rows * alpha * l1Ratio * scale),
      l2: scales.map((scale) => rows * alpha * (1 - l1Ratio) * scale * scale),
    });
    const w = new Float64Array(targets * k);
    for (const [i, { weight }] of found.entries()) w.set(weight, i * weight.length);
    const total = (of: (one: (typeof found)[number]) => number): number => found.reduce((sum, one) => sum + of(one), 0);
    return {
      ...finish(problem, w, total(({ objective }) => objective) / rows),
      gap: total(({ gap }) => gap) / rows,
      iterations: sweeps,
      converged: found.every(({ converged }) => converged),
    };
  });
}

/**
 * Linear regression with an L1 and an L2 penalty (Zou & Hastie 2005): the least ||y − Xw − b||² / 2n + alpha · l1Ratio · ||w||₁ +
 * alpha · (1 − l1Ratio) / 2 · ||w||². Coordinate descent in f64 on XᵀX (Friedman, Hastie & Tibshirani 2010), which takes some 32 k² bytes;
 * what the penalty takes out is exactly 0. Differs from scikit-learn's ElasticNet in `standardize`, which is on by default, and in the
 * tighter `tolerance`.
 *
 * @param x f32 [n, k], n at least 1.
 * @param y f32 [n], or [n, targets], which are fitted one by one.
 * @throws {ShapeError} unless x has a row to each of y.
 * @throws {ArgumentError} if x or y holds NaN or an infinity, or an option is out of range.
 * @example
 * const fit = linear.elasticNet(tensor([[-1, 1], [0, -2], [1, 1]]), tensor([-2, 0, 2]), { alpha: 0.2, standardize: false });
 * const w = await fit.coefficients.data(); // [1.6087, 0]
 */
export function elasticNet(x: Tensor, y: Tensor, options: ElasticNetOptions & PositiveOptions = {}): SparseFit {
  return fitSparse("elasticNet", x, y, options, false);
}
