// Cross-entropy fused with softmax: loss = Σ_c t_c · (lse(x) − x_c) per row, gradient g · (softmax(x) · Σt − t). The target t is
//   from labels:        t_c = w_c · ((1 − ε) · [c = label] + ε / C), nothing for the ignored label;
//   from probabilities: t_c = w_c · ((1 − ε) · p_c + ε / C);
// with label smoothing ε and class weights w (pointer 0: all 1). `gStep` is 0 where one g serves all rows, else 1.
import { splat } from "./lanes";
import { logOf, rowExp, rowMax } from "./rows";

// @ts-ignore: decorator
@inline
function target(c: usize, cols: usize, base: f32, weights: usize, smoothing: f32): f32 {
  const t = base * (1 - smoothing) + smoothing / <f32>cols;
  return weights ? t * load<f32>(weights + (c << 2)) : t;
}

// @ts-ignore: decorator
@inline
function base(label: i32, probabilities: usize, c: usize): f32 {
  return probabilities ? load<f32>(probabilities + (c << 2)) : <f32>i32(<usize>label == c);
}

/** Loss of one row; `probabilities` 0 means that `label` holds. A class with target 0 costs nothing, even at −Inf. */
function rowLoss(x: usize, label: i32, probabilities: usize, weights: usize, cols: usize, smoothing: f32): f32 {
  const one = splat(1);
  const largest = rowMax(x, cols);
  const lse = logOf(rowExp(0, x, cols, one, splat(largest)));
  let loss: f32 = 0;
  for (let c: usize = 0; c < cols; c++) {
    const t = target(c, cols, base(label, probabilities, c), weights, smoothing);
    if (t != 0) loss += t * (lse - (load<f32>(x + (c << 2)) - largest));
  }
  return loss;
}

function rowGrad(
  out: usize, g: f32, x: usize, label: i32, probabilities: usize, weights: usize, cols: usize, smoothing: f32,
): void {
  const one = splat(1);
  const total = rowExp(out, x, cols, one, splat(rowMax(x, cols)));
  let mass: f32 = 0;
  for (let c: usize = 0; c < cols; c++) mass += target(c, cols, base(label, probabilities, c), weights, smoothing);
  const share = mass / total;
  for (let c: usize = 0; c < cols; c++) {
    const t = target(c, cols, base(label, probabilities, c), weights, smoothing);
    store<f32>(out + (c << 2), g * (load<f32>(out + (c << 2)) * share - t));
  }
}

export function cross_entropy_f32_i32(
  out: usize, x: usize, labels: usize, weights: usize, cols: usize, smoothing: f32, ignored: i32, begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    const label = load<i32>(labels + (begin << 2));
    const loss = label == ignored ? <f32>0 : rowLoss(x + ((begin * cols) << 2), label, 0, weights, cols, smoothing);
    store<f32>(out + (begin << 2), loss);
  }
}

export function cross_entropy_grad_f32_i32(
  out: usize, g: usize, x: usize, labels: usize, weights: usize, gStep: usize, cols: usize, smoothing: f32, ignored: i32,
  begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    const label = load<i32>(labels + (begin << 2));
    const row = (begin * cols) << 2;
    if (label == ignored) memory.fill(out + row, 0, cols << 2);
    else rowGrad(out + row, load<f32>(g + ((begin * gStep) << 2)), x + row, label, 0, weights, cols, smoothing);
  }
}

/** The weight of each row in a mean: w[label], 0 for the ignored label. */
export function label_weight_f32_i32(
  out: usize, labels: usize, weights: usize, ignored: i32, begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    const label = load<i32>(labels + (begin << 2));
    const weight = label == ignored ? <f32>0 : weights ? load<f32>(weights + (label << 2)) : <f32>1;
    store<f32>(out + (begin << 2), weight);
  }
}

export function cross_entropy_f32(
  out: usize, x: usize, probabilities: usize, weights: usize, cols: usize, smoothing: f32, begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    const row = (begin * cols) << 2;
    store<f32>(out + (begin << 2), rowLoss(x + row, 0, probabilities + row, weights, cols, smoothing));
  }
}

export function cross_entropy_grad_f32(
  out: usize, g: usize, x: usize, probabilities: usize, weights: usize, gStep: usize, cols: usize, smoothing: f32,
  begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    const row = (begin * cols) << 2;
    rowGrad(out + row, load<f32>(g + ((begin * gStep) << 2)), x + row, 0, probabilities + row, weights, cols, smoothing);
  }
}

/** The gradient to the probabilities: g · (1 − ε) · w_c · (lse − x_c). */
export function cross_entropy_target_grad_f32(
  out: usize, g: usize, x: usize, weights: usize, gStep: usize, cols: usize, smoothing: f32, begin: usize, end: usize,
): void {
  const one = splat(1);
  for (; begin < end; begin++) {
    const row = (begin * cols) << 2;
    const largest = rowMax(x + row, cols);
    const lse = logOf(rowExp(0, x + row, cols, one, splat(largest)));
    const factor = load<f32>(g + ((begin * gStep) << 2)) * (1 - smoothing);
    for (let c: usize = 0; c < cols; c++) {
      const weight = weights ? load<f32>(weights + (c << 2)) : <f32>1;
      const at = row + (c << 2);
      store<f32>(out + at, factor * weight * (lse - (load<f32>(x + at) - largest)));
    }
  }
}
