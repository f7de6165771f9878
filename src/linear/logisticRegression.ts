import { checkCount, checkFlag, checkList, checkNumber, checkOptions, said } from "../check.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { checkTensor } from "../op.js";
import { cast } from "../ops/cast.js";
import { greater } from "../ops/compare.js";
import { concat } from "../ops/concat.js";
import { reshape } from "../ops/layout.js";
import { logisticLoss } from "../ops/logistic.js";
import { matmul } from "../ops/matmul.js";
import { argmax } from "../ops/reduce.js";
import { softmax } from "../ops/softmax.js";
import { checkData } from "../ops/solve.js";
import { doubles, moments, readDoubles, rounded } from "../ops/system.js";
import { neg, sigmoid } from "../ops/unary.js";
import { scope } from "../scope.js";
import { show } from "../shape.js";
import { readTensor, type Tensor } from "../tensor.js";
import { deviations, type IterativeFit, type LinearOptions } from "./fit.js";
import { minimize } from "./quasiNewton.js";

export interface LogisticOptions extends LinearOptions {
  /** Default "l2": ½ ||w||². "l1": ||w||₁; "elasticnet": l1Ratio · ||w||₁ + (1 − l1Ratio) / 2 · ||w||². */
  penalty?: "l2" | "l1" | "elasticnet" | "none";
  /** Weight of the loss beside the penalty, above 0: the less, the stronger the penalty. Default 1. */
  C?: number;
  /** Share of the L1 penalty, from 0 to 1, for "elasticnet". Default 0.5. */
  l1Ratio?: number;
  /** Weights of the classes in the loss. Default 1 for each. */
  classWeights?: readonly number[];
  /** Largest slope to stop at, as a share of C · Σ weights. Default 1e-8. */
  tolerance?: number;
  /** Default 10,000. */
  maxIterations?: number;
}

const who = "logisticRegression";

/** A fitted linear classifier: a plain value. */
export interface LogisticFit extends Omit<IterativeFit, "predict"> {
  /** f32 [1, k] for two classes: of the logit of class 1; else [classes, k]. */
  readonly coefficients: Tensor<"f32">;
  /** f32 [1] for two classes; else [classes], their sum 0. */
  readonly intercept: Tensor<"f32">;
  readonly classes: number;
  /** x [m, k] → the likeliest class of each row, i32 [m]; the first of equals. */
  predict(x: Tensor): Tensor<"i32">;
  /** x [m, k] → f32 [m, classes]. */
  probabilities(x: Tensor): Tensor<"f32">;
}

/**
 * Logistic regression, for several classes by softmax over all of them: the least C · Σ weight · −ln p(label) + penalty, the intercept
 * free. By quasi-Newton steps in f64 on columns scaled to one size, which are exact about zeros; for any number of rows and columns.
 * Differs from scikit-learn's LogisticRegression in `standardize`, which is on by default, in the tighter `tolerance`, and in taking
 * "l1" with several classes. Classes that a plane separates have no best fit without a penalty: it is then followed until the slope
 * is below the tolerance.
 *
 * @param x f32 [n, k].
 * @param labels i32 or u8 [n], from 0; each class has an example at least.
 * @throws {ShapeError} unless x has a row to each label.
 * @throws {ArgumentError} if x holds NaN or an infinity, labels are not 0 … classes − 1 of two classes or more, or an option is out of
 *   range.
 * @example
 * const x = tensor([[-2], [-1], [1], [2]]);
 * const fit = linear.logisticRegression(x, tensor(new Int32Array([0, 0, 1, 1])), { C: 10 });
 * const classes = fit.predict(tensor([[-3], [3]])); // [0, 1]
 */
export function logisticRegression(x: Tensor, labels: Tensor, options: LogisticOptions = {}): LogisticFit {
  checkOptions(who, options);
  const { penalty = "l2", C = 1, intercept = true, standardize = true } = options;
  const { tolerance = 1e-8, maxIterations = 10_000 } = options;
  const l1Ratio = checkPenalty(options);
  checkFlag(who, "intercept", intercept);
  checkFlag(who, "standardize", standardize);
  checkNumber(who, "C", C, Number.MIN_VALUE, Number.MAX_VALUE);
  checkNumber(who, "tolerance", tolerance, 0, 1);
  checkCount(who, "maxIterations", maxIterations, 1);
  return scope(() => {
    const [ofX] = checkData(who, "x", x, intercept);
    const [rows, k] = x.shape as [number, number];
    const counts = countClasses(x, labels);
    const classes = counts.length;
    const weights = checkWeights(options.classWeights, classes);
    const free = classes === 2 ? 1 : classes;
    const total = counts.reduce((sum, count, c) => sum + count * weights[c]!, 0);
    const [ofL1, ofL2] = penalty === "none" ? [0, 0] : [l1Ratio, 1 - l1Ratio];
    const squares = ofX.subarray(k);
    const spreads = intercept || !standardize ? squares : readDoubles(moments(x, true)).subarray(k);
    const penalized = standardize ? deviations(spreads, rows) : new Float64Array(k).fill(1);
    // Steps are taken where columns bend the objective alike: the loss by a quarter of their squares at most, the penalty besides. One
    // that is constant does not move.
    const sizes = squares.map((square, j) =>
      square === 0
        ? Number.POSITIVE_INFINITY
        : Math.sqrt(square / rows + (4 * ofL2 * penalized[j]! * penalized[j]!) / (C * total)),
    );
    const scales = penalized.map((scale, j) => scale / sizes[j]!);
    const perWeight = (of: (scale: number) => number): Float64Array =>
      Float64Array.from({ length: free * (k + 1) }, (_, at) => (at < free ? 0 : of(scales[(at - free) % k]!)));
    const l1 = perWeight((scale) => ofL1 * scale);
    const l2 = perWeight((scale) => ofL2 * scale * scale);
    const data = { x, labels: cast(labels, "i32"), weights: doubles(weights), classes, free };
    const model = (u: Float64Array): Float64Array => unscaled(u, ofX, sizes, free);
    const smooth = (u: Float64Array): { value: number; gradient: Float64Array } => {
      const { loss, gradient } = logisticLoss(data, model(u));
      const slopes = scaled(gradient, ofX, sizes, free);
      if (!intercept) slopes.fill(0, 0, free);
      let value = C * loss;
      for (let at = 0; at < u.length; at++) {
        value += 0.5 * l2[at]! * u[at]! * u[at]!;
        slopes[at] = C * slopes[at]! + l2[at]! * u[at]!;
      }
      return { value, gradient: slopes };
    };
    const start = new Float64Array(free * (k + 1));
    const found = minimize(smooth, { start, l1, tolerance: tolerance * C * total, maxIterations });
    const { value: objective, iterations, converged } = found;
    return { ...classifier(model(found.u), classes, k), objective, iterations, converged };
  });
}

/** Biases and weights for the columns as they are, from those for columns less their means and divided by their sizes. */
function unscaled(u: Float64Array, means: Float64Array, sizes: Float64Array, free: number): Float64Array {
  const k = sizes.length;
  const model = u.slice();
  for (let c = 0; c < free; c++)
    for (let j = 0; j < k; j++) {
      const at = free + c * k + j;
      model[at]! /= sizes[j]!;
      model[c]! -= means[j]! * model[at]!;
    }
  return model;
}

/** The gradient for columns less their means and divided by their sizes, from that for the columns as they are. */
function scaled(gradient: Float64Array, means: Float64Array, sizes: Float64Array, free: number): Float64Array {
  const k = sizes.length;
  return gradient.map((g, at) => {
    if (at < free) return g;
    const j = (at - free) % k;
    return (g - means[j]! * gradient[Math.floor((at - free) / k)]!) / sizes[j]!;
  });
}

/** The share of L1 in a penalty. */
function checkPenalty({ penalty = "l2", l1Ratio }: LogisticOptions): number {
  if (penalty === "elasticnet") {
    checkNumber(who, "l1Ratio", l1Ratio ?? 0.5, 0, 1);
    return l1Ratio ?? 0.5;
  }
  if (penalty !== "l1" && penalty !== "l2" && penalty !== "none")
    throw new ArgumentError(`${who}: penalty is ${said(penalty)}; it must be l1, l2, elasticnet or none`);
  if (l1Ratio !== undefined)
    throw new ArgumentError(`${who}: l1Ratio is for the penalty elasticnet; it is ${said(penalty)}`);
  return penalty === "l1" ? 1 : 0;
}

/** Examples of each class. */
function countClasses(x: Tensor, labels: Tensor): number[] {
  checkTensor(who, labels);
  if (labels.dtype !== "i32" && labels.dtype !== "u8")
    throw new DTypeError(`${who}: the labels ${show(labels.shape)} are ${labels.dtype}; they must be i32 or u8`);
  if (labels.rank !== 1 || labels.size !== x.shape[0])
    throw new ShapeError(
      `${who}: x is ${show(x.shape)}, the labels are ${show(labels.shape)}; they must be [${x.shape[0]}]`,
    );
  const counts = new Map<number, number>();
  for (const label of readTensor(labels as Tensor<"i32">)) counts.set(label, (counts.get(label) ?? 0) + 1);
  const classes = Math.max(2, ...[...counts.keys()].map((label) => label + 1));
  for (const label of counts.keys())
    if (label < 0) throw new ArgumentError(`${who}: a label is ${label}; labels are integers from 0`);
  return Array.from({ length: Math.min(classes, labels.size + 1) }, (_, c) => {
    const count = counts.get(c);
    if (count === undefined)
      throw new ArgumentError(
        `${who}: class ${c} has no example; labels are 0 … classes − 1, each of them once at least`,
      );
    return count;
  });
}

function checkWeights(weights: readonly number[] | undefined, classes: number): Float64Array {
  if (weights === undefined) return new Float64Array(classes).fill(1);
  checkList(who, "classWeights", weights);
  if (weights.length !== classes)
    throw new ArgumentError(`${who}: classWeights has ${weights.length} numbers; there are ${classes} classes`);
  for (const weight of weights) checkNumber(who, "a class weight", weight, Number.MIN_VALUE, Number.MAX_VALUE);
  return Float64Array.from(weights);
}

/** What can be asked of a model: biases, then rows of weights. */
function classifier(
  model: Float64Array,
  classes: number,
  k: number,
): Pick<LogisticFit, "coefficients" | "intercept" | "classes" | "predict" | "probabilities"> {
  const free = model.length / (k + 1);
  const biases = model.subarray(0, free);
  // What all logits have in common says nothing.
  const common = free === 1 ? 0 : biases.reduce((sum, bias) => sum + bias, 0) / free;
  const coefficients = rounded(who, "coefficient", model.subarray(free), [free, k]);
  const intercept = rounded(
    who,
    "intercept",
    biases.map((bias) => bias - common),
    [free],
  );
  const logits = (x: Tensor): Tensor => matmul(x, coefficients, { transposeB: true, bias: intercept });
  const predict = (x: Tensor): Tensor<"i32"> =>
    scope(() => {
      const z = logits(x);
      return free === 1 ? cast(reshape(greater(z, 0), [z.size]), "i32") : argmax(z, { axis: 1 });
    });
  const probabilities = (x: Tensor): Tensor<"f32"> =>
    scope(() => {
      const z = logits(x);
      return free === 1 ? concat([sigmoid(neg(z)), sigmoid(z)], { axis: 1 }) : softmax(z, { axis: 1 });
    }) as Tensor<"f32">;
  return { coefficients, intercept, classes, predict, probabilities };
}
