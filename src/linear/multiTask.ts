import { checkOptions } from "../check.js";
import type { Tensor } from "../tensor.js";
import { type ElasticNetOptions, fitSparse, type LassoOptions, type SparseFit } from "./elasticNet.js";

/**
 * Several targets that share their features (Obozinski, Taskar & Jordan 2010): the least ||Y − X Wᵀ − b||² / 2n + alpha · Σⱼ ||W:ⱼ||₂,
 * by coordinate descent over the columns of x. The coefficients of a column are exactly 0 for all targets, or for none. Differs from
 * scikit-learn's MultiTaskLasso in `standardize`, which is on by default, and in the tighter `tolerance`.
 *
 * @param x f32 [n, k], n at least 1.
 * @param y f32 [n, targets].
 * @throws {ShapeError} unless x has a row to each of y.
 * @throws {ArgumentError} if x or y holds NaN or an infinity, or an option is out of range.
 * @example
 * const y = tensor([[-2, 1], [0, 0], [2, -1]]);
 * const fit = linear.multiTaskLasso(tensor([[-1, 1], [0, -2], [1, 1]]), y, { alpha: 0.2, standardize: false });
 * const w = await fit.coefficients.data(); // [1.7317, 0, -0.8658, 0]
 */
export function multiTaskLasso(x: Tensor, y: Tensor, options: LassoOptions = {}): SparseFit {
  checkOptions("multiTaskLasso", options);
  return fitSparse("multiTaskLasso", x, y, { ...options, positive: false, l1Ratio: 1 }, true);
}

/**
 * As `multiTaskLasso`, with an L2 penalty besides: the least ||Y − X Wᵀ − b||² / 2n + alpha · l1Ratio · Σⱼ ||W:ⱼ||₂ +
 * alpha · (1 − l1Ratio) / 2 · ||W||², as scikit-learn's MultiTaskElasticNet but for `standardize` and `tolerance`.
 *
 * @param x f32 [n, k], n at least 1.
 * @param y f32 [n, targets].
 * @throws {ShapeError} unless x has a row to each of y.
 * @throws {ArgumentError} if x or y holds NaN or an infinity, or an option is out of range.
 * @example
 * const y = tensor([[-2, 1], [0, 0], [2, -1]]);
 * const fit = linear.multiTaskElasticNet(tensor([[-1, 1], [0, -2], [1, 1]]), y, { alpha: 0.2, standardize: false });
 * const w = await fit.coefficients.data(); // [1.6222, 0, -0.8111, 0]
 */
export function multiTaskElasticNet(x: Tensor, y: Tensor, options: ElasticNetOptions = {}): SparseFit {
  checkOptions("multiTaskElasticNet", options);
  return fitSparse("multiTaskElasticNet", x, y, { ...options, positive: false }, true);
}
