import { generate, type Reference } from "./array.js";
import { logSumExp } from "./softmax.js";

export interface CrossEntropyOptions {
  readonly labelSmoothing?: number;
  readonly weight?: Reference;
  readonly ignoreIndex?: number;
  readonly reduction?: "mean" | "sum" | "none";
}

/** Logits [rows, classes]; the target holds labels [rows] or probabilities [rows, classes]. */
export interface CrossEntropy {
  readonly losses: Reference;
  /** By `reduction`. */
  readonly value: Reference;
  /** The gradient of the reduced value (of Σ of the losses, if there is no reduction) by the logits. */
  readonly gradient: Reference;
  /** The same by the probabilities. */
  readonly targetGradient: Reference;
}

export function crossEntropy(x: Reference, target: Reference, options: CrossEntropyOptions = {}): CrossEntropy {
  const [rows, classes] = x.shape as [number, number];
  const { labelSmoothing = 0, weight, ignoreIndex, reduction = "mean" } = options;
  const hard = target.shape.length === 1;
  const w = (c: number): number => weight?.data[c] ?? 1;
  const counts = (r: number): boolean => !hard || target.data[r] !== ignoreIndex;
  const share = (r: number, c: number): number => (hard ? Number(target.data[r] === c) : target.data[r * classes + c]!);
  const wanted = (r: number, c: number): number =>
    w(c) * ((1 - labelSmoothing) * share(r, c) + labelSmoothing / classes);

  const losses = generate([rows], () => 0);
  const gradient = generate(x.shape, () => 0);
  const targetGradient = generate(x.shape, () => 0);
  let divisor = 0;
  for (let r = 0; r < rows; r++) {
    if (!counts(r)) continue;
    divisor += hard ? w(target.data[r]!) : 1;
    const logits = Array.from(x.data.subarray(r * classes, (r + 1) * classes));
    const lse = logSumExp(logits);
    const mass = logits.reduce((sum, _, c) => sum + wanted(r, c), 0);
    for (const [c, logit] of logits.entries()) {
      const t = wanted(r, c);
      if (t !== 0) losses.data[r]! += t * (lse - logit);
      gradient.data[r * classes + c] = Math.exp(logit - lse) * mass - t;
      targetGradient.data[r * classes + c] = (1 - labelSmoothing) * w(c) * (lse - logit);
    }
  }
  if (reduction === "none") return { losses, value: losses, gradient, targetGradient };
  const by = reduction === "sum" ? 1 : divisor;
  const reduced = (a: Reference): Reference =>
    generate(a.shape, (i) => (counts(Math.floor(i / classes)) ? a.data[i]! / by : 0));
  const total = losses.data.reduce((sum, loss) => sum + loss, 0);
  return {
    losses,
    value: generate([], () => total / by),
    gradient: reduced(gradient),
    targetGradient: reduced(targetGradient),
  };
}

export function mse(prediction: Reference, target: Reference, reduction: "mean" | "sum" | "none" = "mean"): Reference {
  const squares = generate(prediction.shape, (i) => (prediction.data[i]! - target.data[i]!) ** 2);
  if (reduction === "none") return squares;
  const total = squares.data.reduce((sum, s) => sum + s, 0);
  return generate([], () => (reduction === "sum" ? total : total / squares.data.length));
}
