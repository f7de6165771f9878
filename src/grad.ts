import { GradientError } from "./errors.js";
import { checkTensor } from "./op.js";
import { add } from "./ops/binary.js";
import { ones, zeros } from "./ops/fill.js";
import { copy, reshape } from "./ops/layout.js";
import { scope } from "./scope.js";
import { show, sizeOf } from "./shape.js";
import { type Entry, listen, release, Tape } from "./tape.js";
import { Tensor } from "./tensor.js";
import { leaves, mapTree, type Tree } from "./tree.js";

/**
 * A function that returns the value of `fn` and its gradient with respect to the first argument: a tensor, or arrays and
 * objects of tensors. `fn` returns a scalar, or `[scalar, aux]` with anything along. All else born inside is freed.
 * A tensor that stands in the parameters twice gets its whole gradient in both places.
 * Nests: gradients of gradients work through every op whose gradient is made of ops that have one.
 *
 * @throws {GradientError} if the value is no f32 scalar, a parameter is not f32, or an op on the way has no gradient.
 * @example
 * const square = valueAndGrad((x: Tensor) => mul(x, x));
 * const { value, grads } = square(tensor([3], [])); // 9 and 6
 */
export function valueAndGrad<P extends Tree = Tensor, A extends unknown[] = [], X = undefined>(
  fn: (params: P, ...rest: A) => Tensor | readonly [Tensor, X],
): (params: P, ...rest: A) => { value: Tensor<"f32">; grads: P; aux: X } {
  return (params, ...rest) =>
    scope(() => {
      const tape = new Tape();
      for (const leaf of leaves(params)) {
        if (leaf.dtype !== "f32")
          throw new GradientError(
            `grad: parameter ${show(leaf.shape)} is ${leaf.dtype}; gradients are taken of f32 tensors`,
          );
        tape.mark(leaf);
      }
      try {
        const result = listen(tape, () => fn(params, ...rest));
        const [value, aux] = (Array.isArray(result) ? result : [result]) as readonly [Tensor, X?];
        if (!(value instanceof Tensor) || value.dtype !== "f32" || sizeOf(value.shape) !== 1)
          throw new GradientError(
            `grad: the function returned ${value}; it must return an f32 scalar, e.g. mean() of it`,
          );
        const gradients = backward(tape, value);
        const given = new Set<Tensor>();
        const grads = mapTree(params, (leaf) => own(gradients.get(tape.ids.get(leaf)!), leaf, given));
        return { value: again(value) as Tensor<"f32">, grads, aux: aux as X };
      } finally {
        tape.dispose();
      }
    });
}

/**
 * As `valueAndGrad`, without the value.
 *
 * @example
 * const slope = grad((x: Tensor) => sum(square(x)))(tensor([1, 2])); // [2, 4]
 */
export function grad<P extends Tree = Tensor, A extends unknown[] = []>(
  fn: (params: P, ...rest: A) => Tensor,
): (params: P, ...rest: A) => P {
  const both = valueAndGrad(fn);
  return (params, ...rest) => {
    const { value, grads } = both(params, ...rest);
    value.dispose();
    return grads;
  };
}

/**
 * The same value, as a constant: no gradient flows back through it.
 *
 * @example
 * const slope = grad((x) => sum(mul(x, stopGradient(x))))(tensor([3])); // [3]
 */
export function stopGradient<T extends Tensor>(x: T): T {
  checkTensor("stopGradient", x);
  return x.alias() as T;
}

/** Walks the tape from its end. Each step's handles are freed as soon as it is done. */
function backward(tape: Tape, value: Tensor): Map<number, Tensor> {
  const gradients = new Map<number, Tensor>();
  const end = tape.ids.get(value);
  if (end !== undefined) gradients.set(end, ones(value.shape));
  for (let entry = tape.entries.at(-1); entry !== undefined; entry = tape.entries.at(-1)) {
    const id = tape.ids.get(entry.output)!;
    const g = gradients.get(id);
    if (g !== undefined) {
      gradients.delete(id);
      spread(tape, entry, g, gradients);
      g.dispose();
    }
    // Until here it stays on the tape, which frees it if a gradient rule throws.
    tape.entries.pop();
    release(entry);
  }
  return gradients;
}

/** Adds one step's share to the gradients of its inputs. */
function spread(tape: Tape, entry: Entry, g: Tensor, gradients: Map<number, Tensor>): void {
  const { op, inputs, output, params, plan } = entry;
  if (op.vjp === undefined)
    throw new GradientError(
      `grad: ${op.name} has no gradient; keep it out of the function, or wrap its input in stopGradient()`,
    );
  const ids = inputs.map((input) => tape.ids.get(input));
  const needs = ids.map((id) => id !== undefined);
  const shares = scope(() => op.vjp!(g as Tensor<"f32">, { inputs, output, params, plan, needs }));
  for (const [i, share] of shares.entries()) {
    const id = ids[i];
    if (share === undefined || id === undefined) continue;
    const before = gradients.get(id);
    gradients.set(id, before === undefined ? (share === g ? again(g) : share) : add(before, share));
    if (before !== undefined) {
      before.dispose();
      if (share !== g) share.dispose();
    }
  }
}

/** A second handle that an outer tape can follow: an alias would end the way of gradients of gradients. */
function again(t: Tensor): Tensor {
  return reshape(t, t.shape);
}

/** A gradient that shares storage with nothing, so that it may be changed in place; zeros where none came. */
function own(gradient: Tensor | undefined, leaf: Tensor, given: Set<Tensor>): Tensor {
  if (gradient === undefined) return zeros(leaf.shape);
  if (gradient.storage.refs > 1 || given.has(gradient)) return copy(gradient);
  given.add(gradient);
  return gradient;
}
