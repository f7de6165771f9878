// A tensor seen as [outer, len, inner]; `len` goes away. Output e sits at outer e / inner, column e % inner. Each
// output is reduced in an order that depends on len alone, so any slice [begin, end) gives the same bits.
import { firstLanes, madd, maxLanes, minLanes, splat, storeLanes, sumLanes } from "./lanes";

const enum Reduce { Sum, Mean, Max, Min, Norm }

// @ts-ignore: decorator
@inline
function start(op: Reduce): v128 {
  if (op == Reduce.Max) return splat(-Infinity);
  if (op == Reduce.Min) return splat(Infinity);
  return splat(0);
}

// @ts-ignore: decorator
@inline
function step(op: Reduce, acc: v128, x: v128): v128 {
  if (op == Reduce.Max) return f32x4.max(acc, x);
  if (op == Reduce.Min) return f32x4.min(acc, x);
  if (op == Reduce.Norm) return madd(x, x, acc);
  return f32x4.add(acc, x);
}

// @ts-ignore: decorator
@inline
function merge(op: Reduce, a: v128, b: v128): v128 {
  if (op == Reduce.Max) return f32x4.max(a, b);
  if (op == Reduce.Min) return f32x4.min(a, b);
  return f32x4.add(a, b);
}

// @ts-ignore: decorator
@inline
function finish(op: Reduce, x: v128, len: usize): v128 {
  if (op == Reduce.Mean) return f32x4.div(x, splat(<f32>len));
  if (op == Reduce.Norm) return f32x4.sqrt(x);
  return x;
}

// @ts-ignore: decorator
@inline
function reduce(op: Reduce, out: usize, x: usize, len: usize, inner: usize, begin: usize, end: usize): void {
  if (inner == 1) {
    for (; begin < end; begin++) store<f32>(out + (begin << 2), row(op, x + ((begin * len) << 2), len));
    return;
  }
  while (begin < end) {
    const col = begin % inner;
    const lanes = min(4, min(inner - col, end - begin));
    let at = x + (((begin / inner) * len * inner + col) << 2);
    let acc = start(op);
    for (let i: usize = 0; i < len; i++, at += inner << 2) acc = step(op, acc, v128.load(at));
    acc = finish(op, acc, len);
    if (lanes == 4) v128.store(out + (begin << 2), acc);
    else storeLanes(out + (begin << 2), acc, lanes);
    begin += lanes;
  }
}

/** One contiguous run, four vectors at a time. */
// @ts-ignore: decorator
@inline
function row(op: Reduce, x: usize, len: usize): f32 {
  let a = start(op), b = start(op), c = start(op), d = start(op);
  const end = x + (len << 2);
  for (; x + 64 <= end; x += 64) {
    a = step(op, a, v128.load(x));
    b = step(op, b, v128.load(x, 16));
    c = step(op, c, v128.load(x, 32));
    d = step(op, d, v128.load(x, 48));
  }
  a = merge(op, merge(op, a, b), merge(op, c, d));
  for (; x + 16 <= end; x += 16) a = step(op, a, v128.load(x));
  if (x < end) a = step(op, a, v128.bitselect(v128.load(x), start(op), firstLanes((end - x) >> 2)));
  const whole = op == Reduce.Max ? maxLanes(a) : op == Reduce.Min ? minLanes(a) : sumLanes(a);
  return f32x4.extract_lane(finish(op, splat(whole), len), 0);
}

export function sum_f32(out: usize, x: usize, len: usize, inner: usize, begin: usize, end: usize): void {
  reduce(Reduce.Sum, out, x, len, inner, begin, end);
}
export function mean_f32(out: usize, x: usize, len: usize, inner: usize, begin: usize, end: usize): void {
  reduce(Reduce.Mean, out, x, len, inner, begin, end);
}
export function max_f32(out: usize, x: usize, len: usize, inner: usize, begin: usize, end: usize): void {
  reduce(Reduce.Max, out, x, len, inner, begin, end);
}
export function min_f32(out: usize, x: usize, len: usize, inner: usize, begin: usize, end: usize): void {
  reduce(Reduce.Min, out, x, len, inner, begin, end);
}
/** √Σx² */
export function norm_f32(out: usize, x: usize, len: usize, inner: usize, begin: usize, end: usize): void {
  reduce(Reduce.Norm, out, x, len, inner, begin, end);
}

/** The gradient of max and min: g in equal parts to the elements equal to the extreme `y` (NaN equals NaN here). */
export function extreme_grad_f32(
  out: usize, g: usize, x: usize, y: usize, len: usize, inner: usize, begin: usize, end: usize,
): void {
  const stride = inner << 2;
  for (; begin < end; begin++) {
    const first = ((begin / inner) * len * inner + (begin % inner)) << 2;
    const last = first + len * stride;
    const extreme = load<f32>(y + (begin << 2));
    let ties: f32 = 0;
    for (let at = first; at < last; at += stride) if (ties_with(load<f32>(x + at), extreme)) ties += 1;
    const share = load<f32>(g + (begin << 2)) / ties;
    for (let at = first; at < last; at += stride)
      store<f32>(out + at, ties_with(load<f32>(x + at), extreme) ? share : 0);
  }
}

// @ts-ignore: decorator
@inline
function ties_with(x: f32, extreme: f32): bool {
  return x == extreme || (x != x && extreme != extreme);
}

/** Index of the largest element, the first of equals; a NaN counts as largest (as in NumPy and PyTorch). */
export function argmax_f32(out: usize, x: usize, len: usize, inner: usize, begin: usize, end: usize): void {
  const stride = inner << 2;
  for (; begin < end; begin++) {
    let at = x + (((begin / inner) * len * inner + (begin % inner)) << 2);
    let best = load<f32>(at);
    let index: u32 = 0;
    for (let i: u32 = 1; i < <u32>len && best == best; i++) {
      at += stride;
      const value = load<f32>(at);
      if (!(value <= best)) {
        best = value;
        index = i;
      }
    }
    store<u32>(out + (begin << 2), index);
  }
}
