import { apply, type Op, type OutPlan } from "../op.js";
import type { Tensor } from "../tensor.js";
import { doubles, readDoubles } from "./system.js";

/** Parts that rows are summed in, whoever sums which. */
const chunks = 8;

interface LogisticPlan extends OutPlan<"u8"> {
  readonly rows: number;
  readonly k: number;
  /** Numbers of a part: the loss, the gradient, room for the logits. */
  readonly part: number;
}

const logisticOp: Op<{ readonly classes: number; readonly free: number }, LogisticPlan> = {
  name: "logistic",
  infer([x], { classes, free }) {
    const [rows, k] = x!.shape as [number, number];
    const part = 1 + free + free * k + classes;
    return { shape: [chunks * part * 8], dtype: "u8", work: chunks, rows, k, part };
  },
  wasm(kernels, out, [x, labels, weights, model], { rows, k }, { classes, free }, begin, end) {
    kernels.logistic_f64_f32(out, x!, labels!, weights!, model!, rows, k, classes, free, chunks, begin, end);
  },
};

/** What a linear classifier is fitted to. */
export interface Labelled {
  /** f32 [n, k] */
  readonly x: Tensor;
  /** i32 [n], each from 0 to classes − 1. */
  readonly labels: Tensor;
  /** f64 [classes], as bytes. */
  readonly weights: Tensor<"u8">;
  readonly classes: number;
  /** Logits that are free: all of the classes, or one less where the first is 0. */
  readonly free: number;
}

/**
 * The weighted cross-entropy of all rows and its gradient.
 *
 * @param model `free` biases, then `free` rows of k weights.
 */
export function logisticLoss(
  { x, labels, weights, classes, free }: Labelled,
  model: Float64Array,
): { loss: number; gradient: Float64Array } {
  const onHeap = doubles(model);
  const made = apply(logisticOp, [x, labels, weights, onHeap], { classes, free });
  const parts = readDoubles(made);
  for (const t of [onHeap, made]) t.dispose();
  const part = parts.length / chunks;
  const sums = parts.slice(0, 1 + model.length);
  for (let chunk = 1; chunk < chunks; chunk++)
    for (let i = 0; i < sums.length; i++) sums[i]! += parts[chunk * part + i]!;
  return { loss: sums[0]!, gradient: sums.subarray(1) };
}
