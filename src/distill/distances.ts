import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import { add, mul } from "../ops/binary.js";
import { transpose } from "../ops/layout.js";
import type { Tensor } from "../tensor.js";
import { reciprocal } from "./features.js";

interface RowsPlan extends OutPlan<"f32"> {
  readonly n: number;
  readonly d: number;
}

const distancesOp: Op<undefined, RowsPlan> = {
  name: "distances",
  infer([x]) {
    checkDType("distances", "x", x!, "f32");
    const [n, d] = x!.shape as [number, number];
    return { shape: [n, n], dtype: "f32", work: n, n, d };
  },
  wasm(k, out, [x], { n, d }, _, begin, end) {
    k.distances_f32(out, x!, n, d, begin, end);
  },
  // Each distance stands in two places, and pulls at both of its rows.
  vjp: (g, { inputs: [x], output }) => [
    apply(distancesGradOp, [mul(add(g, transpose(g)), reciprocal(output)), x!], undefined),
  ],
};

const distancesGradOp: Op<undefined, RowsPlan> = {
  name: "the gradient of distances",
  infer([, x]) {
    const [n, d] = x!.shape as [number, number];
    return { shape: x!.shape, dtype: "f32", work: n, n, d };
  },
  wasm(k, out, [w, x], { n, d }, _, begin, end) {
    k.distances_grad_f32(out, w!, x!, n, d, begin, end);
  },
};

/** Euclidean distances of all pairs of rows: f32 [n, d] → [n, n]. Equal rows have the distance 0 and no gradient. */
export function distances(x: Tensor): Tensor<"f32"> {
  return apply(distancesOp, [x], undefined);
}
