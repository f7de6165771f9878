// Coordinate descent on f64 normal equations, for penalties that make exact zeros (Friedman, Hastie & Tibshirani 2010). What a
// coefficient gains or loses is taken from q = Xᵀ(y − Xw) at once, so one that stays 0 costs a comparison and no more.
import { subtract } from "./rows";

/**
 * Problems [begin, end): sweeps over the columns of X towards the least ½ ||Y − XW||² + Σ l1ⱼ ||wⱼ|| + ½ Σ l2ⱼ ||wⱼ||², wⱼ the `tasks`
 * coefficients of column j of k, none below 0 if `positive` (and tasks is 1). `state` holds for each problem W and q = Xᵀ(Y − XW), both
 * [tasks, size], size being k in whole tiles; `gram` XᵀX [size, size]; `penalties` k l1, then k l2.
 */
export function descend_f64(
  state: usize, gram: usize, penalties: usize, k: usize, tasks: usize, positive: bool, sweeps: usize, begin: usize, end: usize,
): void {
  const row = ((k + 3) & ~3) << 3;
  const own = tasks * row;
  const columns = k << 3;
  for (; begin < end; begin++) {
    const w = state + begin * (own << 1);
    const q = w + own;
    for (let sweep: usize = 0; sweep < sweeps; sweep++)
      for (let at: usize = 0; at < columns; at += 8) {
        const line = gram + (at >> 3) * row;
        const g = load<f64>(line + at);
        let square: f64 = 0;
        for (let to = at; to < own; to += row) {
          const z = load<f64>(q + to) + g * load<f64>(w + to);
          square += positive && z < 0 ? 0 : z * z;
        }
        const length = sqrt<f64>(square);
        const l1 = load<f64>(penalties + at);
        // A column of zeros has length 0 and stays out.
        const factor = length > l1 ? (1 - l1 / length) / (g + load<f64>(penalties + columns + at)) : 0;
        for (let to = at; to < own; to += row) {
          const old = load<f64>(w + to);
          const next = factor * (load<f64>(q + to) + g * old);
          if (next == old) continue;
          store<f64>(w + to, next);
          subtract(q + to - at, line, next - old, 0, row);
        }
      }
  }
}
