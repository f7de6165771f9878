import { generate, type Reference } from "./array.js";

/** f and f′ on f64; p and q are the options of the op, in the order of its kernel. */
export interface Curve {
  readonly f: (x: number, p: number, q: number) => number;
  readonly df: (x: number, p: number, q: number) => number;
}

/**
 * erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1 · 3 · … · (2n+1)): no term is negative, so nothing cancels. Exact to 1e-15 where x²
 * is exact, as it is for f32.
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  if (a < 1e-9) return (2 / Math.sqrt(Math.PI)) * x;
  const square = a * a;
  let term = a;
  let sum = a;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * square) / (2 * n + 1);
    sum += term;
  }
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-square) * sum;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const normalDensity = (x: number): number => Math.exp(-x * x * 0.5) / Math.sqrt(2 * Math.PI);
const geluInner = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);

export const unary = {
  neg: { f: (x) => -x, df: () => -1 },
  abs: { f: Math.abs, df: Math.sign },
  exp: { f: Math.exp, df: Math.exp },
  log: { f: Math.log, df: (x) => 1 / x },
  sqrt: { f: Math.sqrt, df: (x) => 0.5 / Math.sqrt(x) },
  square: { f: (x) => x * x, df: (x) => 2 * x },
  relu: { f: (x) => Math.max(x, 0), df: (x) => (x <= 0 ? 0 : 1) },
  leakyRelu: { f: (x, slope) => (x < 0 ? slope * x : x), df: (x, slope) => (x <= 0 ? slope : 1) },
  gelu: {
    f: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
    df: (x) => 0.5 * (1 + erf(x / Math.SQRT2)) + x * normalDensity(x),
  },
  geluTanh: {
    f: (x) => 0.5 * x * (1 + Math.tanh(geluInner(x))),
    df: (x) => {
      if (Math.abs(x) > 100) return x > 0 ? 1 : 0;
      const t = Math.tanh(geluInner(x));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
    },
  },
  silu: { f: (x) => x / (1 + Math.exp(-x)), df: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))) },
  sigmoid: { f: sigmoid, df: (x) => sigmoid(x) * sigmoid(-x) },
  tanh: { f: Math.tanh, df: (x) => 1 / Math.cosh(x) ** 2 },
  softplus: {
    f: (x, beta, threshold) => {
      const z = beta * x;
      return z > threshold ? x : (Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)))) / beta;
    },
    df: (x, beta, threshold) => (beta * x > threshold ? 1 : sigmoid(beta * x)),
  },
  /** Its gradient is not its slope, so no df of its own. */
  signSte: { f: (x, low, high) => (x < 0 ? low : x >= 0 ? high : Number.NaN), df: () => 0 },
  clamp: {
    f: (x, low, high) => Math.min(Math.max(x, low), high),
    df: (x, low, high) => (x < low || x > high ? 0 : 1),
  },
} satisfies Record<string, Curve>;

export type UnaryName = keyof typeof unary;

export function forward(name: UnaryName, x: Reference, p = 0, q = 0): Reference {
  const curve: Curve = unary[name];
  return generate(x.shape, (i) => curve.f(x.data[i]!, p, q));
}

export function vjp(name: UnaryName, g: Reference, x: Reference, p = 0, q = 0): Reference {
  const curve: Curve = unary[name];
  return generate(x.shape, (i) => g.data[i]! * curve.df(x.data[i]!, p, q));
}
