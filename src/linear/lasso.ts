import { checkOptions } from "../check.js";
import type { Tensor } from "../tensor.js";
import { fitSparse, type LassoOptions, type PositiveOptions, type SparseFit } from "./elasticNet.js";

/**
 * Linear regression with an L1 penalty (Tibshirani 1996): the least ||y − Xw − b||² / 2n + alpha · ||w||₁, by coordinate descent as
 * `elasticNet`. Coefficients that the penalty takes out are exactly 0. Differs from scikit-learn's Lasso in `standardize`, which is on
 * by default, and in the tighter `tolerance`.
 *
 * @param x f32 [n, k], n at least 1.
 * @param y f32 [n], or [n, targets], which are fitted one by one.
 * @throws {ShapeError} unless x has a row to each of y.
 * @throws {ArgumentError} if x or y holds NaN or an infinity, or an option is out of range.
 * @example
 * const fit = linear.lasso(tensor([[-1, 1], [0, -2], [1, 1]]), tensor([-2, 0, 2]), { alpha: 0.2, standardize: false });
 * const w = await fit.coefficients.data(); // [1.7, 0]
 */
export function lasso(x: Tensor, y: Tensor, options: LassoOptions & PositiveOptions = {}): SparseFit {
  checkOptions("lasso", options);
  return fitSparse("lasso", x, y, { ...options, l1Ratio: 1 }, false);
}
