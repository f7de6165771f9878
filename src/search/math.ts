// Elementary functions in f64: ours, because hosts differ in theirs. After fdlibm (Sun Microsystems 1993), e_exp.c and e_log.c; the
// twins of assembly/math64.ts, for what does not run in wasm.

const [log2High, log2Low] = [0.6931471803691238, 1.9082149292705877e-10];
const expSeries = [
  0.16666666666666602, -0.0027777777777015593, 6.613756321437934e-5, -1.6533902205465252e-6, 4.1381367970572385e-8,
];
const logSeries = [
  0.6666666666666735, 0.3999999999940942, 0.2857142874366239, 0.22222198432149784, 0.1818357216161805,
  0.15313837699209373, 0.14798198605116586,
];
/** A number and its two halves, the low one first: hosts of wasm are little-endian. */
const bytes = /* @__PURE__ */ new ArrayBuffer(8);
const number = /* @__PURE__ */ new Float64Array(bytes);
const halves = /* @__PURE__ */ new Int32Array(bytes);

/** x · (c₀ + x · (c₁ + …)). */
function series(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = x * (coefficients[i]! + sum);
  return sum;
}

/** 2ⁿ for n from −1022 to 1023. */
function power(n: number): number {
  halves[0] = 0;
  halves[1] = (n + 1023) << 20;
  return number[0]!;
}

/** eˣ = 2ⁿ · eʳ, |r| ≤ ln2 / 2. */
export function exp(x: number): number {
  const bounded = Math.min(Math.max(x, -746), 710);
  const n = Math.round(bounded * Math.LOG2E);
  const high = bounded - n * log2High;
  const low = n * log2Low;
  const r = high - low;
  const c = r - series(r * r, expSeries);
  const y = 1 - (low - (r * c) / (2 - c) - high);
  // 2ⁿ in two factors: n reaches −1076 and 1024, past the range of one exponent field.
  const half = n >> 1;
  return y * power(half) * power(n - half);
}

/** ln x for x from 2⁻¹⁰²² up: e · ln2 + ln m, m in [√½, √2), by s = f / (2 + f). */
export function log(x: number): number {
  number[0] = x;
  const e = (halves[1]! - 0x3fe6a09e) >> 20;
  halves[1]! -= e << 20;
  const f = number[0]! - 1;
  const s = f / (2 + f);
  const half = 0.5 * f * f;
  return e * log2High - (half - (s * (half + series(s * s, logSeries)) + e * log2Low) - f);
}
