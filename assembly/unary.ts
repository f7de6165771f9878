// One operand. The op is a compile-time constant, so each export is its own straight loop; p and q are its parameters (unused
// by most), and a gradient kernel stands beside its op.
import { madd, nmadd, put, splat } from "./lanes";
import { erf4, exp4, log4, sigmoid4, softplus4, tanh4 } from "./math";

const enum Unary {
  Neg, Abs, Exp, Log, Sqrt, Square, Relu, LeakyRelu, Gelu, GeluTanh, Silu, Sigmoid, Tanh, Softplus, Clamp, Sign,
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
  if (op == Unary.Gelu)
    return f32x4.mul(f32x4.mul(x, splat(0.5)), f32x4.add(erf4(f32x4.mul(x, splat(0.70710677))), splat(1)));
  // ½ (1 + tanh u) = 1 / (1 + e^−2u): nothing cancels where tanh u nears −1.
  if (op == Unary.GeluTanh) return f32x4.div(x, f32x4.add(splat(1), exp4(f32x4.neg(geluArgument(x)))));
  if (op == Unary.Silu) return f32x4.div(x, f32x4.add(splat(1), exp4(f32x4.neg(x))));
  if (op == Unary.Sigmoid) return sigmoid4(x);
  if (op == Unary.Tanh) return tanh4(x);
  if (op == Unary.Softplus) {
    // p: beta, q: threshold on beta · x, above which the line itself is returned
    const z = f32x4.mul(x, p);
    return v128.bitselect(x, f32x4.div(softplus4(z), p), f32x4.gt(z, q));
  }
  // p, q: the values below and from 0; NaN stays
  if (op == Unary.Sign)
    return v128.bitselect(v128.bitselect(p, q, f32x4.lt(x, splat(0))), x, f32x4.eq(x, x));
  return f32x4.min(f32x4.max(x, p), q);
}

/** 2u = 2 √(2/π) · (x + 0.044715 x³) */
// @ts-ignore: decorator
@inline
function geluArgument(x: v128): v128 {
  const w = f32x4.mul(x, x);
  return f32x4.mul(f32x4.mul(x, splat(1.5957691)), madd(w, splat(0.044715), splat(1)));
}

/** f′ = y (1 + x (1 − y)) of an f with f′(s) + f′(−s) = 1, worked out left of 0, where 1 − y loses nothing. */
// @ts-ignore: decorator
@inline
function mirrored(s: v128, y: v128, x: v128): v128 {
  const left = f32x4.mul(y, madd(x, f32x4.sub(splat(1), y), splat(1)));
  return v128.bitselect(left, f32x4.sub(splat(1), left), f32x4.lt(s, splat(0)));
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
    // σ (1 + x (1 − σ) · 2u′) with σ = σ(2u); it is flat long before −64, and 0 · ∞ is kept out.
    const x = f32x4.max(f32x4.neg(f32x4.abs(s)), splat(-64));
    const slope = f32x4.mul(madd(f32x4.mul(x, x), splat(0.134145), splat(1)), splat(1.5957691));
    return f32x4.mul(g, mirrored(s, sigmoid4(geluArgument(x)), f32x4.mul(x, slope)));
  }
  if (op == Unary.Silu) {
    // σ (1 + x (1 − σ))
    const x = f32x4.neg(f32x4.abs(s));
    return f32x4.mul(g, mirrored(s, sigmoid4(x), x));
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

/** Its gradient is that of clamp. */
export function sign_f32(out: usize, x: usize, p: f32, q: f32, begin: usize, end: usize): void {
  unary(Unary.Sign, out, x, p, q, begin, end);
}
