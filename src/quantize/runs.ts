import { concat } from "../ops/concat.js";
import { reshape, slice } from "../ops/layout.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";

/** The rows of x [rows, len] cut into runs of `size`, as rows [rows · runs, size]; the short last runs are a matrix of their own. */
export function runsOf(x: Tensor, size: number): Tensor[] {
  const [rows, len] = x.shape as [number, number];
  const whole = Math.floor(len / size);
  if (whole * size === len) return [reshape(x, [rows * whole, size])];
  const tail = slice(x, [{}, { start: whole * size }]);
  if (whole === 0) return [tail];
  return scope(() => [reshape(slice(x, [{}, { end: whole * size }]), [rows * whole, size]), tail]);
}

/** What was worked out for each run, [rows · runs] of every part that `runsOf` made, in the order of the runs: [rows, runs]. */
export function joinRuns(parts: readonly Tensor[], rows: number): Tensor<"f32"> {
  return scope(() => {
    const shaped = parts.map((part) => reshape(part, [rows, part.size / rows]));
    return (shaped.length === 1 ? shaped[0]! : concat(shaped, { axis: 1 })) as Tensor<"f32">;
  });
}
