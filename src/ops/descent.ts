import { applyInPlace, type Op } from "../op.js";
import { doubles, normalEquations, readDoubles, type System, whole } from "./system.js";

/** ½ ||Y − X Wᵀ||² + Σ l1ⱼ ||wⱼ|| + ½ Σ l2ⱼ ||wⱼ||², wⱼ the coefficients of column j. */
export interface Penalized {
  readonly system: System;
  /** ||y||² of each target. */
  readonly squares: Float64Array;
  /** By column, all above 0. */
  readonly l1: Float64Array;
  readonly l2: Float64Array;
  /** Targets that share a problem: their coefficients of a column are 0 together. */
  readonly tasks: number;
  /** Whether coefficients must not be below 0; one task then. */
  readonly positive: boolean;
  /** Largest duality gap to stop at, as a share of ||Y||². */
  readonly tolerance: number;
  /** Most sweeps over the columns. */
  readonly sweeps: number;
}

/** What became of one problem. */
export interface Descended {
  /** [tasks, k] */
  readonly weight: Float64Array;
  readonly objective: number;
  /** The objective is at most this far above the least. */
  readonly gap: number;
  readonly converged: boolean;
}

/** Sweeps between two looks at the duality gap. */
const round = 4;

/** In place on W and q of each problem; inputs: XᵀX, and the penalties of the columns. */
const descentOp: Op<Pick<Penalized, "tasks" | "positive" | "sweeps"> & { readonly k: number }> = {
  name: "descent",
  infer: ([state], { k, tasks }) => ({
    shape: state!.shape,
    dtype: "u8",
    work: state!.size / (2 * tasks * whole(k) * 8),
  }),
  wasm(kernels, state, [gram, penalties], _, { k, tasks, positive, sweeps }, begin, end) {
    kernels.descend_f64(state, gram!, penalties!, k, tasks, positive, sweeps, begin, end);
  },
};

/** Coordinate descent on the problems of a system, `tasks` targets each, until the duality gaps are small. */
export function descend(problem: Penalized): { found: Descended[]; sweeps: number } {
  const { system, squares, l1, l2, tasks, positive, sweeps: most } = problem;
  const k = system.size;
  const row = whole(k);
  const { gram, products } = normalEquations(system, squares.length);
  const [onHeap, penalties] = [doubles(gram), doubles(Float64Array.of(...l1, ...l2))];
  // W = 0, so q is XᵀY.
  const start = new Float64Array(2 * products.length);
  const part = tasks * row;
  for (let at = 0; at < products.length; at += part) start.set(products.subarray(at, at + part), 2 * at + part);
  const state = doubles(start);
  for (let sweeps = 0; ; ) {
    const values = readDoubles(state);
    const found = Array.from({ length: squares.length / tasks }, (_, i) =>
      judge(problem, products.subarray(i * part), values.subarray(2 * i * part), squares.subarray(i * tasks)),
    );
    if (sweeps === most || found.every(({ converged }) => converged)) return { found, sweeps };
    const next = Math.min(round, most - sweeps);
    applyInPlace(descentOp, state, [onHeap, penalties], { k, tasks, positive, sweeps: next });
    sweeps += next;
  }
}

/** A problem as it stands: `state` holds its W and q, `products` its XᵀY. The gap is that to the dual point next to what is left of Y. */
function judge(
  { system: { size: k }, l1, l2, tasks, positive, tolerance }: Penalized,
  products: Float64Array,
  state: Float64Array,
  squares: Float64Array,
): Descended {
  const row = whole(k);
  const weight = new Float64Array(tasks * k);
  // ||Y||², ||Y − XW||² and Y · (Y − XW); both penalties; how far what is left must shrink to be a dual point.
  const total = squares.subarray(0, tasks).reduce((sum, value) => sum + value, 0);
  let [left, shared, lasso, ridge, outside] = [total, total, 0, 0, 1];
  for (let j = 0; j < k; j++) {
    let [length, slope] = [0, 0];
    for (let t = 0; t < tasks; t++) {
      const [w, q, product] = [state[t * row + j]!, state[(tasks + t) * row + j]!, products[t * row + j]!];
      weight[t * k + j] = w;
      left -= w * (product + q);
      shared -= w * product;
      length += w * w;
      const d = q - l2[j]! * w;
      slope += positive && d < 0 ? 0 : d * d;
    }
    lasso += l1[j]! * Math.sqrt(length);
    ridge += l2[j]! * length;
    outside = Math.max(outside, Math.sqrt(slope) / l1[j]!);
  }
  const inside = 1 / outside;
  const gap = 0.5 * (1 + inside * inside) * (left + ridge) + lasso - inside * shared;
  const objective = 0.5 * (left + ridge) + lasso;
  // Below 0 it is rounding.
  return { weight, objective, gap: Math.max(gap, 0), converged: gap <= tolerance * total };
}
