// Data that every contender gets alike, and how far their results may be apart.

/** A number from 0 to 1 for each integer. */
export function noise(i) {
  const x = Math.imul(i ^ 0x9e3779b9, 0x85ebca6b);
  const y = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((y ^ (y >>> 16)) >>> 0) / 2 ** 32;
}

/** Numbers from −0.5 to 0.5. */
export const floats = (size, seed = 0) => Float32Array.from({ length: size }, (_, i) => noise(i + seed * 7919) - 0.5);

/** Integers from `least` to `most`. */
export const integers = (Type, size, least, most, seed = 0) =>
  Type.from({ length: size }, (_, i) => least + Math.floor(noise(i + seed * 7919) * (most - least + 1)));

/** [k, n] as [n, k]. */
export function transposed(values, k, n) {
  const turned = new values.constructor(values.length);
  for (let p = 0; p < k; p++) for (let j = 0; j < n; j++) turned[j * k + p] = values[p * n + j];
  return turned;
}

/**
 * How far two f32 sums of k products may be apart, per element of a · b: twice (k + 1) · 2⁻²⁴ · Σ|a·b|, with Σ|a·b| ≤ ‖row of a‖ · ‖column
 * of b‖.
 */
export function productBound(a, b, [m, k, n]) {
  const rows = norms(a, m, k, k, 1);
  const columns = norms(b, n, k, 1, n);
  return (i) => 2 * (k + 1) * 2 ** -24 * rows[Math.floor(i / n)] * columns[i % n];
}

function norms(values, count, length, stride, step) {
  return Float64Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let p = 0; p < length; p++) sum += values[i * stride + p * step] ** 2;
    return Math.sqrt(sum);
  });
}
