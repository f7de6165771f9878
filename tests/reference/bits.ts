// Weights of one and two bits in f64: what the papers say of codes, thresholds and scales, and products written out.

export interface Coded {
  /** Rows one after another: −1, 0 or 1. */
  readonly codes: Float64Array;
  readonly thresholds: Float64Array;
  readonly scales: Float64Array;
}

/** Rastegari et al. 2016: the sign (1 from 0 on), and mean |w| of the row. */
export function binary(w: ArrayLike<number>, rows: number, cols: number): Coded {
  return coded(w, rows, cols, (row) => [-1, mean(row)]);
}

/** Li et al. 2016: 0 up to 0.7 mean |w|, and mean |w| of the others; of each row, or of all. */
export function ternary(w: ArrayLike<number>, rows: number, cols: number, per: "channel" | "tensor"): Coded {
  const whole = Array.from(w, Math.abs);
  return coded(w, rows, cols, (row) => {
    const all = per === "tensor" ? whole : row;
    const threshold = 0.7 * mean(all);
    return [threshold, mean(all.filter((x) => x > threshold))];
  });
}

function coded(
  w: ArrayLike<number>,
  rows: number,
  cols: number,
  fit: (magnitudes: number[]) => [threshold: number, scale: number],
): Coded {
  const codes = new Float64Array(rows * cols);
  const fits = Array.from({ length: rows }, (_, i) => {
    const row = Array.from({ length: cols }, (_, j) => w[i * cols + j]!);
    const [threshold, scale] = fit(row.map(Math.abs));
    for (const [j, x] of row.entries()) codes[i * cols + j] = Math.abs(x) > threshold ? (x < 0 ? -1 : 1) : 0;
    return [threshold, scale] as const;
  });
  return {
    codes,
    thresholds: Float64Array.from(fits, ([threshold]) => threshold),
    scales: Float64Array.from(fits, ([, scale]) => scale),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / Math.max(values.length, 1);
}

/** Σ x·code and Σ |x·code| of each row of x [m, k] and of codes [n, k]. */
export function product(x: ArrayLike<number>, codes: ArrayLike<number>, [m, n, k]: readonly [number, number, number]) {
  const sums = new Float64Array(m * n);
  const magnitudes = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let p = 0; p < k; p++) {
        const code = codes[j * k + p]!;
        if (code === 0) continue;
        sums[i * n + j]! += x[i * k + p]! * code;
        magnitudes[i * n + j]! += Math.abs(x[i * k + p]!);
      }
  return { sums, magnitudes };
}

/** −1 below 0, else 1. */
export function sign(x: number): number {
  return x < 0 ? -1 : 1;
}
