// Quantization as f32: code = clip(rne(x / scale) + zero, low, high), value = (code − zero) · scale, ties to even. What
// quantization-aware training runs on; affine.ts stores codes of the same formula.
//
// A tensor is seen as rows of `len` elements, each cut into runs of `group`, the last maybe short. Row r takes its scales and zeros
// from (r % channels) · runs on: one pair for all, one per channel of any axis, or one per group of a row.
import { firstLanes, madd, put, splat, sumLanes } from "./lanes";

const enum Pass { Value, Code, Inside, Strict }

// @ts-ignore: decorator
@inline
function lanes(pass: Pass, x: v128, g: v128, scale: v128, zero: v128, low: v128, high: v128): v128 {
  const v = f32x4.div(x, scale);
  // LSQ: v itself within the bounds; else the code, so that what rounds to a bound still passes.
  if (pass == Pass.Strict) return v128.and(g, v128.and(f32x4.gt(v, low), f32x4.lt(v, high)));
  const code = f32x4.add(f32x4.nearest(v), zero);
  if (pass == Pass.Inside) return v128.and(g, v128.and(f32x4.ge(code, low), f32x4.le(code, high)));
  const clipped = f32x4.min(f32x4.max(code, low), high);
  return pass == Pass.Code ? i32x4.trunc_sat_f32x4_s(clipped) : f32x4.mul(f32x4.sub(clipped, zero), scale);
}

// @ts-ignore: decorator
@inline
function rows(
  pass: Pass, out: usize, g: usize, x: usize, scale: usize, zero: usize, channels: usize, len: usize, group: usize,
  low: f32, high: f32, begin: usize, end: usize,
): void {
  const runs = (len + group - 1) / group;
  const lows = splat(low);
  const highs = splat(high);
  for (; begin < end; begin++) {
    const first = (begin * len) << 2;
    let at = ((begin % channels) * runs) << 2;
    for (let i: usize = 0; i < len; i += group, at += 4) {
      const scales = v128.load32_splat(scale + at);
      const zeros = zero ? v128.load32_splat(zero + at) : splat(0);
      const last = first + (min(len, i + group) << 2);
      for (let j = first + (i << 2); j < last; j += 16)
        put(out + j, lanes(pass, v128.load(x + j), v128.load(g + j), scales, zeros, lows, highs), out + last);
    }
  }
}

/** `zero` 0: no zero points. */
export function fake_quantize_f32(
  out: usize, x: usize, scale: usize, zero: usize, channels: usize, len: usize, group: usize, low: f32, high: f32,
  begin: usize, end: usize,
): void {
  rows(Pass.Value, out, x, x, scale, zero, channels, len, group, low, high, begin, end);
}

/** The codes themselves, i32; 0 of NaN. */
export function quantize_codes_f32(
  out: usize, x: usize, scale: usize, zero: usize, channels: usize, len: usize, group: usize, low: f32, high: f32,
  begin: usize, end: usize,
): void {
  rows(Pass.Code, out, x, x, scale, zero, channels, len, group, low, high, begin, end);
}

/** Straight through: g where the code before clipping lies within [low, high], else 0. */
export function fake_quantize_grad_f32(
  out: usize, g: usize, x: usize, scale: usize, zero: usize, channels: usize, len: usize, group: usize, low: f32,
  high: f32, begin: usize, end: usize,
): void {
  rows(Pass.Inside, out, g, x, scale, zero, channels, len, group, low, high, begin, end);
}

/** LSQ's: g where low < x / scale < high, else 0. */
export function lsq_grad_f32(
  out: usize, g: usize, x: usize, scale: usize, channels: usize, len: usize, group: usize, low: f32, high: f32,
  begin: usize, end: usize,
): void {
  rows(Pass.Strict, out, g, x, scale, 0, channels, len, group, low, high, begin, end);
}

/**
 * LSQ's gradient of the scales, `damp` times Σ g · d with d = low, high or rne(v) − v, v = x / scale. One per channel and run,
 * [begin, end) of them: each sums its run of every row of its channel, in the order of the rows.
 */
export function lsq_scale_grad_f32(
  out: usize, g: usize, x: usize, scale: usize, rows: usize, channels: usize, len: usize, group: usize, low: f32,
  high: f32, damp: f32, begin: usize, end: usize,
): void {
  const runs = (len + group - 1) / group;
  for (; begin < end; begin++) {
    const scales = v128.load32_splat(scale + (begin << 2));
    const start = (begin % runs) * group;
    const size = min(group, len - start);
    let sum = splat(0);
    for (let row = begin / runs; row < rows; row += channels) {
      let at = (row * len + start) << 2;
      const last = at + (size << 2);
      for (; at < last; at += 16) {
        const v = f32x4.div(v128.load(x + at), scales);
        const inside = f32x4.sub(f32x4.nearest(v), v);
        const below = v128.bitselect(splat(low), inside, f32x4.le(v, splat(low)));
        const d = v128.bitselect(splat(high), below, f32x4.ge(v, splat(high)));
        const next = madd(v128.load(g + at), d, sum);
        sum = at + 16 <= last ? next : v128.bitselect(next, sum, firstLanes((last - at) >> 2));
      }
    }
    store<f32>(out + (begin << 2), sumLanes(sum) * damp);
  }
}
