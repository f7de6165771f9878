// Masks: u8 tensors, 1 keeps and 0 drops. Scores may be any numbers but NaN, which callers look for.
import { ShapeError } from "../errors.js";
import { apply, applyInPlace, checkDType, type Op, type OutPlan } from "../op.js";
import type { Kernels } from "../runtime/kernels.js";
import { sameShape, show } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** Scores as rows of `len`. */
interface Rows {
  readonly len: number;
}

// @__NO_SIDE_EFFECTS__
function masking<P extends Rows>(
  name: string,
  run: (k: Kernels, out: number, scores: number, params: P, begin: number, end: number) => void,
): Op<P, OutPlan<"u8">> {
  return {
    name,
    infer([scores], { len }) {
      checkDType(name, "scores", scores!, "f32");
      return { shape: scores!.shape, dtype: "u8", work: scores!.size === 0 ? 0 : scores!.size / len };
    },
    wasm(k, out, [scores], _, params, begin, end) {
      run(k, out, scores!, params, begin, end);
    },
  };
}

const largestOp = masking<Rows & { drop: number }>("mask of the largest", (k, out, scores, { len, drop }, begin, end) =>
  k.mask_largest_f32(out, scores, len, drop, begin, end),
);

const patternOp = masking<Rows & { n: number; m: number }>(
  "mask of a pattern",
  (k, out, scores, { len, n, m }, begin, end) => k.mask_pattern_f32(out, scores, len, n, m, begin, end),
);

/** Drops the `drop` smallest of each `len` scores in turn, of equal ones the last. */
export function largestMask(scores: Tensor, options: { len: number; drop: number }): Tensor<"u8"> {
  return apply(largestOp, [scores], options);
}

/** Of every m scores in turn along rows of `len` keeps the n largest, of equal ones the first; of a shorter rest n, too. */
export function patternMask(scores: Tensor, options: { len: number; n: number; m: number }): Tensor<"u8"> {
  return apply(patternOp, [scores], options);
}

const maskedOp: Op<undefined, OutPlan<"f32">> = {
  name: "masked",
  infer(inputs) {
    // In place, the target comes first and is x.
    const [x, mask] = inputs.slice(-2) as [Tensor, Tensor];
    checkDType("masked", "x", x, "f32");
    checkDType("masked", "mask", mask, "u8");
    if (!sameShape(x.shape, mask.shape))
      throw new ShapeError(`masked: x is ${show(x.shape)}, its mask ${show(mask.shape)}; both need one shape`);
    return { shape: x.shape, dtype: "f32", work: x.size };
  },
  wasm(k, out, [x, mask], _, __, begin, end) {
    k.mask_f32(out, x!, mask!, begin, end);
  },
};

/** x where the mask is not 0, bit for bit, else 0. `where` is the one with a gradient. */
export function masked(x: Tensor, mask: Tensor): Tensor<"f32"> {
  return apply(maskedOp, [x, mask], undefined);
}

/** As `masked`, in place. */
export function maskInPlace(x: Tensor, mask: Tensor): void {
  applyInPlace(maskedOp, x, [x, mask], undefined);
}
