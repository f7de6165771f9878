// Linear systems as plain loops over f64 (with partial pivoting, so that they share nothing with Cholesky).

/** Σ over rows of x [n, k] and y [n, r]: Xᵀ Y [k, r]. */
export function crossProduct(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  n: number,
  k: number,
  r: number,
): Float64Array {
  const out = new Float64Array(k * r);
  for (let p = 0; p < n; p++)
    for (let i = 0; i < k; i++) for (let j = 0; j < r; j++) out[i * r + j]! += x[p * k + i]! * y[p * r + j]!;
  return out;
}

/** A⁻¹ B by Gauss and Jordan, A [k, k], B [k, r]. */
export function solveDense(a: ArrayLike<number>, b: ArrayLike<number>, k: number, r: number): Float64Array {
  const rows = Array.from({ length: k }, (_, i) =>
    Float64Array.from({ length: k + r }, (_, j) => (j < k ? a[i * k + j]! : b[i * r + j - k]!)),
  );
  for (let i = 0; i < k; i++) {
    let best = i;
    for (let p = i; p < k; p++) if (Math.abs(rows[p]![i]!) > Math.abs(rows[best]![i]!)) best = p;
    [rows[i], rows[best]] = [rows[best]!, rows[i]!];
    const pivot = rows[i]!;
    for (let j = k + r - 1; j >= i; j--) pivot[j]! /= pivot[i]!;
    for (let p = 0; p < k; p++) {
      const factor = rows[p]![i]!;
      if (p !== i && factor !== 0) for (let j = i; j < k + r; j++) rows[p]![j]! -= factor * pivot[j]!;
    }
  }
  return Float64Array.from({ length: k * r }, (_, at) => rows[Math.floor(at / r)]![k + (at % r)]!);
}

/** The W [r, k] and b of the least ||X Wᵀ + b − Y||² + l2 · ||W||². */
export function leastSquares(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  [n, k, r]: readonly [number, number, number],
  { l2 = 0, bias = false } = {},
): { weight: Float64Array; bias: Float64Array; residual: number } {
  // The bias as a column of ones, and no penalty on it.
  const wide = bias ? k + 1 : k;
  const data = Float64Array.from({ length: n * wide }, (_, at) => {
    const [p, i] = [Math.floor(at / wide), at % wide];
    return i < k ? x[p * k + i]! : 1;
  });
  const gram = crossProduct(data, data, n, wide, wide);
  for (let i = 0; i < k; i++) gram[i * wide + i]! += l2;
  const found = solveDense(gram, crossProduct(data, y, n, wide, r), wide, r);
  let residual = 0;
  for (let p = 0; p < n; p++)
    for (let t = 0; t < r; t++) {
      let at = -y[p * r + t]!;
      for (let i = 0; i < wide; i++) at += data[p * wide + i]! * found[i * r + t]!;
      residual += at * at;
    }
  return {
    weight: Float64Array.from({ length: r * k }, (_, at) => found[(at % k) * r + Math.floor(at / k)]!),
    bias: Float64Array.from({ length: r }, (_, t) => (bias ? found[k * r + t]! : 0)),
    residual,
  };
}

/** H = XᵀX · 2 / n with dead columns at 1, then damp · mean(diag) on the diagonal; rows and columns in `order`. */
export function hessian(
  x: ArrayLike<number>,
  n: number,
  k: number,
  damp: number,
  order?: readonly number[],
): Float64Array {
  const h = crossProduct(x, x, n, k, k).map((v) => (v * 2) / n);
  for (let i = 0; i < k; i++) if (h[i * k + i] === 0) h[i * k + i] = 1;
  let mean = 0;
  for (let i = 0; i < k; i++) mean += h[i * k + i]! / k;
  for (let i = 0; i < k; i++) h[i * k + i]! += damp * mean;
  const at = order ?? Array.from({ length: k }, (_, i) => i);
  return Float64Array.from(h, (_, e) => h[at[Math.floor(e / k)]! * k + at[e % k]!]!);
}
