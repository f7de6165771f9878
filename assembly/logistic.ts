// The loss of linear classifiers and its gradient, in f64 over f32 data, in one pass.
import { madd2 } from "./lanes";
import { exp64, log64 } from "./math64";

/**
 * Σ wᵢ · (−ln softmax(logits)ᵢ,label) over rows of x [n, k], and its gradients. `model` holds `free` biases and `free` rows of k
 * weights; if it is fewer than `classes`, the first logit is 0. Rows are summed in `chunks` parts, [begin, end) of them: the same
 * whoever does which. For each part the loss, the gradients as `model` is laid out, and room for the logits. `weights`: of classes.
 */
export function logistic_f64_f32(
  out: usize, x: usize, labels: usize, weights: usize, model: usize, n: usize, k: usize, classes: usize, free: usize,
  chunks: usize, begin: usize, end: usize,
): void {
  const slopes = model + (free << 3);
  const part = (1 + free + free * k + classes) << 3;
  const fixed = classes - free;
  for (; begin < end; begin++) {
    const to = out + begin * part;
    const biases = to + 8;
    const gradient = biases + (free << 3);
    const logits = gradient + ((free * k) << 3);
    memory.fill(to, 0, part);
    const last = ((begin + 1) * n) / chunks;
    for (let i = (begin * n) / chunks; i < last; i++) {
      const row = x + ((i * k) << 2);
      const label = load<u32>(labels + (i << 2));
      let largest: f64 = fixed ? 0 : -Infinity;
      for (let c: usize = 0; c < free; c++) {
        const logit = load<f64>(model + (c << 3)) + dot(row, slopes + ((c * k) << 3), k);
        store<f64>(logits + ((fixed + c) << 3), logit);
        largest = max(largest, logit);
      }
      const truth = load<f64>(logits + (label << 3)) - largest;
      let sum: f64 = fixed ? exp64(-largest) : 0;
      for (let c = fixed; c < classes; c++) {
        const power = exp64(load<f64>(logits + (c << 3)) - largest);
        store<f64>(logits + (c << 3), power);
        sum += power;
      }
      const weight = load<f64>(weights + (label << 3));
      store<f64>(to, load<f64>(to) + weight * (log64(sum) - truth));
      for (let c: usize = 0; c < free; c++) {
        const p = load<f64>(logits + ((fixed + c) << 3)) / sum;
        const error = weight * (fixed + c == label ? p - 1 : p);
        store<f64>(biases + (c << 3), load<f64>(biases + (c << 3)) + error);
        spread(gradient + ((c * k) << 3), row, error, k);
      }
    }
  }
}

/** Σ x · w */
// @ts-ignore: decorator
@inline
function dot(x: usize, w: usize, k: usize): f64 {
  let a = f64x2.splat(0), b = f64x2.splat(0);
  const whole = k & ~3;
  for (let j: usize = 0; j < whole; j += 4) {
    a = madd2(f64x2.promote_low_f32x4(v128.load64_zero(x + (j << 2))), v128.load(w + (j << 3)), a);
    b = madd2(f64x2.promote_low_f32x4(v128.load64_zero(x + (j << 2), 8)), v128.load(w + (j << 3), 16), b);
  }
  a = f64x2.add(a, b);
  let sum = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  for (let j = whole; j < k; j++) sum += <f64>load<f32>(x + (j << 2)) * load<f64>(w + (j << 3));
  return sum;
}

/** to += x · factor */
// @ts-ignore: decorator
@inline
function spread(to: usize, x: usize, factor: f64, k: usize): void {
  const f = f64x2.splat(factor);
  const whole = k & ~3;
  for (let j: usize = 0; j < whole; j += 4, to += 32) {
    v128.store(to, madd2(f64x2.promote_low_f32x4(v128.load64_zero(x + (j << 2))), f, v128.load(to)));
    v128.store(to, madd2(f64x2.promote_low_f32x4(v128.load64_zero(x + (j << 2), 8)), f, v128.load(to, 16)), 16);
  }
  for (let j = whole; j < k; j++, to += 8)
    store<f64>(to, load<f64>(to) + <f64>load<f32>(x + (j << 2)) * factor);
}
