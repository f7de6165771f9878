/** A matrix, row by row. */
export type Matrix = number[][];

export function matrixOf(values: ArrayLike<number>, cols: number): Matrix {
  const all = Array.from(values);
  return Array.from({ length: all.length / cols }, (_, i) => all.slice(i * cols, (i + 1) * cols));
}

/** XᵀX · 2 / rows, a dead column getting 1, plus damp · mean of the diagonal on it. */
export function hessian(x: Matrix, damp: number): Matrix {
  const cols = x[0]!.length;
  const h = Array.from({ length: cols }, (_, i) =>
    Array.from({ length: cols }, (_, j) => (x.reduce((sum, row) => sum + row[i]! * row[j]!, 0) * 2) / x.length),
  );
  for (let i = 0; i < cols; i++) if (h[i]![i] === 0) h[i]![i] = 1;
  const mean = h.reduce((sum, row, i) => sum + row[i]!, 0) / cols;
  for (let i = 0; i < cols; i++) h[i]![i]! += damp * mean;
  return h;
}

/** By Gauss and Jordan, with pivots. */
export function inverse(a: Matrix): Matrix {
  const n = a.length;
  const work = a.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))]);
  for (let p = 0; p < n; p++) {
    let best = p;
    for (let i = p; i < n; i++) if (Math.abs(work[i]![p]!) > Math.abs(work[best]![p]!)) best = i;
    [work[p], work[best]] = [work[best]!, work[p]!];
    const pivot = work[p]![p]!;
    work[p] = work[p]!.map((value) => value / pivot);
    for (let i = 0; i < n; i++)
      if (i !== p) {
        const factor = work[i]![p]!;
        work[i] = work[i]!.map((value, j) => value - factor * work[p]![j]!);
      }
  }
  return work.map((row) => row.slice(n));
}

/** The upper U with UᵀU = a. */
export function upperFactor(a: Matrix): Matrix {
  const n = a.length;
  const u = a.map(() => new Array<number>(n).fill(0));
  for (let i = 0; i < n; i++)
    for (let j = i; j < n; j++) {
      let sum = a[i]![j]!;
      for (let k = 0; k < i; k++) sum -= u[k]![i]! * u[k]![j]!;
      u[i]![j] = i === j ? Math.sqrt(sum) : sum / u[i]![i]!;
    }
  return u;
}

/** SparseGPT in one block as wide as w, by a share that falls or a pattern. */
export function sparseGpt(
  weights: Matrix,
  x: Matrix,
  { damp, sparsity, pattern }: { damp: number; sparsity?: number; pattern?: readonly [number, number] },
): { weights: Matrix; kept: Matrix } {
  const u = upperFactor(inverse(hessian(x, damp)));
  const cols = u.length;
  const w = weights.map((row) => row.map((value, j) => (x.every((example) => example[j] === 0) ? 0 : value)));
  const scoreOf = (row: number, j: number): number => (w[row]![j]! / u[j]![j]!) ** 2;
  const kept = w.map((row) => row.map(() => 1));
  if (sparsity !== undefined) {
    const all = w.flatMap((row, i) => row.map((_, j) => scoreOf(i, j))).sort((a, b) => a - b);
    const limit = all[Math.floor(all.length * sparsity)] ?? Number.POSITIVE_INFINITY;
    for (const [i, row] of kept.entries()) for (let j = 0; j < cols; j++) if (scoreOf(i, j) <= limit) row[j] = 0;
  }
  for (let j = 0; j < cols; j++)
    for (const [i, row] of w.entries()) {
      if (pattern !== undefined && j % pattern[1] === 0) {
        const group = Array.from({ length: Math.min(pattern[1], cols - j) }, (_, k) => j + k);
        group.sort((a, b) => scoreOf(i, b) - scoreOf(i, a) || a - b);
        for (const k of group.slice(pattern[0])) kept[i]![k] = 0;
      }
      if (kept[i]![j] === 1) continue;
      const lost = row[j]! / u[j]![j]!;
      for (let k = j; k < cols; k++) row[k]! -= lost * u[j]![k]!;
      row[j] = 0;
    }
  return { weights: w, kept };
}

/** Takes `drop` weights from a row, the least w² / [H⁻¹]ₚₚ first. */
export function obs(row: readonly number[], inverseOf: Matrix, drop: number): { row: number[]; order: number[] } {
  const w = [...row];
  let h = inverseOf.map((line) => [...line]);
  const order: number[] = [];
  for (let t = 0; t < drop; t++) {
    let p = -1;
    for (let i = 0; i < w.length; i++)
      if (!order.includes(i) && (p < 0 || w[i]! ** 2 / h[i]![i]! < w[p]! ** 2 / h[p]![p]!)) p = i;
    const [column, pivot, missed] = [h.map((line) => line[p]!), h[p]![p]!, w[p]!];
    for (let i = 0; i < w.length; i++) if (!order.includes(i)) w[i]! -= (missed / pivot) * column[i]!;
    w[p] = 0;
    order.push(p);
    h = h.map((line, i) => line.map((value, j) => value - (column[i]! * column[j]!) / pivot));
  }
  return { row: w, order };
}
