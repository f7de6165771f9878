// Softmax over contiguous rows of `cols`. `scale` multiplies the logits first (1 / temperature). A row with +Inf or NaN,
// or all −Inf, is NaN (as in PyTorch).
import { firstLanes, madd, nmadd, put, splat, sumLanes } from "./lanes";
import { exp4 } from "./math";
import { logOf, rowExp, rowMax } from "./rows";

// @ts-ignore: decorator
@inline
function scaleRow(x: usize, cols: usize, factor: v128): void {
  const end = x + (cols << 2);
  for (; x < end; x += 16) put(x, f32x4.mul(v128.load(x), factor), end);
}

export function softmax_f32(out: usize, x: usize, cols: usize, scale: f32, begin: usize, end: usize): void {
  const s = splat(scale);
  const stride = cols << 2;
  out += begin * stride;
  x += begin * stride;
  for (; begin < end; begin++, out += stride, x += stride) {
    const total = rowExp(out, x, cols, s, splat(rowMax(x, cols)));
    scaleRow(out, cols, splat(1 / total));
  }
}

/** dx = scale · y · (g − Σ g·y) */
export function softmax_grad_f32(out: usize, g: usize, y: usize, cols: usize, scale: f32, begin: usize, end: usize): void {
  const s = splat(scale);
  const stride = cols << 2;
  for (let row = begin * stride; begin < end; begin++, row += stride) {
    let at = row;
    const last = row + stride;
    let dot = splat(0);
    for (; at + 16 <= last; at += 16) dot = madd(v128.load(g + at), v128.load(y + at), dot);
    if (at < last)
      dot = f32x4.add(dot, v128.and(f32x4.mul(v128.load(g + at), v128.load(y + at)), firstLanes((last - at) >> 2)));
    const whole = splat(sumLanes(dot));
    for (at = row; at < last; at += 16)
      put(
        out + at, f32x4.mul(s, f32x4.mul(v128.load(y + at), f32x4.sub(v128.load(g + at), whole))), out + last,
      );
  }
}

export function log_softmax_f32(out: usize, x: usize, cols: usize, scale: f32, begin: usize, end: usize): void {
  const s = splat(scale);
  const stride = cols << 2;
  out += begin * stride;
  x += begin * stride;
  for (; begin < end; begin++, out += stride, x += stride) {
    const largest = splat(rowMax(x, cols));
    const shift = splat(logOf(rowExp(0, x, cols, s, largest)));
    for (let at: usize = 0; at < stride; at += 16)
      put(out + at, f32x4.sub(f32x4.mul(f32x4.sub(v128.load(x + at), largest), s), shift), out + stride);
  }
}

/** dx = scale · (g − eʸ · Σg) */
export function log_softmax_grad_f32(
  out: usize, g: usize, y: usize, cols: usize, scale: f32, begin: usize, end: usize,
): void {
  const s = splat(scale);
  const stride = cols << 2;
  for (let row = begin * stride; begin < end; begin++, row += stride) {
    let at = row;
    const last = row + stride;
    let total = splat(0);
    for (; at + 16 <= last; at += 16) total = f32x4.add(total, v128.load(g + at));
    if (at < last) total = f32x4.add(total, v128.and(v128.load(g + at), firstLanes((last - at) >> 2)));
    const whole = splat(sumLanes(total));
    for (at = row; at < last; at += 16)
      put(out + at, f32x4.mul(s, nmadd(exp4(v128.load(y + at)), whole, v128.load(g + at))), out + last);
  }
}
