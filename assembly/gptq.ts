// GPTQ (Frantar et al. 2023): columns are rounded one after another, and what each loses is made up for by those that follow it in
// the block, along a row of the upper factor U of the inverse Hessian. Rows do not touch each other.

/**
 * Rows [begin, end): the first `block` columns of w, which is `stride` wide. `out` gets for each row the codes, as f32, then the
 * errors (w − value) / U_ii, which the columns past the block are still to make up for. U is `uStride` wide. Column i has the scale
 * and zero point groups[i] of its row, which has `count` of them.
 */
export function gptq_block_f32(
  out: usize, w: usize, stride: usize, u: usize, uStride: usize, scale: usize, zero: usize, groups: usize, count: usize,
  block: usize, low: f32, high: f32, begin: usize, end: usize,
): void {
  const width = block << 2;
  for (; begin < end; begin++) {
    const codes = out + begin * (width << 1);
    const row = codes + width;
    const last = row + width;
    memory.copy(row, w + ((begin * stride) << 2), width);
    const first = (begin * count) << 2;
    for (let at = row, i: usize = 0; at < last; at += 4, i++) {
      const group = first + (load<u32>(groups + (i << 2)) << 2);
      const s = load<f32>(scale + group);
      const z = load<f32>(zero + group);
      const x = load<f32>(at);
      const code = min(max(nearest<f32>(x / s) + z, low), high);
      const factors = u + ((i * uStride + i) << 2);
      const error = (x - (code - z) * s) / load<f32>(factors);
      store<f32>(codes + (i << 2), code);
      const errors = f32x4.splat(error);
      let to = at;
      let by = factors;
      for (; to + 16 <= last; to += 16, by += 16)
        v128.store(to, f32x4.sub(v128.load(to), f32x4.mul(errors, v128.load(by))));
      for (; to < last; to += 4, by += 4) store<f32>(to, load<f32>(to) - error * load<f32>(by));
      store<f32>(at, error);
    }
  }
}
