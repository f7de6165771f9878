import { checkCount, checkNumber } from "../check.js";
import { ArgumentError } from "../errors.js";
import type { Model } from "../model.js";
import { apply, type Op, type OutPlan } from "../op.js";
import { div, sub } from "../ops/binary.js";
import { cast } from "../ops/cast.js";
import { greater } from "../ops/compare.js";
import { reshape, slice } from "../ops/layout.js";
import { largestMask } from "../ops/mask.js";
import { matmul } from "../ops/matmul.js";
import { norm } from "../ops/reduce.js";
import { choleskyOfInverse } from "../ops/solve.js";
import { square } from "../ops/unary.js";
import { where } from "../ops/where.js";
import type { Tensor } from "../tensor.js";
import { checkLayerwise, type LayerwiseOptions, layerwise, type Pruned, unstacked } from "./layerwise.js";
import { checkPattern } from "./select.js";

export interface SparseGptOptions extends LayerwiseOptions {
  /** Share of each layer's weights that falls, from 0 to 1. */
  sparsity?: number;
  /** [n, m] instead: of every m weights in turn along a row the n best stay. */
  pattern?: readonly [n: number, m: number];
  /** Columns that are chosen among at once; a multiple of m, or the next one is taken. Default 128. */
  block?: number;
}

interface Block {
  readonly n: number;
  readonly m: number;
}

/** Inputs: weights [rows, cols], the block of U, and unless a pattern chooses a mask. The result is [3, rows, cols]. */
const blockOp: Op<Block, OutPlan<"f32">> = {
  name: "sparseGpt",
  infer: ([w]) => ({ shape: [3, ...w!.shape], dtype: "f32", work: w!.shape[0]! }),
  wasm(k, out, [w, u, mask], { shape }, { n, m }, begin, end) {
    k.sparsegpt_f32(out, w!, u!, mask ?? 0, shape[1]!, shape[2]!, n, m, begin, end);
  },
};

/**
 * Prunes in one pass and lets the weights that stay make up for those that fall, without training (SparseGPT; Frantar & Alistarh 2023):
 * layer by layer, on what each meets once the layers before are pruned. In each block of columns those with the least w² / U² fall;
 * as in the authors' code that is one more than the share asks for, and none where it is 0. Columns that meet nothing but zeros fall first.
 *
 * @throws {ArgumentError} if there are no examples, a weight or input is NaN or infinite, or an option makes no sense.
 * @example
 * const { model: sparse, masks } = sparseGpt(model, { sparsity: 0.5, calibration: data });
 */
export function sparseGpt(model: Model, options: SparseGptOptions): Pruned {
  checkLayerwise("sparseGpt", model, options);
  const { sparsity, pattern, block = 128, damp = 0.01 } = options;
  if ((sparsity === undefined) === (pattern === undefined))
    throw new ArgumentError("sparseGpt: either sparsity or pattern says how much falls; give one of them");
  if (sparsity !== undefined) checkNumber("sparseGpt", "sparsity", sparsity, 0, 1);
  if (pattern !== undefined) checkPattern("sparseGpt", pattern);
  checkCount("sparseGpt", "block", block, 1);
  return layerwise("sparseGpt", model, options, (w, x) => pruneLayer(w, x, { sparsity, pattern, block, damp }));
}

/** One layer: weights [rows, cols] and its inputs [n, cols]. `loss` is half the sum of the squares of what fell over the diagonal of U. */
export function pruneLayer(
  w: Tensor,
  x: Tensor,
  options: {
    readonly sparsity: number | undefined;
    readonly pattern: readonly [n: number, m: number] | undefined;
    readonly block: number;
    readonly damp: number;
  },
): { weight: Tensor<"f32">; mask: Tensor<"u8">; fallen: Tensor<"f32"> } {
  const { sparsity = 0, pattern, damp } = options;
  const [n, m] = pattern ?? [0, 1];
  const block = Math.ceil(options.block / m) * m;
  const [rows, cols] = w.shape as [number, number];
  const u = choleskyOfInverse(x, { damp });
  // Where nothing is to fall, nothing changes either.
  const all = pattern === undefined ? sparsity === 0 : n === m;
  let rest: Tensor = all ? w : where(greater(norm(x, { axes: 0, keepDims: true }), 0), w, 0);
  const parts: Tensor[] = [];
  for (let start = 0; start < cols; start += block) {
    const size = Math.min(block, cols - start);
    const own = slice(rest, [{}, { end: size }]);
    const uRows = slice(u, [{ start, end: start + size }, { start }]);
    const uOwn = slice(uRows, [{}, { end: size }]);
    const chosen = pattern === undefined ? [maskOf(own, uOwn, sparsity)] : [];
    const part = apply(blockOp, [own, uOwn, ...chosen], { n, m });
    parts.push(part);
    const fallen = reshape(slice(part, [{ start: 1, end: 2 }]), [rows, size]);
    const right = { start: size };
    rest = sub(slice(rest, [{}, right]), matmul(fallen, slice(uRows, [{}, right])));
  }
  const [weight, fallen, mask] = unstacked(parts, 2);
  return { weight, fallen, mask: cast(mask, "u8") };
}

/** Which weights of a block stay. */
function maskOf(w: Tensor, u: Tensor, sparsity: number): Tensor<"u8"> {
  const size = w.shape[1]!;
  const diagonal = slice(reshape(u, [size * size]), [{ step: size + 1 }]);
  const drop = sparsity === 0 ? 0 : Math.min(w.size, Math.floor(w.size * sparsity) + 1);
  return largestMask(square(div(w, diagonal)), { len: w.size, drop });
}
