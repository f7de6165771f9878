import { checkCount, checkList, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { checkModel, type Model } from "../model.js";
import { QTensor } from "../ops/quantized.js";
import { sparse, sparseSizes } from "../ops/sparse.js";
import type { SparseKind } from "../ops/sparseLayouts.js";
import type { Masks } from "../optim/masked.js";
import { Packed } from "../packed.js";
import { type Receipt, receipt } from "../receipt.js";
import { scope } from "../scope.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { chosenWeights, type WeightChoice } from "../weights.js";
import { applyMasks } from "./masks.js";
import { packed } from "./pays.js";

export interface PackOptions extends WeightChoice {
  /** What falls, besides the zeros that the weights have. */
  masks?: Masks;
  /** One for all; default `auto`: the best for each weight, dense among them. */
  layout?: SparseKind | "auto";
  /** Examples of the batches that the model will meet; packing must pay in each. Default 1 and 64. */
  batch?: number | readonly number[];
  /** The shape of one example, for the receipt. Default: what the first linear layer reads. */
  input?: Shape;
}

export interface Packing {
  readonly model: Model;
  /** At the largest batch. */
  readonly receipt: Receipt;
}

/**
 * Stores a pruned model without its zeros, and says what that saves. A weight is packed if it gets smaller, and faster on this
 * machine: both ways are measured, once for weights alike; in `init({ deterministic: true })` a rule by shares of bytes decides,
 * the same on every machine. Otherwise it stays dense, and the receipt's kernel says `f32`. A layout given by name is used for all.
 *
 * Quantized weights become `csr` of the same codes, the same numbers to the bit, if they have one scale to a row (see `sparse`); all
 * else that is packed already stays as it is. So pruned weights are trained to be rounded: `qat` with `optim.masked`, then `pack`.
 *
 * The packed model runs, is saved and loaded, and gives gradients to its input; it cannot be trained. Its outputs are the masked
 * model's, up to the order of sums; zeros that are not stored meet no NaN and no infinity (see `sparse`).
 *
 * @throws {ArgumentError} if an option makes no sense, or a weight cannot be stored in the layout that is given.
 * @throws {ShapeError} if a mask and its parameter differ in shape.
 * @throws {OutOfMemoryError}
 * @example
 * const masks = prune(model, magnitude({ sparsity: 0.9 }));
 * const { model: small, receipt } = pack(model, { masks, batch: 32 });
 * console.log(receipt.kernel, receipt.bytes, receipt.denseBytes, receipt.ms, receipt.denseMs);
 */
export function pack(model: Model, options: PackOptions = {}): Packing {
  checkModel("pack", "model", model);
  checkOptions("pack", options);
  const { masks = {}, layout = "auto", batch = [1, 64], input } = options;
  const batches = typeof batch === "number" ? [batch] : batch;
  checkList("pack", "batch", batches);
  for (const size of batches) checkCount("pack", "batch", size, 1);
  if (batches.length === 0) throw new ArgumentError("pack: batch is an empty list; it needs a size at least");
  const chosen = chosenWeights("pack", model, options);
  return scope(() => {
    const zeroed = applyMasks(model, masks);
    const changed: Record<string, Tensor> = Object.create(null);
    for (const { name } of chosen) {
      const w = zeroed.params[name]!;
      if (w instanceof Packed && !(w instanceof QTensor)) continue;
      const stored = layout === "auto" ? packed(w, batches) : storedAs(layout, name, w);
      if (stored !== undefined) changed[name] = stored;
    }
    const made = zeroed.with(changed);
    const largest = Math.max(...batches);
    return { model: made, receipt: receipt(made, model, { batch: largest, ...(input && { input }) }) };
  });
}

function storedAs(layout: SparseKind, name: string, w: Tensor): Tensor | undefined {
  if (w instanceof QTensor && !sparseSizes(w).some((size) => size.layout === layout)) return undefined;
  try {
    return sparse(w, { layout });
  } catch (cause) {
    if (!(cause instanceof ArgumentError)) throw cause;
    throw new ArgumentError(`pack: "${name}": ${cause.message}`, { cause });
  }
}
