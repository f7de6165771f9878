// Proximal steps: argmin ½‖u − x‖² + penalty(u), in closed form (Parikh & Boyd 2014). In place where out is x. NaN stays NaN.
import { firstLanes, put, splat } from "./lanes";

/** sign(x) · max(|x| − λ, 0): what lies within ±λ is +0, exactly. */
// @ts-ignore: decorator
@inline
function soft(x: v128, lambda: v128): v128 {
  return f32x4.sub(x, f32x4.min(f32x4.max(x, f32x4.neg(lambda)), lambda));
}

/** Penalty l1 · ‖u‖₁ + ½ l2 · ‖u‖², elements [begin, end); `divisor` is 1 + l2. */
export function prox_elastic_f32(out: usize, x: usize, l1: f32, divisor: f32, begin: usize, end: usize): void {
  for (let i = begin << 2; i < end << 2; i += 16)
    put(out + i, f32x4.div(soft(v128.load(x + i), splat(l1)), splat(divisor)), out + (end << 2));
}

/** Penalty ½ limit² · ‖u‖₀, elements [begin, end): 0 where |x| ≤ limit. */
export function prox_hard_f32(out: usize, x: usize, limit: f32, begin: usize, end: usize): void {
  for (let i = begin << 2; i < end << 2; i += 16) {
    const value = v128.load(x + i);
    put(out + i, v128.andnot(value, f32x4.le(f32x4.abs(value), splat(limit))), out + (end << 2));
  }
}

/**
 * Penalty l1 · ‖u‖₁ + group · Σ‖uᵍ‖₂ + ½ l2 · ‖u‖²; `divisor` is 1 + l2. x is [outer, len, inner], a group runs along len;
 * groups [begin, end) of outer · inner. Norms are summed in f64: no square over- or underflows.
 */
export function prox_group_f32(
  out: usize, x: usize, len: usize, inner: usize, l1: f32, group: f32, divisor: f32, begin: usize, end: usize,
): void {
  const lambda = splat(l1);
  while (begin < end) {
    const col = begin % inner;
    const at = ((begin / inner) * len * inner + col) << 2;
    if (inner == 1) {
      const last = at + (len << 2);
      let sums = f64x2.splat(0);
      for (let i = at; i < last; i += 16) {
        const u = v128.and(soft(v128.load(x + i), lambda), firstLanes(min(last - i, 16) >> 2));
        sums = f64x2.add(sums, f64x2.add(squares(u), squares(i64x2.shuffle(u, u, 1, 1))));
      }
      const factor = f32x4.splat(<f32>share(f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1), group));
      for (let i = at; i < last; i += 16) put(out + i, scaled(x + i, lambda, factor, divisor), out + last);
      begin++;
      continue;
    }
    // Four columns at once.
    const lanes = min(4, min(inner - col, end - begin));
    const last = at + ((len * inner) << 2);
    let low = f64x2.splat(0);
    let high = low;
    for (let i = at; i < last; i += inner << 2) {
      const u = soft(v128.load(x + i), lambda);
      low = f64x2.add(low, squares(u));
      high = f64x2.add(high, squares(i64x2.shuffle(u, u, 1, 1)));
    }
    const factor = f32x4(
      <f32>share(f64x2.extract_lane(low, 0), group), <f32>share(f64x2.extract_lane(low, 1), group),
      <f32>share(f64x2.extract_lane(high, 0), group), <f32>share(f64x2.extract_lane(high, 1), group),
    );
    for (let i = at; i < last; i += inner << 2)
      put(out + i, scaled(x + i, lambda, factor, divisor), out + i + (lanes << 2));
    begin += lanes;
  }
}

/** Squares of the first two lanes. */
// @ts-ignore: decorator
@inline
function squares(x: v128): v128 {
  const wide = f64x2.promote_low_f32x4(x);
  return f64x2.mul(wide, wide);
}

/** What a group keeps of itself: max(0, 1 − λ / norm), NaN if that is. */
// @ts-ignore: decorator
@inline
function share(sum: f64, lambda: f32): f64 {
  const norm = sqrt(sum);
  return norm <= <f64>lambda ? 0 : 1 - <f64>lambda / norm;
}

/** A zero that falls with its group is +0, too. */
// @ts-ignore: decorator
@inline
function scaled(x: usize, lambda: v128, factor: v128, divisor: f32): v128 {
  return f32x4.div(f32x4.add(f32x4.mul(soft(v128.load(x), lambda), factor), splat(0)), splat(divisor));
}
