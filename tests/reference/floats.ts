/** A float of few bits as the standards describe it; `finite`: no infinity, the topmost code alone is NaN. */
export interface NarrowFloat {
  readonly exponent: number;
  readonly mantissa: number;
  readonly finite: boolean;
}

export const narrowFloats = {
  f16: { exponent: 5, mantissa: 10, finite: false },
  bf16: { exponent: 8, mantissa: 7, finite: false },
  e4m3fn: { exponent: 4, mantissa: 3, finite: true },
  e5m2: { exponent: 5, mantissa: 2, finite: false },
} as const satisfies Record<string, NarrowFloat>;

/** The number that a code stands for. */
export function numberOf(code: number, { exponent, mantissa, finite }: NarrowFloat): number {
  const sign = code >> (exponent + mantissa) === 0 ? 1 : -1;
  const size = code & ((1 << (exponent + mantissa)) - 1);
  const [e, m] = [size >> mantissa, size & ((1 << mantissa) - 1)];
  const bias = 2 ** (exponent - 1) - 1;
  if (finite ? size + 1 === 1 << (exponent + mantissa) : e === (1 << exponent) - 1 && m > 0) return Number.NaN;
  if (!finite && e === (1 << exponent) - 1) return sign * Number.POSITIVE_INFINITY;
  return sign * (e === 0 ? m * 2 ** (1 - bias - mantissa) : (1 + m / 2 ** mantissa) * 2 ** (e - bias));
}

/**
 * For every code without a sign the number from which on it, or if it is odd what lies past it, is the nearest: halfway from the
 * code before. The code after the largest finite one stands for overflow, as if the floats went on.
 */
export function thresholds(float: NarrowFloat): Float64Array {
  const top = topCode(float);
  const value = (code: number): number =>
    code <= top ? numberOf(code, float) : 2 * numberOf(top, float) - numberOf(top - 1, float);
  return Float64Array.from({ length: top + 2 }, (_, code) => (code === 0 ? 0 : (value(code - 1) + value(code)) / 2));
}

/** The largest finite code. */
export function topCode({ exponent, mantissa, finite }: NarrowFloat): number {
  return finite ? (1 << (exponent + mantissa)) - 2 : (((1 << exponent) - 1) << mantissa) - 1;
}

/** The code nearest to a number by bisection of the thresholds, ties to even; what overflow and NaN give is the caller's. */
export function nearestCode(x: number, steps: Float64Array): number {
  const size = Math.abs(x);
  let [low, high] = [0, steps.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (size > steps[middle]! || (size === steps[middle] && middle % 2 === 0)) low = middle;
    else high = middle - 1;
  }
  return low;
}
