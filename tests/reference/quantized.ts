/** Affine codes and their products, as the formulas say: integers exact, every f32 step rounded as it stands there. */

const f32 = Math.fround;

/** To the nearest integer, ties to the even one. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const past = x - below;
  return past < 0.5 || (past === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** A matrix [out, in] of codes from 0 to 2^bits − 1; scales and zero points [out, groups]. */
export interface Affine {
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly group: number;
  readonly codes: ArrayLike<number>;
  readonly scales: ArrayLike<number>;
  readonly zeroPoints: ArrayLike<number>;
}

/** clip(round(x / scale) + zeroPoint, 0, most), a quotient of f32 numbers in f32. */
export function codeOf(x: number, scale: number, zeroPoint: number, most: number): number {
  return Math.min(Math.max(roundHalfEven(f32(x / scale)) + zeroPoint, 0), most);
}

/** The index of the scale and zero point of element (row, column). */
export function groupOf({ columns, group }: Affine, row: number, column: number): number {
  return row * Math.ceil(columns / group) + Math.floor(column / group);
}

export function codesOf(x: ArrayLike<number>, w: Omit<Affine, "codes">): Uint8Array {
  const whole = { ...w, codes: [] };
  return Uint8Array.from({ length: w.rows * w.columns }, (_, i) => {
    const g = groupOf(whole, Math.floor(i / w.columns), i % w.columns);
    return codeOf(x[i]!, w.scales[g]!, w.zeroPoints[g]!, 2 ** w.bits - 1);
  });
}

export function dense(w: Affine): Float32Array {
  return Float32Array.from({ length: w.rows * w.columns }, (_, i) => {
    const g = groupOf(w, Math.floor(i / w.columns), i % w.columns);
    return (w.codes[i]! - w.zeroPoints[g]!) * w.scales[g]!;
  });
}

/** Scale and zero point of a row of activations: given, or from its least and largest. */
export type Input = "dynamic" | { readonly scale: number; readonly zeroPoint: number };

function rangeOf(row: ArrayLike<number>, input: Input): { scale: number; zeroPoint: number } {
  const values = Array.from(row);
  if (input !== "dynamic") return values.some(Number.isNaN) ? { ...input, scale: Number.NaN } : input;
  const least = Math.min(0, ...values);
  const scale = f32((Math.max(0, ...values) - least) / 255) || (values.some(Number.isNaN) ? Number.NaN : 1);
  return { scale, zeroPoint: Math.min(Math.max(roundHalfEven(-least / scale), 0), 255) };
}

/** x [m, in] in codes of 8 bits, times wᵀ. Per row and group an exact sum, times the weight's scale, added up in f32; times the row's. */
export function product(x: Float32Array, m: number, w: Affine, input: Input): Float32Array {
  const { rows: n, columns: k, group } = w;
  const y = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    const row = x.subarray(i * k, (i + 1) * k);
    const { scale, zeroPoint } = rangeOf(row, input);
    const codes = Array.from(row, (value) => codeOf(value, scale, zeroPoint, 255) - zeroPoint);
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let first = 0; first < k; first += group) {
        const g = groupOf(w, j, first);
        let exact = 0;
        for (let p = first; p < Math.min(first + group, k); p++)
          exact += codes[p]! * (w.codes[j * k + p]! - w.zeroPoints[g]!);
        sum = f32(sum + f32(f32(exact) * w.scales[g]!));
      }
      y[i * n + j] = f32(sum * scale);
    }
  }
  return y;
}
