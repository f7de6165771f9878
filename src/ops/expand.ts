import { ShapeError } from "../errors.js";
import { checkTensor } from "../op.js";
import { scope } from "../scope.js";
import { broadcastShape, checkShape, type Shape, sameShape, show, stridesOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { reshape, strided } from "./layout.js";
import { sum } from "./reduce.js";

/**
 * Repeats dimensions of size 1 (and missing leading ones) up to `shape`. Copies; arithmetic broadcasts by itself.
 *
 * @throws {ShapeError} if a size is neither equal nor 1.
 * @example
 * const y = expand(tensor([[1], [2]]), [2, 3]); // [[1, 1, 1], [2, 2, 2]]
 */
export function expand<T extends Tensor>(x: T, shape: Shape): T {
  checkTensor("expand", x);
  checkShape("expand", shape);
  if (sameShape(x.shape, shape)) return reshape(x, shape);
  const lead = shape.length - x.rank;
  if (lead < 0 || !sameShape(broadcastShape("expand", x.shape, shape), shape))
    throw new ShapeError(`expand: ${show(x.shape)} does not repeat to ${show(shape)}; sizes must be equal or 1`);
  const steps = stridesOf(x.shape);
  return strided(x, {
    name: "expand",
    shape: [...shape],
    strides: shape.map((size, i) => (i < lead || (x.shape[i - lead] === 1 && size !== 1) ? 0 : steps[i - lead]!)),
    start: 0,
    back: (g, from) => sumTo(g, from.shape),
  });
}

/** The adjoint of `expand`: the gradient of a broadcast operand is summed over what was repeated. */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.rank - shape.length;
  const axes = g.shape.map((_, i) => i).filter((i) => i < lead || (shape[i - lead] === 1 && g.shape[i] !== 1));
  return scope(() => reshape(axes.length > 0 ? sum(g, { axes }) : g, shape));
}
