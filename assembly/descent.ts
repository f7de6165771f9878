// Coordinate descent on f64 normal equations, for penalties that make exact zeros (Friedman, Hastie & Tibshirani 2010). What a
// coefficient gains or loses is taken from q = Xᵀ(y − Xw) at once, so one that stays 0 costs a comparison and no more.
import { subtract } from "./rows";

/**
 * Problems [begin, end): the least ½ ||Y − XW||² + Σ l1ⱼ ||wⱼ|| + ½ Σ l2ⱼ ||wⱼ||², wⱼ the `tasks` coefficients of column j of k, none
 * below 0 if `positive` (and tasks is 1). `system` holds XᵀX, whole, and beside it XᵀY, `tasks` columns for each problem, in rows of
 * `stride` numbers; `penalties` k l1, all above 0, then k l2; `squares` ||y||² of each target. Sweeps until the duality gap is at most
 * `tolerance` · ||Y||², or `sweeps` times. For each problem W [tasks, size], q [tasks, size], objective, gap, sweeps and a 0, where
 * size is k in whole tiles.
 */
export function descend_f64(
  out: usize, system: usize, penalties: usize, squares: usize, k: usize, stride: usize, tasks: usize, positive: bool,
  tolerance: f64, sweeps: usize, begin: usize, end: usize,
): void {
  const size = (k + 3) & ~3;
  const row = size << 3;
  const ridges = penalties + (k << 3);
  for (let problem = begin; problem < end; problem++) {
    const w = out + problem * ((tasks * row << 1) + 32);
    const q = w + tasks * row;
    const last = q + tasks * row;
    const targets = system + row + ((problem * tasks) << 3);
    let total: f64 = 0;
    memory.fill(w, 0, tasks * row);
    for (let t: usize = 0; t < tasks; t++) {
      total += load<f64>(squares + ((problem * tasks + t) << 3));
      for (let j: usize = 0; j < size; j++)
        store<f64>(q + t * row + (j << 3), load<f64>(targets + ((j * stride + t) << 3)));
    }
    let sweep: usize = 0;
    for (; ; sweep++) {
      // ||Y − XW||², what of Y it explains, the penalties, and how far a multiple of the rest must shrink to be a dual point.
      let left = total, unexplained = total, lasso: f64 = 0, ridge: f64 = 0, outside: f64 = 1;
      for (let j: usize = 0; j < k; j++) {
        const l1 = load<f64>(penalties + (j << 3));
        const l2 = load<f64>(ridges + (j << 3));
        let length: f64 = 0, slope: f64 = 0;
        for (let t: usize = 0; t < tasks; t++) {
          const x = load<f64>(w + t * row + (j << 3));
          const rest = load<f64>(q + t * row + (j << 3));
          const product = load<f64>(targets + ((j * stride + t) << 3));
          unexplained -= x * product;
          left -= x * (product + rest);
          length += x * x;
          const d = rest - l2 * x;
          slope += positive && d < 0 ? 0 : d * d;
        }
        lasso += l1 * sqrt<f64>(length);
        ridge += l2 * length;
        outside = max(outside, sqrt<f64>(slope) / l1);
      }
      const inside = 1 / outside;
      const gap = 0.5 * (1 + inside * inside) * (left + ridge) + lasso - inside * unexplained;
      store<f64>(last, 0.5 * (left + ridge) + lasso);
      store<f64>(last, gap, 8);
      if (gap <= tolerance * total || sweep == sweeps) break;
      for (let j: usize = 0; j < k; j++) {
        const line = system + j * (stride << 3);
        const at = j << 3;
        const g = load<f64>(line + at);
        let square: f64 = 0;
        for (let t: usize = 0; t < tasks; t++) {
          const z = load<f64>(q + t * row + at) + g * load<f64>(w + t * row + at);
          square += positive && z < 0 ? 0 : z * z;
        }
        const length = sqrt<f64>(square);
        const l1 = load<f64>(penalties + at);
        // A column of zeros has length 0 and stays out.
        const factor = length > l1 ? (1 - l1 / length) / (g + load<f64>(ridges + at)) : 0;
        for (let t: usize = 0; t < tasks; t++) {
          const to = w + t * row + at;
          const old = load<f64>(to);
          const next = factor * (load<f64>(q + t * row + at) + g * old);
          if (next == old) continue;
          store<f64>(to, next);
          subtract(q + t * row, line, next - old, 0, row);
        }
      }
    }
    store<f64>(last, <f64>sweep, 16);
    store<f64>(last, 0, 24);
  }
}
