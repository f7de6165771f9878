// Losses between values inside of a student and of its teacher. No gradient flows to the teacher.
import { checkChoice, checkCount, checkNumber, checkOptions, checkRecord } from "../check.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { stopGradient } from "../grad.js";
import { checkDType } from "../op.js";
import { add, div, mul, sub } from "../ops/binary.js";
import { equal } from "../ops/compare.js";
import { reshape } from "../ops/layout.js";
import { checkAlike } from "../ops/loss.js";
import { matmul } from "../ops/matmul.js";
import { mean, norm, sum } from "../ops/reduce.js";
import { abs, square } from "../ops/unary.js";
import { where } from "../ops/where.js";
import { scope } from "../scope.js";
import { checkAxis, checkMatrixShape, sameShape, show } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** A scalar from a value of the student and one of the teacher. */
export type FeatureLoss = (student: Tensor, teacher: Tensor) => Tensor;

/** Turns the student's features into as many as the teacher has; trained along with the student. */
export interface Regressor {
  /** f32 [teacher's features, student's features]. */
  weight: Tensor;
  /** f32 [teacher's features]. */
  bias?: Tensor;
}

export interface FitNetsOptions {
  /** Default: none; both have the same features. */
  regressor?: Regressor;
  /** Which axis the regressor works on: −1 as a linear layer, 1 as a 1×1 convolution of [batch, channels, …]. Default −1. */
  axis?: number;
  /** Divides the sum of squares by the batch, or by the number of elements. Default "batchMean". */
  reduction?: "batchMean" | "mean";
}

export interface AttentionTransferOptions {
  /** Power of the activations, an integer: the larger, the more the strongest count. Default 2. */
  p?: number;
  /** Default "norm", the paper's; "mse" is that of its authors' code. */
  variant?: "norm" | "mse";
  /** Multiplies the loss. Default 1. */
  beta?: number;
  /** Which axis holds the channels. Default 1. */
  axis?: number;
}

/**
 * Hints (FitNets, Romero et al. 2015): ½ ‖teacher − regressor(student)‖², divided by the batch.
 *
 * @param student f32 [batch, …].
 * @param teacher f32 [batch, …], the shape that the regressor gives.
 * @throws {ShapeError} if the shapes do not fit.
 * @throws {DTypeError} unless all are f32.
 * @example
 * const loss = fitNets(tensor([[1, 2]]), tensor([[3, 2]])); // 2
 */
export function fitNets(student: Tensor, teacher: Tensor, options: FitNetsOptions = {}): Tensor<"f32"> {
  checkOptions("fitNets", options);
  const { regressor, axis = -1, reduction = "batchMean" } = options;
  checkChoice("fitNets", "reduction", reduction, ["batchMean", "mean"]);
  return scope(() => {
    if (regressor !== undefined) checkRegressor("fitNets", regressor);
    const guess = regressor === undefined ? student : regress(student, regressor, axis);
    checkAlike("fitNets", { student: guess, teacher });
    const errors = square(sub(guess, stopGradient(teacher)));
    if (reduction === "mean") return mul(mean(errors), 0.5);
    return mul(sum(errors), 0.5 / batchOf("fitNets", student));
  });
}

function checkRegressor(who: string, regressor: Regressor): void {
  checkRecord(who, "regressor", regressor);
  const { weight, bias } = regressor;
  checkDType(who, "the regressor's weight", weight, "f32");
  checkMatrixShape(who, "the regressor's weight", weight.shape);
  if (bias !== undefined) checkDType(who, "the regressor's bias", bias, "f32");
}

/** The regressor along an axis. */
export function regress(x: Tensor, { weight, bias }: Regressor, axis = -1): Tensor<"f32"> {
  const at = checkAxis("regressor", axis, x.rank);
  return scope(() => {
    if (at === x.rank - 1) return matmul(x, weight, { transposeB: true, bias });
    const lead = x.shape.slice(0, at);
    const rest = x.shape.slice(at + 1);
    const y = matmul(weight, reshape(x, [...lead, x.shape[at]!, rest.reduce((n, d) => n * d, 1)]));
    const biased = bias === undefined ? y : add(y, reshape(bias, [bias.size, 1]));
    return reshape(biased, [...lead, weight.shape[0]!, ...rest]) as Tensor<"f32">;
  });
}

/**
 * Attention transfer (Zagoruyko & Komodakis 2017): both look at the same places. Attention is Q = Σ over channels of |A|ᵖ, as one
 * vector per example with norm 1 (0 where all is 0, which pulls at nothing); the loss is beta / 2 · ‖Q_student − Q_teacher‖ per
 * example, averaged over the batch, or with variant "mse" beta · the mean of (Q_student − Q_teacher)².
 *
 * @param student f32 [batch, channels, …].
 * @param teacher f32 [batch, channels, …]; its number of channels may differ, its places may not.
 * @throws {ShapeError} if the places differ, or there are none.
 * @throws {DTypeError} unless both are f32.
 * @throws {ArgumentError} if an option is out of range.
 * @example
 * const loss = attentionTransfer(tensor([[[1, 0]]]), tensor([[[0, 1]]])); // 0.7071
 */
export function attentionTransfer(
  student: Tensor,
  teacher: Tensor,
  options: AttentionTransferOptions = {},
): Tensor<"f32"> {
  checkOptions("attentionTransfer", options);
  const { p = 2, variant = "norm", beta = 1, axis = 1 } = options;
  checkCount("attentionTransfer", "p", p, 1, 16);
  checkNumber("attentionTransfer", "beta", beta, 0, Number.MAX_VALUE);
  checkChoice("attentionTransfer", "variant", variant, ["norm", "mse"]);
  return scope(() => {
    const [mine, theirs] = [
      attention("student", student, p, axis),
      attention("teacher", stopGradient(teacher), p, axis),
    ];
    if (!sameShape(mine.shape, theirs.shape))
      throw new ShapeError(
        `attentionTransfer: student is ${show(student.shape)}, teacher ${show(teacher.shape)}; all but the channels must be equal`,
      );
    const apart = sub(unit(flat(mine)), unit(flat(theirs)));
    return variant === "mse" ? mul(mean(square(apart)), beta) : mul(mean(norm(apart, { axes: 1 })), beta / 2);
  });
}

/** How much goes on at each place: the channels are gone. */
function attention(name: string, a: Tensor, p: number, axis: number): Tensor {
  checkDType("attentionTransfer", name, a, "f32");
  if (a.rank < 3)
    throw new ShapeError(`attentionTransfer: ${name} is ${show(a.shape)}; it needs [batch, channels, places …]`);
  batchOf("attentionTransfer", a);
  if (checkAxis("attentionTransfer", axis, a.rank) === 0)
    throw new ArgumentError("attentionTransfer: axis 0 is the batch; the channels lie along another");
  const size = abs(a);
  let power: Tensor = size;
  for (let i = 1; i < p; i++) power = mul(power, size);
  return sum(power, { axes: axis });
}

/**
 * Similarity-preserving distillation (Tung & Mori 2019): what is alike for the teacher is alike for the student. G = Q·Qᵀ of the
 * flattened examples, its rows divided by their norms (a row of zeros stays, and pulls at nothing); the loss is
 * ‖G_teacher − G_student‖² / batch².
 *
 * @param student f32 [batch, …].
 * @param teacher f32 [batch, …], of as many examples.
 * @throws {ShapeError} if the batches differ.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const loss = similarityPreserving(tensor([[1, 0], [0, 1]]), tensor([[1], [1]])); // 0.2929
 */
export function similarityPreserving(student: Tensor, teacher: Tensor): Tensor<"f32"> {
  checkBatches("similarityPreserving", student, teacher);
  return scope(() => mean(square(sub(similarities(student), similarities(stopGradient(teacher))))));
}

function similarities(x: Tensor): Tensor {
  const rows = flat(x);
  return unit(matmul(rows, rows, { transposeB: true }));
}

/** Guards a batch for each: f32 of as many examples, one at least. */
export function checkBatches(who: string, student: Tensor, teacher: Tensor): void {
  checkDType(who, "student", student, "f32");
  checkDType(who, "teacher", teacher, "f32");
  if (batchOf(who, student) !== batchOf(who, teacher))
    throw new ShapeError(
      `${who}: student is ${show(student.shape)}, teacher ${show(teacher.shape)}; both need the same batch`,
    );
}

function batchOf(who: string, x: Tensor): number {
  const [batch = 0] = x.shape;
  if (batch === 0) throw new ShapeError(`${who}: got ${show(x.shape)}; it needs [batch, …] with one example or more`);
  return batch;
}

/** Examples as rows. */
export function flat(x: Tensor): Tensor {
  return reshape(x, [x.shape[0]!, x.size / x.shape[0]!]);
}

/** x / ‖x‖ along the last axis; 0, without a gradient, where that is 0. */
export function unit(x: Tensor): Tensor {
  return mul(x, reciprocal(norm(x, { axes: -1, keepDims: true })));
}

/** 1 / x; 0, without a gradient, where x is 0. */
export function reciprocal(x: Tensor): Tensor {
  const none = equal(x, 0);
  return where(none, 0, div(1, where(none, 1, x)));
}
