import { checkCount, checkOptions } from "../check.js";
import { ShapeError } from "../errors.js";
import { checkDType } from "../op.js";
import { normalEquations, rounded, type System, whole } from "../ops/system.js";
import { scope } from "../scope.js";
import { show } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { type LinearOptions, type Problem, prepare } from "./fit.js";

export interface LassoPathOptions extends LinearOptions {
  /** Most knots after the first. Default 500. */
  steps?: number;
}

/** Every lasso of a problem: between two knots coefficients and intercept go in straight lines. */
export interface LassoPath {
  /** Where columns come in or go out: from the least alpha that keeps all out, downwards. */
  readonly alphas: Float64Array;
  /** f32 [knots, k] */
  readonly coefficients: Tensor<"f32">;
  /** f32 [knots] */
  readonly intercepts: Tensor<"f32">;
}

/** What happens within this share of the first alpha of 0 happens at 0. */
const rounding = 1e-13;
/** A column whose part outside of those that are in is less than this share of it depends on them. */
const dependent = 1e-12;

/**
 * All solutions of `lasso` from the largest alpha to 0, exactly, by least angle regression (Efron, Hastie, Johnstone & Tibshirani 2004)
 * in f64. A column that depends on those already in stays out. As scikit-learn's lars_path with method "lasso", but for
 * `intercept` and `standardize`, which are on by default, and a row a knot.
 *
 * @param x f32 [n, k], n at least 1.
 * @param y f32 [n].
 * @throws {ShapeError} unless x has a row to each of y.
 * @throws {ArgumentError} if x or y holds NaN or an infinity, or steps is no integer from 0.
 * @example
 * const path = linear.lassoPath(tensor([[-1, 1], [0, -2], [1, 1]]), tensor([-2, 0.5, 2]), { standardize: false });
 * const knots = path.alphas; // [1.3333, 0.3333, 0]
 */
export function lassoPath(x: Tensor, y: Tensor, options: LassoPathOptions = {}): LassoPath {
  checkOptions("lassoPath", options);
  const { steps = 500 } = options;
  checkCount("lassoPath", "steps", steps, 0);
  checkDType("lassoPath", "y", y, "f32");
  if (y.rank !== 1) throw new ShapeError(`lassoPath: y is ${show(y.shape)}; it must be [rows]`);
  return scope(() => {
    const problem = prepare("lassoPath", x, y, options);
    const { k, rows, scales, xMeans, yMeans } = problem;
    const knots = walk(problem, steps);
    const w = new Float64Array(knots.length * k);
    for (const [at, knot] of knots.entries())
      w.set(
        knot.w.map((value, i) => value / scales[i]!),
        at * k,
      );
    const free = knots.map((_, at) => yMeans[0]! - xMeans.reduce((sum, mean, i) => sum + mean * w[at * k + i]!, 0));
    return {
      alphas: Float64Array.from(knots, ({ largest }) => largest / rows),
      coefficients: rounded("lassoPath", "coefficient", w, [knots.length, k]),
      intercepts: rounded("lassoPath", "intercept", Float64Array.from(free), [knots.length]),
    };
  });
}

interface Knot {
  /** Largest correlation of a column with what is left of y. */
  readonly largest: number;
  /** Coefficients of the scaled columns. */
  readonly w: Float64Array;
}

function walk({ system, k, scales }: Problem, steps: number): Knot[] {
  const { rows, products } = scaledEquations(system, scales);
  const w = new Float64Array(k);
  const signs = new Int8Array(k);
  /** Columns that are in, and Cholesky's factor of their products, row by row. */
  const inside: number[] = [];
  const factor: Float64Array[] = [];
  const barred = new Set<number>();
  /** Takes column j in, unless it depends on those that are. */
  const enter = (j: number): boolean => {
    const own = rows[j]!;
    const row = new Float64Array(inside.length + 1);
    let left = own[j]!;
    for (const [a, i] of inside.entries()) {
      const above = factor[a]!;
      let value = own[i]!;
      for (let b = 0; b < a; b++) value -= above[b]! * row[b]!;
      row[a] = value / above[a]!;
      left -= row[a]! * row[a]!;
    }
    if (!(left > dependent * own[j]!)) return false;
    row[inside.length] = Math.sqrt(left);
    factor.push(row);
    inside.push(j);
    return true;
  };
  /** Adds the products of the columns that are in, each `times` its share. */
  const spread = (to: Float64Array, times: (i: number, a: number) => number): Float64Array => {
    for (const [a, i] of inside.entries()) {
      const [share, row] = [times(i, a), rows[i]!];
      for (let j = 0; j < k; j++) to[j]! += share * row[j]!;
    }
    return to;
  };
  let largest = products.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const knots: Knot[] = [{ largest, w: w.slice() }];
  const nothing = rounding * largest;
  let correlations = products;
  let next = correlations.findIndex((value) => Math.abs(value) === largest);
  while (largest > 0 && knots.length <= steps) {
    if (next >= 0) {
      signs[next] = correlations[next]! < 0 ? -1 : 1;
      if (!enter(next)) barred.add(next);
    }
    // All that are in keep correlations of one size: XᵀX d = signs.
    const d = equiangular(
      factor,
      Float64Array.from(inside, (i) => signs[i]!),
    );
    const turns = spread(new Float64Array(k), (_, a) => d[a]!);
    const places = new Map(inside.map((j, a) => [j, a]));
    // The next event, of equals that of the least column: where many fall together, that order comes to an end (Murty 1974).
    let [step, leaves] = [largest - nothing, -1];
    next = -1;
    for (let j = 0; j < k; j++) {
      const a = places.get(j);
      if (a !== undefined) {
        // One that has come in with others may be on the wrong side of 0 and has to go again.
        const until = w[j] === 0 ? (d[a]! * signs[j]! < 0 ? 0 : largest) : -w[j]! / d[a]!;
        if (until >= 0 && until < step) [step, leaves, next] = [until, a, -1];
      } else if (!barred.has(j))
        for (const sign of [1, -1]) {
          const distance = largest - sign * correlations[j]!;
          const speed = 1 - sign * turns[j]!;
          const until = distance > nothing ? distance / speed : 0;
          if (speed > rounding && until < step) [step, leaves, next] = [until, -1, j];
        }
    }
    if (leaves < 0 && next < 0) step = largest;
    for (const [a, i] of inside.entries()) w[i]! += step * d[a]!;
    largest = step === largest ? 0 : largest - step;
    if (leaves >= 0) {
      const [gone, ...rest] = inside.splice(leaves) as [number, ...number[]];
      w[gone] = 0;
      factor.length = leaves;
      for (const j of rest) enter(j);
      // Another may be free of what barred it.
      barred.clear();
    }
    correlations = spread(products.slice(), (i) => -w[i]!);
    knots.push({ largest, w: w.slice() });
  }
  return knots;
}

/** The rows of XᵀX, and Xᵀy, of the columns divided by their scales. */
function scaledEquations(system: System, scales: Float64Array): { rows: Float64Array[]; products: Float64Array } {
  const { gram, products } = normalEquations(system, 1);
  const [k, size] = [scales.length, whole(scales.length)];
  return {
    rows: Array.from(scales, (scale, i) =>
      gram.subarray(i * size, i * size + k).map((v, j) => v / (scale * scales[j]!)),
    ),
    products: scales.map((scale, i) => products[i]! / scale),
  };
}

/** Makes of signs the d with L Lᵀ d = signs. */
function equiangular(factor: readonly Float64Array[], d: Float64Array): Float64Array {
  for (const [a, row] of factor.entries()) {
    for (let b = 0; b < a; b++) d[a]! -= row[b]! * d[b]!;
    d[a]! /= row[a]!;
  }
  for (let a = d.length - 1; a >= 0; a--) {
    for (let b = a + 1; b < d.length; b++) d[a]! -= factor[b]![a]! * d[b]!;
    d[a]! /= factor[a]![a]!;
  }
  return d;
}
