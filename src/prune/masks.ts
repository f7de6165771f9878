import { ShapeError } from "../errors.js";
import { checkModel, Model } from "../model.js";
import { masked } from "../ops/mask.js";
import { checkMasks, checkMaskTypes, type Masks } from "../optim/masked.js";
import { scope } from "../scope.js";
import { sameShape, show } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { both } from "./select.js";

/**
 * A new model with zeros where the masks drop; every other number keeps all its bits.
 *
 * @throws {ArgumentError} if a mask names no parameter.
 * @throws {ShapeError} if a mask and its parameter differ in shape.
 * @example
 * const sparse = applyMasks(model, prune(model, magnitude({ sparsity: 0.5 })));
 */
export function applyMasks(model: Model, masks: Masks): Model {
  checkModel("applyMasks", "model", model);
  checkMasks("applyMasks", model.params, masks);
  return scope(() => {
    const changed = Object.entries(masks).map(([name, mask]) => [name, masked(model.params[name]!, mask)] as const);
    return model.with(Object.fromEntries(changed));
  });
}

/**
 * Masks that keep what both keep; where only one of them has a mask, what that keeps.
 *
 * @throws {ShapeError} if two masks of one name differ in shape.
 * @example
 * const masks = intersect(prune(model, magnitude({ sparsity: 0.5 })), prune(model, magnitude({ pattern: [2, 4] })));
 */
export function intersect(a: Masks, b: Masks): Masks {
  for (const masks of [a, b]) checkMaskTypes("intersect", masks);
  return scope(() => {
    const joined: Record<string, Tensor<"u8">> = Object.create(null);
    for (const [name, mask] of Object.entries(a)) {
      const other = b[name] ?? mask;
      if (!sameShape(mask.shape, other.shape))
        throw new ShapeError(
          `intersect: the masks of "${name}" are ${show(mask.shape)} and ${show(other.shape)}; both need one shape`,
        );
      joined[name] = both(mask, other);
    }
    for (const [name, mask] of Object.entries(b)) joined[name] ??= both(mask, mask);
    return joined;
  });
}

/** Zeros among numbers. */
export interface Zeros {
  readonly zeros: number;
  readonly size: number;
  /** Share of zeros; 0 of nothing. */
  readonly sparsity: number;
}

/** Zeros in all, and weight by weight. */
export interface Sparsity extends Zeros {
  readonly weights: Readonly<Record<string, Zeros>>;
}

/**
 * How many zeros the weights of a model have, or how many masks make: in all and by name. Biases count only where masks name them.
 *
 * @example
 * const masks = prune(model, magnitude({ sparsity: 0.5 }));
 * const { zeros } = await sparsity(masks);
 * const dropped = zeros; // 6
 */
export async function sparsity(of: Model | Masks): Promise<Sparsity> {
  if (!(of instanceof Model)) checkMaskTypes("sparsity", of);
  const named: [string, Tensor][] =
    of instanceof Model ? of.weights.map(({ name }) => [name, of.params[name]!]) : Object.entries(of);
  const weights: Record<string, Zeros> = Object.create(null);
  for (const [name, t] of named) {
    const values = await t.data();
    let zeros = 0;
    for (let i = 0; i < values.length; i++) if (values[i] === 0) zeros++;
    weights[name] = shareOf(zeros, values.length);
  }
  const all = Object.values(weights);
  const total = (key: "zeros" | "size") => all.reduce((sum, each) => sum + each[key], 0);
  return { ...shareOf(total("zeros"), total("size")), weights };
}

function shareOf(zeros: number, size: number): Zeros {
  return { zeros, size, sparsity: size === 0 ? 0 : zeros / size };
}
