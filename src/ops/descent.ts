import { apply, applyInPlace, type Op, type OutPlan } from "../op.js";
import { doubles, readDoubles, type System, whole } from "./system.js";

const mirrorOp: Op<{ readonly size: number; readonly stride: number }> = {
  name: "mirror",
  infer: ([x], { size }) => ({ shape: x!.shape, dtype: "u8", work: size }),
  wasm(k, x, _, __, { size, stride }, begin, end) {
    k.mirror_f64(x, size, stride, begin, end);
  },
};

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
  readonly sweeps: number;
  readonly converged: boolean;
}

type DescentParams = Omit<Penalized, "system" | "squares" | "l1" | "l2"> & Pick<System, "size" | "stride">;

const descentOp: Op<DescentParams, OutPlan<"u8">> = {
  name: "descent",
  infer([, , squares], { size, tasks }) {
    const problems = squares!.size / 8 / tasks;
    return { shape: [problems * (2 * tasks * whole(size) + 4) * 8], dtype: "u8", work: problems };
  },
  wasm(k, out, [system, penalties, squares], _, params, begin, end) {
    const { size, stride, tasks, positive, tolerance, sweeps } = params;
    k.descend_f64(out, system!, penalties!, squares!, size, stride, tasks, positive, tolerance, sweeps, begin, end);
  },
};

/** Coordinate descent on the problems of a system, `tasks` targets each. */
export function descend({ system, squares, l1, l2, ...settings }: Penalized): Descended[] {
  const { size, stride, values } = system;
  const { tasks, tolerance } = settings;
  applyInPlace(mirrorOp, values, [], { size, stride });
  const penalties = doubles(Float64Array.of(...l1, ...l2));
  const all = readDoubles(apply(descentOp, [values, penalties, doubles(squares)], { ...settings, size, stride }));
  const part = 2 * tasks * whole(size) + 4;
  return Array.from({ length: squares.length / tasks }, (_, problem) => {
    const found = all.subarray(problem * part, (problem + 1) * part);
    const [objective, gap, sweeps] = found.subarray(part - 4) as unknown as [number, number, number];
    const weight = new Float64Array(tasks * size);
    let total = 0;
    for (let t = 0; t < tasks; t++) {
      weight.set(found.subarray(t * whole(size), t * whole(size) + size), t * size);
      total += squares[problem * tasks + t]!;
    }
    return { weight, objective, gap, sweeps, converged: gap <= tolerance * total };
  });
}
