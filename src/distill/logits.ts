// Losses between the logits of a student and those of its teacher. No gradient flows to the teacher.
import { checkNumber, checkOptions } from "../check.js";
import { ShapeError } from "../errors.js";
import { stopGradient } from "../grad.js";
import { klDivergence } from "../nn/losses.js";
import { checkDType } from "../op.js";
import { add, mul, sub } from "../ops/binary.js";
import { greater } from "../ops/compare.js";
import { reshape } from "../ops/layout.js";
import { checkAlike, checkClasses, crossEntropy } from "../ops/loss.js";
import { oneHot } from "../ops/oneHot.js";
import { max, mean, sum } from "../ops/reduce.js";
import { logSoftmax } from "../ops/softmax.js";
import { exp, log, neg, sigmoid, softplus } from "../ops/unary.js";
import { where } from "../ops/where.js";
import { scope } from "../scope.js";
import { sameShape, show } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** A scalar from the outputs of student and teacher, f32 of one shape [batch, …, classes], and the targets of the data. */
export interface DistillLoss {
  (student: Tensor, teacher: Tensor, target: Tensor): Tensor;
  /** At which the probabilities of several teachers are averaged. Default 1. */
  readonly temperature?: number;
}

export interface KdOptions {
  /** Divides the logits of both; above 1 it shows what the teacher thinks of the wrong classes. Default 4. */
  temperature?: number;
  /** Share of the cross-entropy with the labels; the rest is the teacher's. At 0 no label is looked at. Default 0.1. */
  alpha?: number;
}

export interface DkdOptions {
  /** Divides the logits of both. Default 4. */
  temperature?: number;
  /** Weight of how sure the teacher is of the label. Default 1. */
  alpha?: number;
  /** Weight of what it thinks of the other classes. Default 8. */
  beta?: number;
}

/**
 * The loss of knowledge distillation (Hinton, Vinyals & Dean 2015): alpha · CE(student, labels) + (1 − alpha) · T² ·
 * KL(softmax(teacher / T) ‖ softmax(student / T)), both means over the batch. T² keeps the gradients of the two in proportion
 * whatever the temperature. Careful with formulas elsewhere, where alpha is often the teacher's share.
 *
 * @throws {ArgumentError} unless the temperature is above 0 and alpha from 0 to 1; and in the call:
 * @throws {ShapeError} unless student and teacher have one shape, and with alpha above 0 the labels theirs without the classes.
 * @throws {DTypeError} unless both are f32 and the labels i32.
 * @example
 * const loss = kd({ temperature: 2, alpha: 0 })(tensor([[1, 0]]), tensor([[1, 0]]), tensor(new Int32Array([1]))); // 0
 */
export function kd(options: KdOptions = {}): DistillLoss {
  checkOptions("kd", options);
  const { temperature = 4, alpha = 0.1 } = options;
  checkTemperature("kd", temperature);
  checkNumber("kd", "alpha", alpha, 0, 1);
  const loss = (student: Tensor, teacher: Tensor, labels: Tensor): Tensor => {
    checkAlike("kd", { student, teacher });
    const { classes } = checkClasses("kd", { student }, {});
    return scope(() => {
      const hard = alpha === 0 ? undefined : mul(crossEntropy(student, labels), alpha);
      if (alpha === 1) return hard!;
      const rows = [student.size / classes, classes];
      const soft = klDivergence(
        logSoftmax(reshape(student, rows), { temperature }),
        logSoftmax(reshape(stopGradient(teacher), rows), { temperature }),
        { logTarget: true, reduction: "batchMean" },
      );
      const scaled = mul(soft, (1 - alpha) * temperature * temperature);
      return hard === undefined ? scaled : add(hard, scaled);
    });
  };
  return Object.assign(loss, { temperature });
}

/**
 * Decoupled knowledge distillation (Zhao et al. 2022): T² · (alpha · TCKD + beta · NCKD), means over the batch. TCKD is the
 * divergence of (p, 1 − p), p the probability of the label; NCKD that of the probabilities among the other classes, which `kd`
 * weights with 1 − p and so forgets where the teacher is sure. The cross-entropy with the labels is not part of it: add it.
 *
 * @throws {ArgumentError} unless the temperature is above 0 and both weights from 0; and in the call:
 * @throws {ShapeError} unless student and teacher have one shape, with two classes or more, and labels theirs without the classes.
 * @throws {DTypeError} unless both are f32 and the labels i32.
 * @example
 * const decoupled = dkd({ temperature: 4, alpha: 1, beta: 8 });
 * const loss = (student, teacher, labels) => add(crossEntropy(student, labels), decoupled(student, teacher, labels));
 */
export function dkd(options: DkdOptions = {}): DistillLoss {
  checkOptions("dkd", options);
  const { temperature = 4, alpha = 1, beta = 8 } = options;
  checkTemperature("dkd", temperature);
  checkNumber("dkd", "alpha", alpha, 0, Number.MAX_VALUE);
  checkNumber("dkd", "beta", beta, 0, Number.MAX_VALUE);
  const loss = (student: Tensor, teacher: Tensor, labels: Tensor): Tensor => {
    checkAlike("dkd", { student, teacher });
    const { classes, lead } = checkClasses("dkd", { student }, {});
    if (classes < 2) throw new ShapeError(`dkd: student is ${show(student.shape)}; it needs two classes or more`);
    checkDType("dkd", "labels", labels, "i32");
    if (!sameShape(labels.shape, lead))
      throw new ShapeError(
        `dkd: student is ${show(student.shape)}, labels ${show(labels.shape)}; labels needs ${show(lead)}`,
      );
    return scope(() => {
      const target = greater(oneHot(labels, { classes }), 0);
      const taught = decouple(mul(stopGradient(teacher), 1 / temperature), target);
      const guess = decouple(mul(student, 1 / temperature), target);
      const others = klDivergence(guess.others, taught.others, { logTarget: true, reduction: "none" });
      const losses = add(
        mul(bernoulli(taught.odds, guess.odds), alpha * temperature * temperature),
        mul(sum(others, { axes: -1 }), beta * temperature * temperature),
      );
      return mean(losses);
    });
  };
  return Object.assign(loss, { temperature });
}

/** Logits as the log-odds of the target, and the log-probabilities among the other classes, −Infinity at the target. */
function decouple(z: Tensor, target: Tensor): { odds: Tensor; others: Tensor } {
  const rest = where(target, Number.NEGATIVE_INFINITY, z);
  const largest = stopGradient(max(rest, { axes: -1, keepDims: true }));
  const total = add(largest, log(sum(exp(sub(rest, largest)), { axes: -1, keepDims: true })));
  const own = sum(where(target, z, 0), { axes: -1, keepDims: true });
  return { odds: reshape(sub(own, total), z.shape.slice(0, -1)), others: sub(rest, total) };
}

/** KL((σ(t), σ(−t)) ‖ (σ(s), σ(−s))), with −ln σ(s) as softplus(−s), so that nothing is rounded to 0. */
function bernoulli(t: Tensor, s: Tensor): Tensor {
  const side = (a: Tensor, b: Tensor) => mul(sigmoid(a), sub(softplus(neg(b)), softplus(neg(a))));
  return add(side(t, s), side(neg(t), neg(s)));
}

function checkTemperature(who: string, temperature: number): void {
  checkNumber(who, "temperature", temperature, Number.MIN_VALUE, Number.MAX_VALUE);
}
