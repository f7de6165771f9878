// One step of an optimizer, in place, in one pass over memory. Formulas and the order of operations are those of
// torch.optim, so the same hyper-parameters mean the same thing. Elements [begin, end).
import { madd, put, splat } from "./lanes";

/** The gradient a step uses: `sign` · g + decay · w (sign −1 climbs). */
// @ts-ignore: decorator
@inline
function gradient(g: usize, w: v128, sign: v128, decay: v128): v128 {
  return madd(decay, w, f32x4.mul(v128.load(g), sign));
}

/**
 * SGD: v ← momentum · v + keep · g, w ← w − lr · v, or with `nesterov` w ← w − lr · (g + momentum · v).
 * `velocity` 0: no momentum. `keep` is 1 − dampening, and 1 in the first step, when v is still 0.
 */
export function sgd_f32(
  w: usize, velocity: usize, g: usize, lr: f32, momentum: f32, keep: f32, decay: f32, sign: f32, nesterov: i32,
  begin: usize, end: usize,
): void {
  for (let i = begin; i < end; i += 4) {
    const at = i << 2;
    const x = v128.load(w + at);
    let d = gradient(g + at, x, splat(sign), splat(decay));
    if (velocity) {
      const v = madd(splat(keep), d, f32x4.mul(splat(momentum), v128.load(velocity + at)));
      put(velocity + at, v, velocity + (end << 2));
      d = nesterov ? madd(splat(momentum), v, d) : v;
    }
    put(w + at, f32x4.sub(x, f32x4.mul(splat(lr), d)), w + (end << 2));
  }
}

/**
 * Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019). `shrink` multiplies w first (AdamW: 1 − lr · λ), `decay` adds
 * to the gradient (Adam: λ). `step` = lr / (1 − β₁ᵗ), `correction` = √(1 − β₂ᵗ).
 * `largest` 0: plain; else AMSGrad's running maximum of the second moment (Reddi et al. 2018).
 */
export function adam_f32(
  w: usize, m: usize, v: usize, largest: usize, g: usize, step: f32, correction: f32, beta1: f32, beta2: f32, rest1: f32,
  rest2: f32, eps: f32, shrink: f32, decay: f32, sign: f32, begin: usize, end: usize,
): void {
  for (let i = begin; i < end; i += 4) {
    const at = i << 2;
    const x = v128.load(w + at);
    const d = gradient(g + at, x, splat(sign), splat(decay));
    const mean = madd(splat(rest1), d, f32x4.mul(splat(beta1), v128.load(m + at)));
    const square = madd(f32x4.mul(splat(rest2), d), d, f32x4.mul(splat(beta2), v128.load(v + at)));
    put(m + at, mean, m + (end << 2));
    put(v + at, square, v + (end << 2));
    let second = square;
    if (largest) {
      second = f32x4.max(square, v128.load(largest + at));
      put(largest + at, second, largest + (end << 2));
    }
    const scale = f32x4.add(f32x4.div(f32x4.sqrt(second), splat(correction)), splat(eps));
    const kept = f32x4.mul(x, splat(shrink));
    put(w + at, f32x4.sub(kept, f32x4.mul(splat(step), f32x4.div(mean, scale))), w + (end << 2));
  }
}

/**
 * RMSProp (Hinton 2012, lecture 6e): s ← α s + (1 − α) g², w ← w − lr · g / (√s + ε). `mean` (0: off) centres s
 * (Graves 2013); `velocity` (0: off) adds momentum.
 */
export function rmsprop_f32(
  w: usize, s: usize, mean: usize, velocity: usize, g: usize, lr: f32, alpha: f32, rest: f32, eps: f32, momentum: f32,
  decay: f32, sign: f32, begin: usize, end: usize,
): void {
  for (let i = begin; i < end; i += 4) {
    const at = i << 2;
    const x = v128.load(w + at);
    const d = gradient(g + at, x, splat(sign), splat(decay));
    const square = madd(f32x4.mul(splat(rest), d), d, f32x4.mul(splat(alpha), v128.load(s + at)));
    put(s + at, square, s + (end << 2));
    let spread = square;
    if (mean) {
      const average = madd(splat(rest), d, f32x4.mul(splat(alpha), v128.load(mean + at)));
      put(mean + at, average, mean + (end << 2));
      spread = f32x4.sub(square, f32x4.mul(average, average));
    }
    let move = f32x4.div(d, f32x4.add(f32x4.sqrt(spread), splat(eps)));
    if (velocity) {
      move = madd(splat(momentum), v128.load(velocity + at), move);
      put(velocity + at, move, velocity + (end << 2));
    }
    put(w + at, f32x4.sub(x, f32x4.mul(splat(lr), move)), w + (end << 2));
  }
}

/** Adagrad (Duchi et al. 2011): s ← s + g², w ← w − lr · g / (√s + ε). */
export function adagrad_f32(
  w: usize, s: usize, g: usize, lr: f32, eps: f32, decay: f32, sign: f32, begin: usize, end: usize,
): void {
  for (let i = begin; i < end; i += 4) {
    const at = i << 2;
    const x = v128.load(w + at);
    const d = gradient(g + at, x, splat(sign), splat(decay));
    const total = madd(d, d, v128.load(s + at));
    put(s + at, total, s + (end << 2));
    const move = f32x4.div(d, f32x4.add(f32x4.sqrt(total), splat(eps)));
    put(w + at, f32x4.sub(x, f32x4.mul(splat(lr), move)), w + (end << 2));
  }
}
