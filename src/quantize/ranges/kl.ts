import { type Range, rowBounds } from "./range.js";

/** As many as TensorRT takes. */
const bins = 2048;

/** ln of a positive number, within 1e-15, without the host's Math: the series of 2 artanh((m − 1) / (m + 1)), m from √½ to √2. */
function ln(x: number): number {
  float.setFloat64(0, x);
  const high = float.getInt32(0);
  // The exponent that leaves a mantissa from √½ on.
  const exponent = (high - 0x3fe6a09e) >> 20;
  float.setInt32(0, high - (exponent << 20));
  const m = float.getFloat64(0);
  const s = (m - 1) / (m + 1);
  const w = s * s;
  let sum = 0;
  for (let n = 21; n >= 3; n -= 2) sum = (sum + 1 / n) * w;
  return exponent * Math.LN2 + 2 * s * (1 + sum);
}

const float = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/**
 * How many sizes |x| fall into each of 2048 equal bins from 0 to the largest. Zeros are left out: every grid has a code for them, and
 * the many that ReLU makes would draw the threshold to themselves.
 */
export function histogram(row: Float32Array, largest: number): Float64Array {
  const counts = new Float64Array(bins);
  for (const x of row) if (x !== 0) counts[Math.min(bins - 1, Math.floor((Math.abs(x) * bins) / largest))]!++;
  return counts;
}

/** A clipping threshold in bins, and the divergence that it leaves. */
export interface Threshold {
  readonly bins: number;
  readonly kl: number;
}

/**
 * The first i of least KL(p ‖ q), i from `levels` to all: p is the first i bins with all that is clipped added to the last, q the same
 * bins told apart by `levels` codes alone, each spread evenly over those of its bins that p does not leave empty.
 */
export function leastDivergence(counts: ArrayLike<number>, levels: number): Threshold {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  let best: Threshold = { bins: counts.length, kl: Number.POSITIVE_INFINITY };
  let kept = 0;
  for (let i = 0; i < levels - 1; i++) kept += counts[i]!;
  for (let i = levels; i <= counts.length; i++) {
    kept += counts[i - 1]!;
    const kl = divergence(counts, i, levels, total, kept);
    if (kl < best.kl) best = { bins: i, kl };
  }
  return best;
}

function divergence(counts: ArrayLike<number>, i: number, levels: number, total: number, kept: number): number {
  const last = counts[i - 1]! + total - kept;
  const width = Math.floor(i / levels);
  let kl = 0;
  for (let start = 0, level = 0; start < i; level++) {
    const end = level === levels - 1 ? i : Math.min(i, start + width);
    let sum = 0;
    let filled = 0;
    for (let b = start; b < end; b++) {
      sum += counts[b]!;
      if ((b === i - 1 ? last : counts[b]!) > 0) filled++;
    }
    for (let b = start; b < end; b++) {
      const p = (b === i - 1 ? last : counts[b]!) / total;
      if (p > 0) kl += p * ln(p / Math.max(sum / filled / kept, 1e-12));
    }
    start = end;
  }
  return kept === 0 ? Number.POSITIVE_INFINITY : kl;
}

/**
 * The threshold on |x| that loses least information (Migacz 2017, TensorRT): between the histogram of |x| in 2048 bins and what
 * the codes tell of it the Kullback–Leibler divergence is least. Unlike TensorRT it leaves zeros out of the histogram. Meant for
 * activations; a row of few values has no histogram to speak of.
 *
 * @example
 * const scheme = int8({ range: ranges.kl() });
 */
export function kl(): Range {
  return {
    name: "kl",
    of: (x, { low, high, symmetric }) =>
      rowBounds(x, (row) => {
        const [from, to] = [row.reduce((a, b) => Math.min(a, b)), row.reduce((a, b) => Math.max(a, b))];
        const largest = Math.max(-from, to);
        if (largest === 0) return [0, 0];
        const found = leastDivergence(histogram(row, largest), (high - low + 1) >> 1);
        const limit = (found.bins * largest) / bins;
        return symmetric ? [-limit, limit] : [Math.max(from, -limit), Math.min(to, limit)];
      }),
  };
}
