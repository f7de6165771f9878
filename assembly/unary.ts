// One operand. The op is a compile-time constant, so each export is its own straight loop; p and q are its parameters (unused
// by most), and a gradient kernel stands beside its op.
import { madd, nmadd, put, splat } from "./lanes";
import { erf4, exp4, log4, sigmoid4, softplus4, tanh4 } from "./math";

const enum Unary {
  Neg, Abs, Exp, Log, Sqrt, Square, Relu, LeakyRelu, Gelu, GeluTanh, Silu, Sigmoid, Tanh, Softplus, Clamp,
}

// @ts-ignore: decorator
@inline
function unaryLanes(op: Unary, x: v128, p: v128, q: v128): v128 {
  if (op == Unary.Neg) return f32x4.neg(x);
  if (op == Unary.Abs) return f32x4.abs(x);
  if (op == Unary.Exp) return exp4(x);
  if (op == Unary.Log) return log4(x);
  if (op == Unary.Sqrt) return f32x4.sqrt(x);
  if (op == Unary.Square) return f32x4.mul(x, x);
  if (op == Unary.Relu) return f32x4.max(x, splat(0));
  // p: slope
  if (op == Unary.LeakyRelu) return v128.bitselect(f32x4.mul(x, p), x, f32x4.lt(x, splat(0)));
  if (op == Unary.Gelu) {
    const half = f32x4.mul(x, splat(0.5));
    return madd(half, erf4(f32x4.mul(x, splat(0.70710677))), half);
  }
  if (op == Unary.GeluTanh) {
    const half = f32x4.mul(x, splat(0.5));
    return madd(half, tanh4(geluArgument(x)), half);
  }
  if (op == Unary.Silu) return f32x4.div(x, f32x4.add(splat(1), exp4(f32x4.neg(x))));
  if (op == Unary.Sigmoid) return sigmoid4(x);
  if (op == Unary.Tanh) return tanh4(x);
  if (op == Unary.Softplus) {
    // p: beta, q: threshold on beta · x, above which the line itself is returned
    const z = f32x4.mul(x, p);
    return v128.bitselect(x, f32x4.div(softplus4(z), p), f32x4.gt(z, q));
  }
  return f32x4.min(f32x4.max(x, p), q);
}

/** √(2/π) · (x + 0.044715 x³) */
// @ts-ignore: decorator
@inline
function geluArgument(x: v128): v128 {
  const w = f32x4.mul(x, x);
  return f32x4.mul(f32x4.mul(x, splat(0.7978846)), madd(w, splat(0.044715), splat(1)));
}

/** The derivative times `g`. `s` is what the forward op saved: its output for exp, sqrt, sigmoid, tanh, else its input. */
// @ts-ignore: decorator
@inline
function unaryGradLanes(op: Unary, g: v128, s: v128, p: v128, q: v128): v128 {
  const zero = splat(0);
  if (op == Unary.Abs) {
    const signed = v128.or(v128.and(s, splat(-0.0)), splat(1));
    return f32x4.mul(g, v128.bitselect(s, signed, v128.or(f32x4.eq(s, zero), f32x4.ne(s, s))));
  }
  if (op == Unary.Exp) return f32x4.mul(g, s);
  if (op == Unary.Log) return f32x4.div(g, s);
  if (op == Unary.Sqrt) return f32x4.div(g, f32x4.add(s, s));
  if (op == Unary.Square) return f32x4.mul(g, f32x4.add(s, s));
  if (op == Unary.Relu) return v128.andnot(g, f32x4.le(s, zero));
  if (op == Unary.LeakyRelu) return v128.bitselect(f32x4.mul(g, p), g, f32x4.le(s, zero));
  if (op == Unary.Gelu) {
    // Φ(x) + x φ(x)
    const cdf = madd(erf4(f32x4.mul(s, splat(0.70710677))), splat(0.5), splat(0.5));
    const pdf = f32x4.mul(exp4(f32x4.mul(f32x4.mul(s, s), splat(-0.5))), splat(0.3989423));
    return f32x4.mul(g, madd(s, pdf, cdf));
  }
  if (op == Unary.GeluTanh) {
    // ½ (1 + t) + ½ x (1 − t²) √(2/π) (1 + 3 · 0.044715 x²)
    const t = tanh4(geluArgument(s));
    const slope = f32x4.mul(madd(f32x4.mul(s, s), splat(0.134145), splat(1)), splat(0.7978846));
    const bend = f32x4.mul(f32x4.mul(nmadd(t, t, splat(1)), slope), s);
    return f32x4.mul(g, f32x4.mul(f32x4.add(f32x4.add(bend, t), splat(1)), splat(0.5)));
  }
  if (op == Unary.Silu) {
    // σ (1 + x (1 − σ))
    const y = sigmoid4(s);
    return f32x4.mul(g, f32x4.mul(y, madd(s, f32x4.sub(splat(1), y), splat(1))));
  }
  if (op == Unary.Sigmoid) return f32x4.mul(g, f32x4.mul(s, f32x4.sub(splat(1), s)));
  if (op == Unary.Tanh) return f32x4.mul(g, nmadd(s, s, splat(1)));
  if (op == Unary.Softplus) {
    const z = f32x4.mul(s, p);
    return v128.bitselect(g, f32x4.mul(g, sigmoid4(z)), f32x4.gt(z, q));
  }
  // Clamp: the gradient passes where p ≤ x ≤ q
  return v128.andnot(g, v128.or(f32x4.lt(s, p), f32x4.gt(s, q)));
}

// @ts-ignore: decorator
@inline
function unary(op: Unary, out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  const ps = splat(p);
  const qs = splat(q);
  const last = out + (end << 2);
  out += begin << 2;
  x += begin << 2;
  for (; out < last; out += 16, x += 16) put(out, unaryLanes(op, v128.load(x), ps, qs), last);
}

// @ts-ignore: decorator
@inline
function unaryGrad(op: Unary, out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  const ps = splat(p);
  const qs = splat(q);
  const last = out + (end << 2);
  out += begin << 2;
  g += begin << 2;
  s += begin << 2;
  for (; out < last; out += 16, g += 16, s += 16)
    put(out, unaryGradLanes(op, v128.load(g), v128.load(s), ps, qs), last);
}

export function neg_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Neg, out, x, p, q, begin, end);
}
export function abs_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Abs, out, x, p, q, begin, end);
}
export function abs_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Abs, out, g, s, p, q, begin, end);
}
export function exp_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Exp, out, x, p, q, begin, end);
}
export function exp_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Exp, out, g, s, p, q, begin, end);
}
export function log_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Log, out, x, p, q, begin, end);
}
export function log_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Log, out, g, s, p, q, begin, end);
}
export function sqrt_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Sqrt, out, x, p, q, begin, end);
}
export function sqrt_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Sqrt, out, g, s, p, q, begin, end);
}
export function square_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Square, out, x, p, q, begin, end);
}
export function square_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Square, out, g, s, p, q, begin, end);
}
export function relu_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Relu, out, x, p, q, begin, end);
}
export function relu_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Relu, out, g, s, p, q, begin, end);
}
export function leaky_relu_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.LeakyRelu, out, x, p, q, begin, end);
}
export function leaky_relu_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.LeakyRelu, out, g, s, p, q, begin, end);
}
export function gelu_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Gelu, out, x, p, q, begin, end);
}
export function gelu_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Gelu, out, g, s, p, q, begin, end);
}
export function gelu_tanh_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.GeluTanh, out, x, p, q, begin, end);
}
export function gelu_tanh_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.GeluTanh, out, g, s, p, q, begin, end);
}
export function silu_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Silu, out, x, p, q, begin, end);
}
export function silu_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Silu, out, g, s, p, q, begin, end);
}
export function sigmoid_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Sigmoid, out, x, p, q, begin, end);
}
export function sigmoid_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Sigmoid, out, g, s, p, q, begin, end);
}
export function tanh_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Tanh, out, x, p, q, begin, end);
}
export function tanh_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Tanh, out, g, s, p, q, begin, end);
}
export function softplus_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Softplus, out, x, p, q, begin, end);
}
export function softplus_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Softplus, out, g, s, p, q, begin, end);
}
export function clamp_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Clamp, out, x, p, q, begin, end);
}
export function clamp_grad_f32(out: usize, g: usize, s: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unaryGrad(Unary.Clamp, out, g, s, p, q, begin, end);
}
