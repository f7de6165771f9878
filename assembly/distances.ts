// Distances of all pairs of rows of x [n, d]. Made of differences, not of products: rows that lie close together keep their digits.
import { firstLanes, madd, put, splat, sumLanes } from "./lanes";

/** out[i, j] = √Σ(x_i − x_j)². */
export function distances_f32(out: usize, x: usize, n: usize, d: usize, begin: usize, end: usize): void {
  const stride = d << 2;
  const whole = stride & ~15;
  const tail = firstLanes(d & 3);
  for (; begin < end; begin++) {
    const a = x + begin * stride;
    for (let j: usize = 0, b = x; j < n; j++, b += stride) {
      let total = splat(0);
      for (let at: usize = 0; at < whole; at += 16) {
        const e = f32x4.sub(v128.load(a + at), v128.load(b + at));
        total = madd(e, e, total);
      }
      if (whole < stride) {
        const e = v128.and(f32x4.sub(v128.load(a + whole), v128.load(b + whole)), tail);
        total = madd(e, e, total);
      }
      store<f32>(out + ((begin * n + j) << 2), sqrt<f32>(sumLanes(total)));
    }
  }
}

/** out[i] = Σ_j w[i, j] · (x_i − x_j). */
export function distances_grad_f32(
  out: usize, w: usize, x: usize, n: usize, d: usize, begin: usize, end: usize,
): void {
  const stride = d << 2;
  for (; begin < end; begin++) {
    const to = out + begin * stride;
    const a = x + begin * stride;
    const last = to + stride;
    memory.fill(to, 0, stride);
    for (let j: usize = 0, b = x; j < n; j++, b += stride) {
      const weight = v128.load32_splat(w + ((begin * n + j) << 2));
      for (let at: usize = 0; at < stride; at += 16)
        put(to + at, madd(weight, f32x4.sub(v128.load(a + at), v128.load(b + at)), v128.load(to + at)), last);
    }
  }
}
