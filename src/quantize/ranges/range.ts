import { checkChoice, checkNumber, checkOptions } from "../../check.js";
import { max, min } from "../../ops/reduce.js";
import { scope } from "../../scope.js";
import { checkUntraced } from "../../tape.js";
import { readTensor, type Tensor, tensor } from "../../tensor.js";
import type { Bounds, Codes } from "../grid.js";

/** Which numbers the codes shall cover; what lies outside is clipped. A value, such as `ranges.percentile(99.9)`. */
export interface Range {
  /** As errors and tables print it. */
  readonly name: string;
  /** Bounds of each row of x, f32 [rows, len], all finite, len from 1. */
  of(x: Tensor, codes: Codes): Bounds;
}

/**
 * All of them: nothing is clipped.
 *
 * @example
 * const scheme = int8({ range: ranges.minMax() });
 */
export function minMax(): Range {
  return {
    name: "min-max",
    of: (x) => scope(() => ({ low: min(x, { axes: 1 }), high: max(x, { axes: 1 }) })),
  };
}

/** How a percentile between two values is made of them, as in NumPy. */
export type Interpolation = "linear" | "lower" | "higher" | "nearest" | "midpoint";

/** The value at share p, 0 to 1, of ascending values. */
export function quantile(sorted: Float32Array, p: number, method: Interpolation): number {
  const at = p * (sorted.length - 1);
  const [below, above] = [Math.floor(at), Math.ceil(at)];
  const [low, high] = [sorted[below]!, sorted[above]!];
  if (method === "lower") return low;
  if (method === "higher") return high;
  if (method === "midpoint") return (low + high) / 2;
  if (method === "linear") return low + (high - low) * (at - below);
  // Halfway: to the even place.
  const half = at - below === 0.5 ? below % 2 === 0 : at - below < 0.5;
  return half ? low : high;
}

const interpolations: readonly Interpolation[] = ["linear", "lower", "higher", "nearest", "midpoint"];

/**
 * From the (100 − p)th percentile to the pth, both as numpy.percentile has them; with symmetric codes the pth of |x|. A few
 * outliers then do not coarsen all the others.
 *
 * @param p 50 to 100.
 * @throws {ArgumentError} if p or the method is none.
 * @example
 * const scheme = int8({ range: ranges.percentile(99.9) });
 */
export function percentile(p: number, options: { method?: Interpolation } = {}): Range {
  checkNumber("percentile", "p", p, 50, 100);
  checkOptions("percentile", options);
  const { method = "linear" } = options;
  checkChoice("percentile", "method", method, interpolations);
  return {
    name: `percentile ${p}`,
    of: (x, { symmetric }) =>
      rowBounds(x, (row) => {
        if (symmetric) {
          const size = quantile(row.map(Math.abs).sort(), p / 100, method);
          return [-size, size];
        }
        const sorted = row.slice().sort();
        return [quantile(sorted, 1 - p / 100, method), quantile(sorted, p / 100, method)];
      }),
  };
}

/** Bounds that the host works out row by row. */
export function rowBounds(x: Tensor, boundsOf: (row: Float32Array) => readonly [number, number]): Bounds {
  checkUntraced("ranges", x);
  const [rows, len] = x.shape as [number, number];
  const values = readTensor(x as Tensor<"f32">);
  const [low, high] = [new Float32Array(rows), new Float32Array(rows)];
  for (let r = 0; r < rows; r++)
    [low[r], high[r]] = boundsOf(values.subarray(r * len, (r + 1) * len)) as [number, number];
  return scope(() => ({ low: tensor(low), high: tensor(high) }));
}
