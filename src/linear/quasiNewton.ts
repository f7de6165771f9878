/** A smooth function of many numbers and its gradient. */
export type Smooth = (u: Float64Array) => { readonly value: number; readonly gradient: Float64Array };

export interface Minimized {
  readonly u: Float64Array;
  /** Of the smooth function and the penalty. */
  readonly value: number;
  readonly iterations: number;
  readonly converged: boolean;
}

export interface MinimizeOptions {
  /** Where to start. */
  readonly start: Float64Array;
  /** Penalty on |uⱼ|, by number; 0 where there is none. */
  readonly l1: Float64Array;
  /** Largest slope in any number to stop at. */
  readonly tolerance: number;
  readonly maxIterations: number;
}

/** Steps that the curvature is taken from. */
const memory = 12;
/** Share of the promised descent that a step must keep (Armijo). */
const kept = 1e-4;
/** Halvings of a step before it is given up: then rounding errors are larger than what is left to gain. */
const halvings = 40;

/** A step and what it did to the gradient. */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
}

/**
 * The least smooth(u) + Σ l1ⱼ |uⱼ| of convex functions: limited-memory BFGS over the numbers that are not 0, a scaled step down the slope
 * for those that are and want to leave, and where a sign would change, exactly 0 (Schmidt 2010, PSSgb). Without l1 plain L-BFGS.
 */
export function minimize(smooth: Smooth, { start, l1, tolerance, maxIterations }: MinimizeOptions): Minimized {
  let u = start;
  let { value, gradient } = smooth(u);
  let total = value + penalty(u, l1);
  const pairs: Pair[] = [];
  for (let iterations = 0; ; iterations++) {
    const slope = steepest(u, gradient, l1);
    const converged = slope.every((s) => Math.abs(s) <= tolerance);
    if (converged || iterations === maxIterations) return { u, value: total, iterations, converged };
    const inside = Array.from(u.keys()).filter((j) => u[j] !== 0 || l1[j] === 0);
    const direction = descent(slope, pairs, inside);
    let step = pairs.length > 0 ? 1 : 1 / Math.sqrt(slope.reduce((sum, s) => sum + s * s, 0));
    for (let tried = 0; ; step /= 2, tried++) {
      if (tried === halvings && pairs.length === 0) return { u, value: total, iterations, converged: false };
      if (tried === halvings) {
        // The curvature may mislead: once more without.
        pairs.length = 0;
        break;
      }
      const next = u.map((at, j) => {
        const to = at + step * direction[j]!;
        const side = at === 0 ? -slope[j]! : at;
        return l1[j]! > 0 && to * side <= 0 ? 0 : to;
      });
      const reached = smooth(next);
      const now = reached.value + penalty(next, l1);
      const promised = slope.reduce((sum, s, j) => sum + s * (next[j]! - u[j]!), 0);
      if (!(now <= total + kept * promised)) continue;
      const [from, at] = [gradient, u];
      pairs.push({ s: next.map((to, j) => to - at[j]!), y: reached.gradient.map((to, j) => to - from[j]!) });
      if (pairs.length > memory) pairs.shift();
      [u, total, gradient] = [next, now, reached.gradient];
      break;
    }
  }
}

function penalty(u: Float64Array, l1: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < u.length; j++) sum += l1[j]! * Math.abs(u[j]!);
  return sum;
}

/** The subgradient of least length: 0 where a number is best at 0. */
function steepest(u: Float64Array, gradient: Float64Array, l1: Float64Array): Float64Array {
  return gradient.map((g, j) => {
    const l = l1[j]!;
    if (u[j]! !== 0) return u[j]! > 0 ? g + l : g - l;
    return g > l ? g - l : g < -l ? g + l : 0;
  });
}

/**
 * −H · slope over the numbers `inside` by the two loops of L-BFGS (Nocedal & Wright 2006, algorithm 7.4), H from steps and gradients in
 * these numbers alone; the others go down their slope, as far as the last step's curvature says.
 */
function descent(slope: Float64Array, pairs: readonly Pair[], inside: readonly number[]): Float64Array {
  const dot = (a: Float64Array, b: Float64Array): number => inside.reduce((sum, j) => sum + a[j]! * b[j]!, 0);
  const d = slope.map((s) => -s);
  const curved = pairs.map((pair) => ({ ...pair, sy: dot(pair.s, pair.y) })).filter(({ sy }) => sy > 0);
  const last = curved.at(-1);
  if (last === undefined) return d;
  const shares: number[] = [];
  for (let i = curved.length - 1; i >= 0; i--) {
    const { s, y, sy } = curved[i]!;
    shares[i] = dot(s, d) / sy;
    for (const j of inside) d[j]! -= shares[i]! * y[j]!;
  }
  const scale = last.sy / dot(last.y, last.y);
  for (let j = 0; j < d.length; j++) d[j]! *= scale;
  for (const [i, { s, y, sy }] of curved.entries()) {
    const share = shares[i]! - dot(y, d) / sy;
    for (const j of inside) d[j]! += share * s[j]!;
  }
  return d;
}
