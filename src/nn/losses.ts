// Losses made of ops that are there already, so their gradients are those of the ops. `mse` and `crossEntropy` stand in
// ops/loss.ts, the latter with kernels of its own.
import { checkNumber, wrong } from "../check.js";
import { ShapeError } from "../errors.js";
import { checkDType } from "../op.js";
import { add, div, mul, sub } from "../ops/binary.js";
import { equal, greater } from "../ops/compare.js";
import { zeros } from "../ops/fill.js";
import { checkIndices } from "../ops/gather.js";
import { reshape } from "../ops/layout.js";
import {
  type ClassOptions,
  checkAlike,
  checkClasses,
  checkReduction,
  classRows,
  labelWeights,
  type Reduction,
  reduceLosses,
} from "../ops/loss.js";
import { oneHot } from "../ops/oneHot.js";
import { sum } from "../ops/reduce.js";
import { abs, clamp, exp, log, neg, softplus } from "../ops/unary.js";
import { where } from "../ops/where.js";
import { scope } from "../scope.js";
import { broadcastShape, sameShape, show } from "../shape.js";
import type { Tensor } from "../tensor.js";

export interface LossOptions {
  /** Default "mean". */
  reduction?: Reduction;
}

export interface SmoothL1Options extends LossOptions {
  /** Where the parabola turns into a line. Default 1; 0 gives `l1`. */
  beta?: number;
}

export interface HuberOptions extends LossOptions {
  /** Where the parabola turns into a line, and its slope there. Default 1. */
  delta?: number;
}

export interface BinaryCrossEntropyOptions extends LossOptions {
  /** f32, broadcasts to the logits: multiplies the losses. */
  weight?: Tensor;
  /** f32, broadcasts to the logits: multiplies the part of the loss that the target 1 has, against rare positives. */
  posWeight?: Tensor;
}

export interface NllOptions extends ClassOptions {
  /** Default "mean", weighted by `weight`. */
  reduction?: Reduction;
}

export interface KlDivergenceOptions {
  /** The target holds log-probabilities too. Default false. */
  logTarget?: boolean;
  /** "batchMean" is the sum over the first size, which is what the name of the loss promises. Default "mean". */
  reduction?: Reduction | "batchMean";
}

/**
 * Absolute error |prediction − target|. Both f32 of one shape; the result is a scalar, or that shape with `reduction: "none"`.
 * As in PyTorch, but nothing is broadcast; the gradient where both are equal is 0.
 *
 * @throws {ShapeError} unless both have one shape.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const loss = nn.l1(tensor([1, 2]), tensor([1, 4])); // 1
 */
export function l1(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor<"f32"> {
  const { reduction = "mean" } = options;
  checkAlike("l1", { prediction, target });
  checkReduction("l1", reduction);
  return scope(() => reduceLosses(abs(sub(prediction, target)), prediction.shape, reduction));
}

/**
 * Absolute error, rounded off within `beta` of 0: d² / 2β where |d| ≤ β, else |d| − β/2 (Girshick 2015, Fast R-CNN, §2.3). Both f32
 * of one shape; the result is a scalar, or that shape with `reduction: "none"`. As in PyTorch, but nothing is broadcast.
 *
 * @throws {ShapeError} unless both have one shape.
 * @throws {DTypeError} unless both are f32.
 * @throws {ArgumentError} if beta is negative.
 * @example
 * const loss = nn.smoothL1(tensor([0, 0]), tensor([0.5, 2])); // 0.8125
 */
export function smoothL1(prediction: Tensor, target: Tensor, options: SmoothL1Options = {}): Tensor<"f32"> {
  const { beta = 1, reduction = "mean" } = options;
  if (beta === 0) return l1(prediction, target, { reduction });
  checkNumber("smoothL1", "beta", beta, 0, Number.MAX_VALUE);
  checkAlike("smoothL1", { prediction, target });
  checkReduction("smoothL1", reduction);
  return scope(() => {
    const error = sub(prediction, target);
    const bent = clamp(error, { min: -beta, max: beta });
    const losses = mul(div(bent, beta), sub(error, mul(bent, 0.5)));
    return reduceLosses(losses, prediction.shape, reduction);
  });
}

/**
 * Squared error with straight arms: d² / 2 where |d| ≤ δ, else δ (|d| − δ/2) (Huber 1964); `smoothL1` times δ. Both f32 of one
 * shape; the result is a scalar, or that shape with `reduction: "none"`. As in PyTorch, but nothing is broadcast.
 *
 * @throws {ShapeError} unless both have one shape.
 * @throws {DTypeError} unless both are f32.
 * @throws {ArgumentError} unless delta is above 0.
 * @example
 * const loss = nn.huber(tensor([0, 0]), tensor([1, 3]), { delta: 2 }); // 2.25
 */
export function huber(prediction: Tensor, target: Tensor, options: HuberOptions = {}): Tensor<"f32"> {
  const { delta = 1, reduction = "mean" } = options;
  if (!(delta > 0)) throw wrong("huber", "delta", delta, "above 0");
  checkAlike("huber", { prediction, target });
  checkReduction("huber", reduction);
  return scope(() => {
    const error = sub(prediction, target);
    const bent = clamp(error, { min: -delta, max: delta });
    return reduceLosses(mul(bent, sub(error, mul(bent, 0.5))), prediction.shape, reduction);
  });
}

/**
 * Cross-entropy of independent yes-or-no answers, from logits: −y ln σ(x) − (1 − y) ln(1 − σ(x)), as two softplus, so that no
 * probability is ever rounded to 0 and nothing cancels. Both f32 of one shape, targets from 0 to 1; the result is a scalar, or
 * that shape with `reduction: "none"`. As PyTorch's binary_cross_entropy_with_logits: the mean divides by the number of
 * elements, weights or not.
 *
 * @throws {ShapeError} unless both have one shape, and the weights broadcast to it.
 * @throws {DTypeError} unless all are f32.
 * @example
 * const loss = nn.binaryCrossEntropy(tensor([0, 2]), tensor([1, 1])); // 0.41
 */
export function binaryCrossEntropy(
  logits: Tensor,
  target: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor<"f32"> {
  const { weight, posWeight, reduction = "mean" } = options;
  checkAlike("binaryCrossEntropy", { logits, target });
  checkReduction("binaryCrossEntropy", reduction);
  for (const [name, factor] of Object.entries({ weight, posWeight })) {
    if (factor === undefined) continue;
    checkDType("binaryCrossEntropy", name, factor, "f32");
    if (!sameShape(broadcastShape("binaryCrossEntropy", logits.shape, factor.shape), logits.shape))
      throw new ShapeError(
        `binaryCrossEntropy: ${name} is ${show(factor.shape)}, logits ${show(logits.shape)}; it must broadcast to them`,
      );
  }
  return scope(() => {
    const yes = posWeight === undefined ? target : mul(target, posWeight);
    const losses = add(mul(yes, softplus(neg(logits))), mul(sub(1, target), softplus(logits)));
    const weighted = weight === undefined ? losses : mul(losses, weight);
    return reduceLosses(weighted, logits.shape, reduction);
  });
}

/**
 * Negative log-likelihood: −weight[label] · logProbabilities[…, label]. f32 [..., classes] and i32 labels with that axis gone, whose
 * shape the result has with `reduction: "none"`; else it is a scalar. After `logSoftmax`; with logits `crossEntropy` does both in
 * one. As in PyTorch, but `axis` is the last by default and no label is ignored unless `ignoreIndex` says so. A log-probability of
 * −Infinity counts only where it is the label's.
 *
 * @throws {ShapeError} if the shapes do not fit, or a label is no class.
 * @throws {DTypeError} unless log-probabilities are f32 and labels i32.
 * @example
 * const loss = nn.nll(tensor([[-1, -2], [-3, -4]]), tensor(new Int32Array([0, 1]))); // 2.5
 */
export function nll(logProbabilities: Tensor, labels: Tensor, options: NllOptions = {}): Tensor<"f32"> {
  const { ignoreIndex, reduction = "mean" } = options;
  const { at, classes, lead } = checkClasses("nll", { logProbabilities }, options);
  checkReduction("nll", reduction);
  checkDType("nll", "labels", labels, "i32");
  if (!sameShape(labels.shape, lead))
    throw new ShapeError(
      `nll: logProbabilities is ${show(logProbabilities.shape)}, labels ${show(labels.shape)}; labels needs ${show(lead)}`,
    );
  checkIndices("nll", "labels", labels, classes, ignoreIndex);
  return scope(() => {
    const flat = reshape(labels, [labels.size]);
    const counts = greater(labelWeights(flat, ignoreIndex === undefined ? {} : { ignoreIndex }), 0);
    const weights = labelWeights(flat, options);
    const chosen = oneHot(where(counts, flat, zeros([], { dtype: "i32" })), { classes });
    const scores = sum(where(greater(chosen, 0), classRows(logProbabilities, at), 0), { axes: 1 });
    const losses = where(counts, neg(mul(weights, scores)), 0);
    return reduction === "mean" ? div(sum(losses), sum(weights)) : reduceLosses(losses, lead, reduction);
  });
}

/**
 * Kullback-Leibler divergence of the prediction from the target: target · (ln target − logProbabilities), summed over classes (Kullback
 * & Leibler 1951). Both f32 of one shape; the result is a scalar, or that shape with `reduction: "none"`. As in PyTorch, "mean"
 * too, which divides by the number of elements: "batchMean" is the divergence per example. Unlike there, a target of 0 costs
 * nothing and passes no gradient, not even against −Infinity.
 *
 * @throws {ShapeError} unless both have one shape, with a first size for "batchMean".
 * @throws {DTypeError} unless both are f32.
 * @example
 * const loss = nn.klDivergence(tensor([[-1, -2]]), tensor([[1, 0]]), { reduction: "batchMean" }); // 1
 */
export function klDivergence(
  logProbabilities: Tensor,
  target: Tensor,
  options: KlDivergenceOptions = {},
): Tensor<"f32"> {
  const { logTarget = false, reduction = "mean" } = options;
  checkAlike("klDivergence", { logProbabilities, target });
  const { shape } = logProbabilities;
  if (reduction !== "batchMean") checkReduction("klDivergence", reduction);
  else if (shape.length === 0)
    throw new ShapeError('klDivergence: reduction "batchMean" divides by the first size, a scalar has none; use "sum"');
  return scope(() => {
    const p = logTarget ? exp(target) : target;
    const none = equal(p, 0);
    // The logarithm must not see the zeros: its gradient there is 0 / 0.
    const logP = logTarget ? target : log(where(none, 1, target));
    const losses = mul(p, where(none, 0, sub(logP, logProbabilities)));
    return reduction === "batchMean" ? div(sum(losses), shape[0]!) : reduceLosses(losses, shape, reduction);
  });
}
