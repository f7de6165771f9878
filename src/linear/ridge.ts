import { checkNumber, checkOptions } from "../check.js";
import { solve, upTo } from "../ops/solve.js";
import { normalEquations, whole } from "../ops/system.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { finish, type LinearFit, type LinearOptions, type Problem, prepare } from "./fit.js";

export interface RidgeOptions extends LinearOptions {
  /** Weight of the penalty. Default 1; 0 is ordinary least squares. */
  alpha?: number;
}

/**
 * Linear regression with an L2 penalty (Hoerl & Kennard 1970), in closed form: the least ||y − Xw − b||² + alpha · ||w||². In f64, as
 * `leastSquares`, whose error it has: where columns depend on each other and alpha is 0, the w of the least norm. No coefficient is
 * exactly 0. Differs from scikit-learn's Ridge in `standardize`, which is on by default.
 *
 * @param x f32 [n, k], n at least 1.
 * @param y f32 [n], or [n, targets], which are fitted one by one.
 * @throws {ShapeError} unless x has a row to each of y.
 * @throws {ArgumentError} if x or y holds NaN or an infinity, or alpha is below 0.
 * @example
 * const fit = linear.ridge(tensor([[0], [1], [2]]), tensor([1, 3, 5]), { alpha: 0 });
 * const y = fit.predict(tensor([[10]])); // [21]
 */
export function ridge(x: Tensor, y: Tensor, options: RidgeOptions = {}): LinearFit {
  checkOptions("ridge", options);
  const { alpha = 1 } = options;
  checkNumber("ridge", "alpha", alpha, 0, Number.MAX_VALUE);
  return scope(() => {
    const problem = prepare("ridge", x, y, options);
    const { system, k, targets, scales } = problem;
    const penalties = scales.map((scale) => alpha * scale * scale);
    const w = solve(system, penalties, upTo(k), upTo(targets));
    return finish(problem, w, objectiveOf(problem, penalties, w));
  });
}

/** Σ ||y||² − 2 w · Xᵀy + w · XᵀXw + Σ penalty · w² over the targets: an error of w counts squared. */
function objectiveOf({ system, squares, k, targets }: Problem, penalties: Float64Array, w: Float64Array): number {
  const { gram, products } = normalEquations(system, targets);
  const size = whole(k);
  let objective = 0;
  for (let t = 0; t < targets; t++) {
    let own = squares[t]!;
    for (let i = 0; i < k; i++) {
      const wi = w[t * k + i]!;
      let slope = penalties[i]! * wi - 2 * products[t * size + i]!;
      for (let j = 0; j < k; j++) slope += gram[i * size + j]! * w[t * k + j]!;
      own += wi * slope;
    }
    // Below 0 it is rounding.
    objective += Math.max(own, 0);
  }
  return objective;
}
