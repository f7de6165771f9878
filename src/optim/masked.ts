import { ArgumentError, ShapeError } from "../errors.js";
import { checkDType } from "../op.js";
import { maskInPlace } from "../ops/mask.js";
import { sameShape, show } from "../shape.js";
import { Tensor } from "../tensor.js";
import type { Tree } from "../tree.js";
import { checkOptimizer, type Optimizer } from "./optimizer.js";

/** Which numbers of parameters stay, by the names of these: 1 keeps, 0 is and remains 0. Parameters not named stay whole. */
export type Masks = Readonly<Record<string, Tensor<"u8">>>;

/** Sets to 0, in place, what the masks drop of named tensors. */
function maskAll(tree: Tree, masks: Masks): void {
  for (const [name, mask] of Object.entries(masks)) maskInPlace((tree as Record<string, Tensor>)[name]!, mask);
}

/** Guards masks as such. */
export function checkMaskTypes(who: string, masks: Masks): void {
  if (typeof masks !== "object" || masks === null || masks instanceof Tensor)
    throw new ArgumentError(`${who}: the masks must be u8 tensors by the names of parameters, such as prune() gives`);
  for (const [name, mask] of Object.entries(masks)) checkDType(who, `the mask of "${name}"`, mask, "u8");
}

/** Guards masks against the parameters they are for. */
export function checkMasks(who: string, params: Tree, masks: Masks): void {
  checkMaskTypes(who, masks);
  for (const [name, mask] of Object.entries(masks)) {
    const param = Object.hasOwn(params, name) ? (params as Record<string, unknown>)[name] : undefined;
    if (!(param instanceof Tensor))
      throw new ArgumentError(
        `${who}: a mask is called "${name}", and no parameter is; there are ${Object.keys(params)}`,
      );
    checkDType(who, `"${name}"`, param, "f32");
    if (!sameShape(param.shape, mask.shape))
      throw new ShapeError(
        `${who}: "${name}" is ${show(param.shape)}, its mask ${show(mask.shape)}; both need one shape`,
      );
  }
}

/**
 * Freezes zeros: gradients are masked before the optimizer sees them and parameters after its step, so that no momentum and no
 * weight decay revives one (as optax.masked with zeroed updates). Its state is the inner one's. Masks of ones change no bit.
 * The masks stay the caller's.
 *
 * @throws {ArgumentError} if masks or optimizer are none; in `update`, if a mask names no parameter.
 * @throws {ShapeError} in `update`, if a mask and its parameter differ in shape.
 * @example
 * const masks = prune(model, magnitude({ sparsity: 0.5 }));
 * const optimizer = optim.masked(masks, optim.adamW({ lr: 1e-3 }));
 */
export function masked(masks: Masks, optimizer: Optimizer): Optimizer {
  checkMaskTypes("masked", masks);
  checkOptimizer("masked", optimizer);
  return {
    init: (params) => optimizer.init(params),
    update(params, grads, state) {
      checkMasks("masked", params, masks);
      maskAll(grads, masks);
      optimizer.update(params, grads, state);
      maskAll(params, masks);
    },
  };
}
