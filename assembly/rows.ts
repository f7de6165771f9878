// Passes over one contiguous row, shared by kernels.
import { firstLanes, madd2, maxLanes, put, splat, sumLanes } from "./lanes";
import { exp4, log4 } from "./math";

/** Largest of the row. */
export function rowMax(x: usize, cols: usize): f32 {
  let m = splat(-Infinity);
  const end = x + (cols << 2);
  for (; x + 16 <= end; x += 16) m = f32x4.max(m, v128.load(x));
  if (x < end) m = f32x4.max(m, v128.bitselect(v128.load(x), m, firstLanes((end - x) >> 2)));
  return maxLanes(m);
}

/**
 * Σ e^(scale · (x − max)); each term goes to `out` too, if there is one. The difference comes first: scaling would round large
 * logits that lie close together.
 */
export function rowExp(out: usize, x: usize, cols: usize, scale: v128, largest: v128): f32 {
  let total = splat(0);
  const end = x + (cols << 2);
  const to = out - x;
  for (; x < end; x += 16) {
    const e = exp4(f32x4.mul(f32x4.sub(v128.load(x), largest), scale));
    const lanes = (end - x) >> 2;
    total = f32x4.add(total, lanes < 4 ? v128.and(e, firstLanes(lanes)) : e);
    if (out) put(to + x, e, to + end);
  }
  return sumLanes(total);
}

/** ln of a positive number. */
// @ts-ignore: decorator
@inline
export function logOf(x: f32): f32 {
  return f32x4.extract_lane(log4(splat(x)), 0);
}

/** How many of `size` numbers come before number i, from the largest down. */
// @ts-ignore: decorator
@inline
export function rank(x: usize, i: usize, size: usize): usize {
  const own = load<f32>(x + (i << 2));
  let before: usize = 0;
  for (let j: usize = 0; j < i; j++) before += usize(load<f32>(x + (j << 2)) >= own);
  for (let j = i + 1; j < size; j++) before += usize(load<f32>(x + (j << 2)) > own);
  return before;
}

/** row −= factor · above, f64, from byte to byte: four at a time. */
export function subtract(row: usize, above: usize, factor: f64, from: usize, to: usize): void {
  const f = f64x2.splat(-factor);
  for (let at = from; at < to; at += 32) {
    v128.store(row + at, madd2(f, v128.load(above + at), v128.load(row + at)));
    v128.store(row + at, madd2(f, v128.load(above + at, 16), v128.load(row + at, 16)), 16);
  }
}
