import { checkChoice, checkNumber } from "../check.js";
import { ArgumentError, GradientError, ShapeError } from "../errors.js";
import { apply, checkDType, checkTensor, type Op, type OutPlan } from "../op.js";
import { scope } from "../scope.js";
import { checkAxis, type Shape, sameShape, show, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { div, sub } from "./binary.js";
import { checkIndices } from "./gather.js";
import { reshape, transpose } from "./layout.js";
import { mean, sum } from "./reduce.js";
import { square } from "./unary.js";

/** How the losses of single examples become one number: their mean, their sum, or not at all. */
export type Reduction = "mean" | "sum" | "none";

/** What losses over classes share. */
export interface ClassOptions {
  /** Which axis holds the classes. Default −1 (PyTorch: 1). */
  axis?: number;
  /** f32 [classes]: weight of each class. */
  weight?: Tensor;
  /** A label that counts for nothing (PyTorch: −100). Default: none. */
  ignoreIndex?: number;
}

export interface CrossEntropyOptions extends ClassOptions {
  /** Share of the target that is spread evenly over the classes (Szegedy et al. 2016). Default 0. */
  labelSmoothing?: number;
  /** Default "mean": for labels the mean weighted by `weight`, as in PyTorch. */
  reduction?: Reduction;
}

interface Params {
  readonly smoothing: number;
  readonly ignored: number;
}

interface LossPlan extends OutPlan<"f32"> {
  readonly cols: number;
}

interface GradPlan extends LossPlan {
  /** 0 where one gradient serves all rows. */
  readonly gStep: number;
}

type LossOp = Op<Params, LossPlan>;
type LossGradOp = Op<Params, GradPlan>;

/** No label has this value: labels are checked to be classes, or the ignored one. */
const noLabel = -(2 ** 31);

/** Inputs: logits [rows, classes], labels i32 [rows], maybe weights. */
const fromLabels: LossOp = {
  name: "crossEntropy",
  infer: lossPlan,
  wasm(k, out, [x, labels, weight], { cols }, { smoothing, ignored }, begin, end) {
    k.cross_entropy_f32_i32(out, x!, labels!, weight ?? 0, cols, smoothing, ignored, begin, end);
  },
  vjp: (g, { inputs, params, needs }) => {
    refuseWeight(needs);
    return [apply(fromLabelsGrad, [g, ...inputs], params), undefined, undefined];
  },
};

const fromLabelsGrad: LossGradOp = {
  name: "the gradient of crossEntropy",
  infer: gradPlan,
  wasm(k, out, [g, x, labels, weight], { gStep, cols }, { smoothing, ignored }, begin, end) {
    k.cross_entropy_grad_f32_i32(out, g!, x!, labels!, weight ?? 0, gStep, cols, smoothing, ignored, begin, end);
  },
};

function lossPlan([x]: readonly Tensor[]): LossPlan {
  const [rows, cols] = x!.shape as [number, number];
  return { shape: [rows], dtype: "f32", work: rows, cols };
}

function gradPlan([g, x]: readonly Tensor[]): GradPlan {
  const [rows, cols] = x!.shape as [number, number];
  return { shape: x!.shape, dtype: "f32", work: rows, cols, gStep: g!.rank };
}

/** The mean of the losses of all rows, which are nowhere but in scratch. */
// @__NO_SIDE_EFFECTS__
function meanOf(op: LossOp): LossOp {
  return {
    name: op.name,
    infer(inputs, params) {
      const { work, cols } = op.infer(inputs, params);
      return { shape: [], dtype: "f32", prepareWork: work, scratch: work * 4, work: 1, cols };
    },
    prepare(k, _, inputs, plan, params, begin, end, scratch) {
      op.wasm(k, scratch, inputs, plan, params, begin, end, 0);
    },
    wasm(k, out, _, { prepareWork }, __, begin, end, scratch) {
      k.mean_f32(out, scratch, prepareWork!, 1, begin, end);
    },
    vjp: (g, of) => op.vjp!(div(g, of.plan.prepareWork!), of),
  };
}

/** Class weights are settings; a silent 0 would be a wrong gradient. */
function refuseWeight(needs: readonly boolean[]): void {
  if (needs[2])
    throw new GradientError(
      "crossEntropy: no gradient flows to weight; wrap it in stopGradient(), or multiply the losses instead",
    );
}

/** Inputs: labels, maybe weights. */
const labelWeight: Op<Params> = {
  name: "labelWeight",
  infer: ([labels]): OutPlan => ({ shape: labels!.shape, dtype: "f32", work: labels!.size }),
  wasm(k, out, [labels, weight], _, { ignored }, begin, end) {
    k.label_weight_f32_i32(out, labels!, weight ?? 0, ignored, begin, end);
  },
};

/** Inputs: logits and target probabilities [rows, classes], maybe weights. */
const fromProbabilities: LossOp = {
  name: "crossEntropy",
  infer: lossPlan,
  wasm(k, out, [x, target, weight], { cols }, { smoothing }, begin, end) {
    k.cross_entropy_f32(out, x!, target!, weight ?? 0, cols, smoothing, begin, end);
  },
  vjp: (g, { inputs, params, needs }) => {
    const [x, , ...weight] = inputs;
    refuseWeight(needs);
    return [
      needs[0] ? apply(fromProbabilitiesGrad, [g, ...inputs], params) : undefined,
      needs[1] ? apply(targetGrad, [g, x!, ...weight], params) : undefined,
      undefined,
    ];
  },
};

const fromProbabilitiesGrad: LossGradOp = {
  name: "the gradient of crossEntropy",
  infer: gradPlan,
  wasm(k, out, [g, x, target, weight], { gStep, cols }, { smoothing }, begin, end) {
    k.cross_entropy_grad_f32(out, g!, x!, target!, weight ?? 0, gStep, cols, smoothing, begin, end);
  },
};

const targetGrad: LossGradOp = {
  name: "the target gradient of crossEntropy",
  infer: gradPlan,
  wasm(k, out, [g, x, weight], { gStep, cols }, { smoothing }, begin, end) {
    k.cross_entropy_target_grad_f32(out, g!, x!, weight ?? 0, gStep, cols, smoothing, begin, end);
  },
};

const meanFromLabels = meanOf(fromLabels);
const meanFromProbabilities = meanOf(fromProbabilities);

/**
 * Cross-entropy of softmax(logits) against labels (i32, one axis fewer) or probabilities (f32, the shape of the logits), fused:
 * no probability is ever rounded to 0. A class whose target is 0 costs nothing, even at −Infinity.
 *
 * @throws {ShapeError} if the shapes do not fit, or a label is no class.
 * @throws {DTypeError} unless logits are f32.
 * @throws {ArgumentError} if an option is out of its range.
 * @example
 * const loss = crossEntropy(tensor([[2, 0], [0, 3]]), tensor(new Int32Array([0, 1]))); // 0.0878
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor<"f32"> {
  const { labelSmoothing = 0, ignoreIndex, reduction = "mean" } = options;
  const { at, classes, lead } = checkClasses("crossEntropy", { logits }, options);
  checkNumber("crossEntropy", "labelSmoothing", labelSmoothing, 0, 1);
  checkReduction("crossEntropy", reduction);
  checkTensor("crossEntropy", target);
  const hard = target.dtype === "i32";
  const expected = hard ? lead : logits.shape;
  if (!sameShape(target.shape, expected))
    throw new ShapeError(
      `crossEntropy: logits are ${show(logits.shape)}, ${hard ? "labels" : "probabilities"} ${show(target.shape)}; ` +
        `the target needs ${show(expected)}${hard ? "" : `; labels are i32 ${show(lead)}, and for numbers take another loss, such as mse`}`,
    );
  if (hard) checkIndices("crossEntropy", "labels", target, classes, ignoreIndex);
  else checkDType("crossEntropy", "target", target, "f32");
  return scope(() => lossOf(logits, target, options, at, lead));
}

function lossOf(x: Tensor, target: Tensor, options: CrossEntropyOptions, at: number, lead: Shape): Tensor<"f32"> {
  const { labelSmoothing = 0, weight, ignoreIndex = noLabel, reduction = "mean" } = options;
  const hard = target.dtype === "i32";
  const rows = hard ? asList(target) : classRows(target, at);
  const inputs = weight === undefined ? [classRows(x, at), rows] : [classRows(x, at), rows, weight];
  const params = { smoothing: labelSmoothing, ignored: ignoreIndex };
  const weighs = hard && (weight !== undefined || ignoreIndex !== noLabel);
  if (reduction === "mean" && !weighs) return apply(hard ? meanFromLabels : meanFromProbabilities, inputs, params);
  const losses = apply(hard ? fromLabels : fromProbabilities, inputs, params);
  if (reduction === "mean") return div(sum(losses), sum(labelWeights(rows, options)));
  return reduceLosses(losses, lead, reduction);
}

function asList(x: Tensor): Tensor {
  return x.rank === 1 ? x : reshape(x, [x.size]);
}

/** Guards what losses over classes share: where the classes are, how many, and the shape that labels and losses have. */
export function checkClasses(
  who: string,
  input: { readonly [name: string]: Tensor },
  { axis = -1, weight, ignoreIndex }: ClassOptions,
): { at: number; classes: number; lead: Shape } {
  const [name, x] = Object.entries(input)[0]!;
  checkDType(who, name, x, "f32");
  if (ignoreIndex !== undefined && ignoreIndex !== (ignoreIndex | 0))
    throw new ArgumentError(
      `${who}: ignoreIndex is ${ignoreIndex}; labels are i32, it must be an integer of that range`,
    );
  const at = checkAxis(who, axis, x.rank);
  const classes = x.shape[at]!;
  if (classes === 0)
    throw new ShapeError(`${who}: ${name} ${show(x.shape)} have no classes along axis ${axis}; they need at least one`);
  if (weight !== undefined) {
    checkDType(who, "weight", weight, "f32");
    if (!sameShape(weight.shape, [classes]))
      throw new ShapeError(
        `${who}: weight is ${show(weight.shape)}, there are ${classes} classes; it needs [${classes}]`,
      );
  }
  return { at, classes, lead: x.shape.filter((_, i) => i !== at) };
}

/** x as [rows, classes]. */
export function classRows(x: Tensor, at: number): Tensor {
  if (x.rank === 2 && at === 1) return x;
  const rest = x.shape.map((_, i) => i).filter((i) => i !== at);
  const last = at === x.rank - 1 ? x : transpose(x, [...rest, at]);
  return reshape(last, [sizeOf(rest.map((i) => x.shape[i]!)), x.shape[at]!]);
}

/** What each of the labels [rows] weighs in a mean: as much as its class, 0 if it is ignored. */
export function labelWeights(labels: Tensor, { weight, ignoreIndex = noLabel }: ClassOptions): Tensor<"f32"> {
  const inputs = weight === undefined ? [labels] : [labels, weight];
  return apply(labelWeight, inputs, { smoothing: 0, ignored: ignoreIndex }) as Tensor<"f32">;
}

/** Guards a reduction. */
export function checkReduction(who: string, reduction: Reduction): void {
  checkChoice(who, "reduction", reduction, ["mean", "sum", "none"]);
}

/** The losses of single examples, of this shape, as a reduction wants them. */
export function reduceLosses(losses: Tensor, shape: Shape, reduction: Reduction): Tensor<"f32"> {
  if (reduction === "none") return reshape(losses, shape) as Tensor<"f32">;
  return reduction === "sum" ? sum(losses) : mean(losses);
}

/** Guards two operands that a loss compares: f32 and of one shape, nothing is broadcast by mistake. */
export function checkAlike(who: string, pair: { readonly [name: string]: Tensor }): void {
  const [[first, a], [second, b]] = Object.entries(pair) as [[string, Tensor], [string, Tensor]];
  for (const operand of [a, b]) checkTensor(who, operand);
  if (!sameShape(a.shape, b.shape))
    throw new ShapeError(
      `${who}: ${first} is ${show(a.shape)}, ${second} ${show(b.shape)}; they need one shape; ` +
        "use reshape() or expand(), or in a dataset targetShape: [1] for a model with one output",
    );
  checkDType(who, first, a, "f32");
  checkDType(who, second, b, "f32");
}

/**
 * Squared error (prediction − target)², averaged over all elements unless `reduction` says otherwise.
 *
 * @throws {ShapeError} unless both have one shape: nothing is broadcast by mistake.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const loss = mse(tensor([1, 2]), tensor([1, 4])); // 2
 */
export function mse(prediction: Tensor, target: Tensor, options: { reduction?: Reduction } = {}): Tensor<"f32"> {
  const { reduction = "mean" } = options;
  checkAlike("mse", { prediction, target });
  checkReduction("mse", reduction);
  return scope(() => reduceLosses(square(sub(prediction, target)), prediction.shape, reduction));
}
