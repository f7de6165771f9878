/** Distances of all pairs of rows of x [n, d], in f64. */
export function distances(x: ArrayLike<number>, n: number, d: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let total = 0;
    for (let c = 0; c < d; c++) total += (x[i * d + c]! - x[j * d + c]!) ** 2;
    return Math.sqrt(total);
  });
}

/** The gradient of Σ g · distances, and the sum of the magnitudes that it is made of. */
export function distancesVjp(
  g: ArrayLike<number>,
  x: ArrayLike<number>,
  n: number,
  d: number,
): { sums: Float64Array; magnitudes: Float64Array } {
  const lengths = distances(x, n, d);
  const sums = new Float64Array(n * d);
  const magnitudes = new Float64Array(n * d);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      if (lengths[i * n + j] === 0) continue;
      for (let c = 0; c < d; c++) {
        const share = (g[i * n + j]! * (x[i * d + c]! - x[j * d + c]!)) / lengths[i * n + j]!;
        sums[i * d + c]! += share;
        sums[j * d + c]! -= share;
        magnitudes[i * d + c]! += Math.abs(share);
        magnitudes[j * d + c]! += Math.abs(share);
      }
    }
  return { sums, magnitudes };
}
