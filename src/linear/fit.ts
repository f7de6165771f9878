// What fits of linear models to squared errors share: how they start, and what they give.
import { checkFlag } from "../check.js";
import { ShapeError } from "../errors.js";
import { checkDType } from "../op.js";
import { reshape } from "../ops/layout.js";
import { matmul } from "../ops/matmul.js";
import { checkData, checkRows } from "../ops/solve.js";
import { gram, moments, readDoubles, rounded, type System } from "../ops/system.js";
import { scope } from "../scope.js";
import { show } from "../shape.js";
import type { Tensor } from "../tensor.js";

export interface LinearOptions {
  /** Whether to fit an intercept, which is not penalized. Default true. */
  intercept?: boolean;
  /**
   * Whether the penalty is on the coefficients of columns scaled to a standard deviation of 1, so that units do not matter, as in
   * glmnet, or a StandardScaler ahead in scikit-learn. The coefficients are those of the given columns either way. Default true.
   */
  standardize?: boolean;
}

/** A fitted linear model: a plain value. */
export interface LinearFit {
  /** f32 [k], or [targets, k] if y was a matrix. */
  readonly coefficients: Tensor<"f32">;
  /** f32 [], or [targets]; 0 if none was fitted. */
  readonly intercept: Tensor<"f32">;
  /** What was minimized, at the minimum that was found, before rounding to f32. */
  readonly objective: number;
  /** x [m, k] → f32 [m], or [m, targets]. */
  predict(x: Tensor): Tensor<"f32">;
}

/** A fit that was approached step by step. */
export interface IterativeFit extends LinearFit {
  readonly iterations: number;
  /** False where `maxIterations` came first: the coefficients are then not those of the least objective. */
  readonly converged: boolean;
}

/** The start of a fit. */
export interface Problem {
  /** As errors call it. */
  readonly who: string;
  readonly rows: number;
  readonly k: number;
  readonly targets: number;
  /** Whether y was a vector. */
  readonly single: boolean;
  /** XᵀX and XᵀY, less the means if there is an intercept. */
  readonly system: System;
  /** ||y||² of each target, less the mean. */
  readonly squares: Float64Array;
  /** By which the penalty multiplies a coefficient first. */
  readonly scales: Float64Array;
  readonly xMeans: Float64Array;
  readonly yMeans: Float64Array;
}

/** The standard deviations of columns, from their sums of squares about the mean; 1 for a constant one. */
export function deviations(squares: Float64Array, rows: number): Float64Array {
  return squares.map((square) => Math.sqrt(square / rows) || 1);
}

/** Guards data and targets and makes the normal equations of them. */
export function prepare(
  who: string,
  x: Tensor,
  y: Tensor,
  { intercept = true, standardize = true }: LinearOptions,
): Problem {
  checkFlag(who, "intercept", intercept);
  checkFlag(who, "standardize", standardize);
  checkDType(who, "y", y, "f32");
  const single = y.rank === 1;
  if (!single && y.rank !== 2)
    throw new ShapeError(`${who}: y is ${show(y.shape)}; it must be [rows] or [rows, targets]`);
  const matrix = single ? reshape(y, [y.size, 1]) : y;
  const [ofX, xMoments] = checkData(who, "x", x, intercept);
  const [ofY, yMoments] = checkData(who, "y", matrix, intercept);
  checkRows(who, x, matrix);
  const [rows, k, targets] = [x.shape[0]!, x.shape[1]!, matrix.shape[1]!];
  const spread = (intercept || !standardize ? ofX : readDoubles(moments(x, true))).subarray(k);
  return {
    ...{ who, rows, k, targets, single, system: gram(x, xMoments, matrix, yMoments), squares: ofY.slice(targets) },
    ...{ xMeans: ofX.subarray(0, k), yMeans: ofY.subarray(0, targets) },
    scales: standardize ? deviations(spread, rows) : new Float64Array(k).fill(1),
  };
}

/** The fit of coefficients `w` [targets, k]. */
export function finish(problem: Problem, w: Float64Array, objective: number): LinearFit {
  const { who, k, targets, single, xMeans, yMeans } = problem;
  const free = yMeans.map(
    (mean, t) => mean - w.subarray(t * k, t * k + k).reduce((sum, v, i) => sum + v * xMeans[i]!, 0),
  );
  const coefficients = rounded(who, "coefficient", w, single ? [k] : [targets, k]);
  const intercept = rounded(who, "intercept", free, single ? [] : [targets]);
  const predict = (x: Tensor): Tensor<"f32"> =>
    scope(() => matmul(x, coefficients, { transposeB: !single, bias: reshape(intercept, [targets]) }));
  return { coefficients, intercept, objective, predict };
}
