// Elementary functions in f64: ours, because hosts differ in theirs. After fdlibm (Sun Microsystems 1993), e_exp.c and e_log.c,
// whose bound of 1 ULP is asserted in tests/kernels/math64.test.ts.

/** eˣ = 2ⁿ · eʳ, |r| ≤ ln2 / 2. */
export function exp64(x: f64): f64 {
  const bounded = min(max(x, -746), 710);
  const n = nearest<f64>(bounded * 1.4426950408889634);
  const high = bounded - n * 6.93147180369123816490e-1;
  const low = n * 1.90821492927058770002e-10;
  const r = high - low;
  const t = r * r;
  const c = r - t * (1.66666666666666019037e-1 + t * (-2.77777777770155933842e-3 +
    t * (6.61375632143793436117e-5 + t * (-1.65339022054652515390e-6 + t * 4.13813679705723846039e-8))));
  const y = 1 - (low - (r * c) / (2 - c) - high);
  // 2ⁿ in two factors: n reaches −1076 and 1024, past the range of one exponent field.
  const exponent = <i64>n;
  const first = exponent >> 1;
  return y * reinterpret<f64>((first + 1023) << 52) * reinterpret<f64>((exponent - first + 1023) << 52);
}

/** ln x for x from 2⁻¹⁰²² up: e · ln2 + ln m, m in [√½, √2), by s = f / (2 + f). */
export function log64(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  const exponent = (bits - 0x3fe6a09e667f3bcd) >> 52;
  const e = <f64>exponent;
  const f = reinterpret<f64>(bits - (exponent << 52)) - 1;
  const s = f / (2 + f);
  const z = s * s;
  const series = z * (6.666666666666735130e-1 + z * (3.999999999940941908e-1 + z * (2.857142874366239149e-1 +
    z * (2.222219843214978396e-1 + z * (1.818357216161805012e-1 + z * (1.531383769920937332e-1 + z * 1.479819860511658591e-1))))));
  const half = 0.5 * f * f;
  return e * 6.93147180369123816490e-1 - (half - (s * (half + series) + e * 1.90821492927058770002e-10) - f);
}
