// Elementary functions on four f32 lanes: ours, because hosts differ in theirs. Polynomials interpolate at
// Chebyshev nodes in f64. Bounds (ULP against f64, plain SIMD, asserted in tests/kernels/math.test.ts):
// exp 1, log 1, tanh 2, erf 2; over all 2³² inputs the worst are 0.97, 0.84, 1.34 and 1.37.
import { madd, nmadd, splat } from "./lanes";

/** eˣ = 2ⁿ · eʳ with |r| ≤ ln2 / 2; ln2 in two parts (Cody & Waite). e⁸⁹ = Inf, e⁻¹⁰⁴ = 0, NaN stays. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const bounded = f32x4.min(f32x4.max(x, splat(-104)), splat(89));
  const n = f32x4.nearest(f32x4.mul(bounded, splat(1.44269504)));
  const r = nmadd(n, splat(1.42860677e-6), nmadd(n, splat(0.693145752), bounded));
  let p = madd(splat(0.000198910304), r, splat(0.00139336858));
  p = madd(p, r, splat(0.00833331048));
  p = madd(p, r, splat(0.041666463));
  p = madd(p, r, splat(0.166666672));
  p = madd(p, r, splat(0.5));
  const e = f32x4.add(madd(f32x4.mul(p, r), r, r), splat(1));
  // 2ⁿ in two factors: n reaches −150 and 128, past the range of one exponent field.
  const exponent = i32x4.trunc_sat_f32x4_s(n);
  const first = i32x4.shr_s(exponent, 1);
  const bias = i32x4.splat(127);
  const low = i32x4.shl(i32x4.add(first, bias), 23);
  const high = i32x4.shl(i32x4.add(i32x4.sub(exponent, first), bias), 23);
  return f32x4.mul(f32x4.mul(e, low), high);
}

/** ln x = e · ln2 + ln m with m in [√½, √2); ln m by s = f / (2 + f) (fdlibm, e_log.c). ln 0 = −Inf, x < 0 is NaN. A call, for size. */
export function log4(x: v128): v128 {
  const tiny = f32x4.lt(x, splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, splat(8388608)), x, tiny);
  const shifted = i32x4.shr_s(i32x4.sub(scaled, i32x4.splat(0x3f3504f3)), 23);
  const m = i32x4.sub(scaled, i32x4.shl(shifted, 23));
  const e = f32x4.convert_i32x4_s(i32x4.sub(shifted, v128.and(tiny, i32x4.splat(23))));
  const f = f32x4.sub(m, splat(1));
  const s = f32x4.div(f, f32x4.add(f, splat(2)));
  const w = f32x4.mul(s, s);
  let q = madd(splat(0.233316153), w, splat(0.285507798));
  q = madd(q, w, splat(0.400001228));
  q = madd(q, w, splat(0.666666687));
  const half = f32x4.mul(f32x4.mul(f, f), splat(0.5));
  const correction = madd(s, madd(q, w, half), f32x4.mul(e, splat(1.42860677e-6)));
  const result = f32x4.sub(f32x4.mul(e, splat(0.693145752)), f32x4.sub(f32x4.sub(half, correction), f));
  // Inf and NaN as they are; 0 to −Inf; below 0 to NaN.
  const special = v128.not(f32x4.lt(x, splat(f32.MAX_VALUE + f32.MAX_VALUE)));
  let y = v128.bitselect(x, result, special);
  y = v128.bitselect(splat(-Infinity), y, f32x4.eq(x, splat(0)));
  return v128.bitselect(splat(NaN), y, f32x4.lt(x, splat(0)));
}

/** ln(1 + x) for x in [0, 1]: the rounding of 1 + x is put back. */
// @ts-ignore: decorator
@inline
export function log1p4(x: v128): v128 {
  const w = f32x4.add(x, splat(1));
  const lost = f32x4.sub(x, f32x4.sub(w, splat(1)));
  return f32x4.add(log4(w), f32x4.div(lost, w));
}

/** tanh x: an odd polynomial below 0.625, 1 − 2 / (e²ˣ + 1) above. */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const a = f32x4.abs(x);
  const w = f32x4.mul(x, x);
  let p = madd(splat(-0.00609671418), w, splat(0.0209971797));
  p = madd(p, w, splat(-0.0538509078));
  p = madd(p, w, splat(0.133327693));
  p = madd(p, w, splat(-0.333333284));
  const near = madd(f32x4.mul(p, w), x, x);
  const e = exp4(f32x4.add(a, a));
  const far = f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(e, splat(1))));
  // The sign goes on last: near 0 the sum would lose that of −0.
  return v128.or(v128.bitselect(near, far, f32x4.lt(a, splat(0.625))), v128.and(x, splat(-0.0)));
}

/** erf x: an odd polynomial below 1, 1 − e^(−x·q(x)) above, 1 from 4 on. */
// @ts-ignore: decorator
@inline
export function erf4(x: v128): v128 {
  const a = f32x4.abs(x);
  const w = f32x4.mul(x, x);
  let p = madd(splat(7.87587487e-5), w, splat(-0.00080168643));
  p = madd(p, w, splat(0.00518908724));
  p = madd(p, w, splat(-0.0268542115));
  p = madd(p, w, splat(0.112835944));
  p = madd(p, w, splat(-0.37612626));
  p = madd(p, w, splat(0.128379166));
  const near = madd(p, x, x);
  const t = f32x4.min(a, splat(4));
  let q = madd(splat(-1.16603246e-6), t, splat(3.659301e-5));
  q = madd(q, t, splat(-0.000515745545));
  q = madd(q, t, splat(0.00437392248));
  q = madd(q, t, splat(-0.0253086016));
  q = madd(q, t, splat(0.108091913));
  q = madd(q, t, splat(0.633971453));
  q = madd(q, t, splat(1.12895727));
  const far = f32x4.sub(splat(1), exp4(f32x4.neg(f32x4.mul(q, t))));
  const signed = v128.or(far, v128.and(x, splat(-0.0)));
  return v128.bitselect(near, signed, f32x4.lt(a, splat(1)));
}

/** 1 / (1 + e⁻ˣ) */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(splat(1), exp4(f32x4.neg(x))));
}

/** ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|) */
// @ts-ignore: decorator
@inline
export function softplus4(x: v128): v128 {
  return f32x4.add(f32x4.max(x, splat(0)), log1p4(exp4(f32x4.neg(f32x4.abs(x)))));
}

/** cos 2πt and, with `quarter` = 1, sin 2πt = cos 2π(t − ¼), for t in [0, 1). */
export function cos2pi4(t: v128, quarter: i32): v128 {
  // The nearest eighth turn leaves |d| ≤ 1/8 of a turn; even quarter turns take the cosine, odd ones the sine.
  const turn = f32x4.nearest(f32x4.mul(t, splat(4)));
  const d = nmadd(turn, splat(0.25), t);
  const w = f32x4.mul(d, d);
  let s = madd(splat(-75.4016113), w, splat(81.5925446));
  s = madd(s, w, splat(-41.3416634));
  s = f32x4.mul(madd(s, w, splat(6.28318548)), d);
  let c = madd(splat(59.2201691), w, splat(-85.4428482));
  c = madd(c, w, splat(64.9393158));
  c = madd(c, w, splat(-19.7392082));
  c = madd(c, w, splat(1));
  // cos(π/2·k + x): k mod 4 = 0: c, 1: −s, 2: −c, 3: s.
  const k = i32x4.sub(i32x4.trunc_sat_f32x4_s(turn), i32x4.splat(quarter));
  const odd = i32x4.ne(v128.and(k, i32x4.splat(1)), i32x4.splat(0));
  const negative = v128.and(i32x4.shl(i32x4.add(k, i32x4.splat(1)), 30), i32x4.splat(0x80000000));
  return v128.xor(v128.bitselect(s, c, odd), negative);
}
