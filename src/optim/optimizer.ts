import { ArgumentError, ShapeError } from "../errors.js";
import { zeros } from "../ops/fill.js";
import { sameShape, show } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { leaves, mapTree, type Tree } from "../tree.js";
import type { Schedule } from "./schedules.js";

/** Tensors and numbers that an optimizer keeps between steps: plain data, so that it can be saved and resumed. */
export interface OptimizerState {
  /** Updates done. */
  step: number;
  /** Tensors by meaning (`m`, `v`, …), each a tree like the parameters. */
  readonly slots: { readonly [name: string]: Tree };
  /** States of the links of a chain. */
  readonly links: readonly OptimizerState[];
}

/**
 * A pair of functions (as in Optax). `update` works in place: it may change the gradients, the parameters and the state; a chain
 * runs its links in order, so what clips stands before what steps.
 */
export interface Optimizer {
  init(params: Tree): OptimizerState;
  update(params: Tree, grads: Tree, state: OptimizerState): void;
}

/** A number, or one that depends on the step, from 0. */
export type Setting = number | Schedule;

/** The value of a setting at a step. */
export function at(setting: Setting, step: number): number {
  return typeof setting === "number" ? setting : setting(step);
}

/** A tree of zeros like the parameters. */
export function zerosLike(params: Tree): Tree {
  return mapTree(params, (leaf) => zeros(leaf.shape));
}

/** Guards a setting that is a plain number; a schedule is free. */
export function checkSetting(who: string, name: string, value: Setting, low: number, high: number): void {
  if (typeof value === "number" && !(value >= low && value <= high))
    throw new ArgumentError(`${who}: ${name} is ${value}; it goes from ${low} to ${high}`);
}

/** Parameters with their gradients and slots, side by side. @throws {ShapeError} if the trees differ. */
export function* zip(who: string, params: Tree, ...others: readonly Tree[]): Generator<[Tensor, ...Tensor[]]> {
  const columns = [params, ...others].map(leaves);
  const [first] = columns;
  for (const [i, w] of first!.entries()) {
    const row = columns.map((column) => column[i]) as [Tensor, ...Tensor[]];
    for (const [j, t] of row.entries())
      if (t === undefined || columns[j]!.length !== first!.length || !sameShape(t.shape, w.shape))
        throw new ShapeError(
          `${who}: parameter ${i} is ${show(w.shape)}, its ${j === 1 ? "gradient" : "state"} ` +
            `${t === undefined ? "is missing" : show(t.shape)}; both must come from the same parameters`,
        );
    yield row;
  }
}

/**
 * Runs optimizers one after another on the same gradients.
 *
 * @example
 * const optimizer = optim.chain(optim.clipByNorm(1), optim.adamW({ lr: 1e-3 }));
 */
export function chain(...links: readonly Optimizer[]): Optimizer {
  return {
    init: (params) => ({ step: 0, slots: {}, links: links.map((link) => link.init(params)) }),
    update(params, grads, state) {
      for (const [i, link] of links.entries()) link.update(params, grads, state.links[i]!);
      state.step++;
    },
  };
}
