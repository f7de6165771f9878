// Second-order pruning (Optimal Brain Surgeon, Hassibi & Stork 1993): the weights of a row that stay make up for those that fall.
import { nmadd, put, splat } from "./lanes";
import { rank } from "./rows";

/**
 * SparseGPT in a block of `cols` columns, from left to right (Frantar & Alistarh 2023): rows [begin, end) of w. `u` is the block of
 * the upper U with H⁻¹ = UᵀU. `mask` tells what stays, or if it is 0 a pattern does, n of each m weights as they are when their turn
 * comes. The result is three matrices: the weights, what fell over the diagonal of U (the columns to the right want it), 1 where one stayed.
 */
export function sparsegpt_f32(
  out: usize, w: usize, u: usize, mask: usize, rows: usize, cols: usize, n: usize, m: usize, begin: usize, end: usize,
): void {
  const bytes = cols << 2;
  for (let row = begin; row < end; row++) {
    const weights = out + row * bytes;
    const fallen = weights + rows * bytes;
    const kept = fallen + rows * bytes;
    const last = weights + bytes;
    memory.copy(weights, w + row * bytes, bytes);
    for (let i: usize = 0; i < cols; i++) {
      const at = i << 2;
      const uRow = u + i * bytes;
      if (mask) store<f32>(kept + at, load<u8>(mask + row * cols + i) ? 1 : 0);
      else if (i % m == 0) {
        const size = min(m, cols - i);
        // What falls is not yet known here: room for the scores.
        for (let j = i; j < i + size; j++) {
          const share = load<f32>(weights + (j << 2)) / load<f32>(u + j * (bytes + 4));
          store<f32>(fallen + (j << 2), share * share);
        }
        for (let j: usize = 0; j < size; j++)
          store<f32>(kept + at + (j << 2), rank(fallen + at, j, size) < n ? 1 : 0);
      }
      let lost: f32 = 0;
      if (load<f32>(kept + at) == 0) {
        lost = load<f32>(weights + at) / load<f32>(uRow + at);
        store<f32>(weights + at, 0);
        const factor = splat(lost);
        for (let j = at + 4; j < bytes; j += 16)
          put(weights + j, nmadd(factor, v128.load(uRow + j), v128.load(weights + j)), last);
      }
      store<f32>(fallen + at, lost);
    }
  }
}

/**
 * Takes `drop` weights from each of rows [begin, end) one by one, the least w²/[H⁻¹]ₚₚ first, and moves the others to where the error
 * is least without it. `inverse` is H⁻¹ [cols, cols]; its f64 copy in `scratch` (cols · (cols + 2) numbers) shrinks with the row.
 * The result is three matrices: the weights, 1 where one stayed, and in what order the others fell, then −1.
 */
export function obs_f32(
  out: usize, w: usize, inverse: usize, scratch: usize, rows: usize, cols: usize, drop: usize, begin: usize, end: usize,
): void {
  const pivotRow = scratch + (cols << 3);
  const h = pivotRow + (cols << 3);
  for (let row = begin; row < end; row++) {
    const weights = out + ((row * cols) << 2);
    const kept = weights + ((rows * cols) << 2);
    const order = kept + ((rows * cols) << 2);
    for (let i: usize = 0; i < cols; i++) {
      store<f64>(scratch + (i << 3), <f64>load<f32>(w + ((row * cols + i) << 2)));
      store<f32>(kept + (i << 2), 1);
      store<f32>(order + (i << 2), -1);
    }
    for (let i: usize = 0; i < cols * cols; i++) store<f64>(h + (i << 3), <f64>load<f32>(inverse + (i << 2)));
    for (let t: usize = 0; t < drop; t++) {
      const p = least(scratch, h, kept, cols);
      store<f32>(kept + (p << 2), 0);
      store<f32>(order + (t << 2), <f32>p);
      eliminate(scratch, pivotRow, h, kept, cols, p);
    }
    for (let i: usize = 0; i < cols; i++) store<f32>(weights + (i << 2), <f32>load<f64>(scratch + (i << 3)));
  }
}

/** The place of the weight that is missed least; of equal ones the first. */
function least(w: usize, h: usize, kept: usize, cols: usize): usize {
  let best = f64.POSITIVE_INFINITY;
  let place: usize = cols;
  for (let i: usize = 0; i < cols; i++) {
    if (load<f32>(kept + (i << 2)) == 0) continue;
    const weight = load<f64>(w + (i << 3));
    const score = weight * weight / load<f64>(h + ((i * cols + i) << 3));
    // Rounding may leave no more than 0 of a pivot: such a weight falls last.
    if (place == cols || (score >= 0 && score < best)) {
      place = i;
      best = score >= 0 ? score : f64.POSITIVE_INFINITY;
    }
  }
  return place;
}

/** Moves the weights that are kept by what p is missed, and takes p out of H⁻¹, whose upper triangle alone is kept up. */
function eliminate(w: usize, pivotRow: usize, h: usize, kept: usize, cols: usize, p: usize): void {
  const pivot = load<f64>(h + ((p * cols + p) << 3));
  for (let j: usize = 0; j < cols; j++)
    store<f64>(pivotRow + (j << 3), load<f64>(h + ((j < p ? j * cols + p : p * cols + j) << 3)));
  const missed = load<f64>(w + (p << 3));
  store<f64>(w + (p << 3), 0);
  if (pivot <= 0) return;
  for (let i: usize = 0; i < cols; i++) {
    if (load<f32>(kept + (i << 2)) == 0) continue;
    const share = load<f64>(pivotRow + (i << 3)) / pivot;
    store<f64>(w + (i << 3), load<f64>(w + (i << 3)) - share * missed);
    const factor = f64x2.splat(share);
    const row = h + ((i * cols) << 3);
    let j = i << 3;
    for (; j + 16 <= cols << 3; j += 16)
      v128.store(row + j, f64x2.sub(v128.load(row + j), f64x2.mul(factor, v128.load(pivotRow + j))));
    if (j < cols << 3) store<f64>(row + j, load<f64>(row + j) - share * load<f64>(pivotRow + j));
  }
}
