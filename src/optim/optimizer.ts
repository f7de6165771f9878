import { checkMethods, checkNumber } from "../check.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { checkDType } from "../op.js";
import { zeros } from "../ops/fill.js";
import { scope } from "../scope.js";
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

/** A state at its start, each slot a tree like the parameters; all of it or, out of memory, nothing. */
export function fresh(
  params: Tree,
  slots: readonly string[],
  start: (leaf: Tensor) => Tensor = zerosOf,
): OptimizerState {
  return scope(() => ({
    step: 0,
    slots: Object.fromEntries(slots.map((name) => [name, mapTree(params, start)])),
    links: [],
  }));
}

function zerosOf(leaf: Tensor): Tensor {
  return zeros(leaf.shape);
}

/** Guards an optimizer. @throws {ArgumentError} */
export function checkOptimizer(who: string, optimizer: unknown): void {
  checkMethods(who, "optimizer", optimizer, "one, such as optim.adamW()", "init", "update");
}

/** Guards a setting: a number in its range, or a schedule, which is free. */
export function checkSetting(who: string, name: string, value: Setting, low: number, high: number): void {
  if (typeof value !== "function") checkNumber(who, name, value, low, high);
}

/**
 * Parameters with their gradients and the named slots of the state, side by side. All are checked before the first is handed out:
 * a step that cannot be done whole is not begun.
 *
 * @throws {ShapeError} if the trees differ.
 * @throws {DTypeError} unless all are f32.
 * @throws {ArgumentError} if the state has no such slot.
 */
export function zip(
  who: string,
  params: Tree,
  grads: Tree,
  state: OptimizerState,
  slots: readonly string[],
): [Tensor, ...Tensor[]][] {
  const own = leaves(params);
  const others = [["gradient", grads], ...slots.map((name) => [name, slotOf(who, state, name)])] as [string, Tree][];
  const columns = others.map(([name, tree]) => {
    const column = leaves(tree);
    if (column.length !== own.length)
      throw new ShapeError(
        `${who}: there are ${own.length} parameters, of ${name} ${column.length}; both must come from the same parameters`,
      );
    for (const [i, t] of column.entries()) {
      const { shape } = own[i]!;
      checkDType(who, `parameter ${i}`, own[i]!, "f32");
      checkDType(who, name, t, "f32");
      if (!sameShape(t.shape, shape))
        throw new ShapeError(
          `${who}: parameter ${i} is ${show(shape)}, its ${name} ${show(t.shape)}; both must come from the same parameters`,
        );
    }
    return column;
  });
  return own.map((w, i) => [w, ...columns.map((column) => column[i]!)]);
}

function slotOf(who: string, state: OptimizerState, name: string): Tree {
  const slot = state.slots[name];
  if (slot === undefined)
    throw new ArgumentError(`${who}: the state has no ${name}; it must come from init() of this very optimizer`);
  return slot;
}

/**
 * Runs optimizers one after another on the same gradients.
 *
 * @throws {ArgumentError} in `update`, if the state is of another chain.
 * @example
 * const optimizer = optim.chain(optim.clipByNorm(1), optim.adamW({ lr: 1e-3 }));
 */
export function chain(...links: readonly Optimizer[]): Optimizer {
  for (const link of links) checkOptimizer("chain", link);
  return {
    init: (params) => scope(() => ({ step: 0, slots: {}, links: links.map((link) => link.init(params)) })),
    update(params, grads, state) {
      if (state.links.length !== links.length)
        throw new ArgumentError(
          `chain: there are ${links.length} links, the state has ${state.links.length}; it must come from init() of this chain`,
        );
      for (const [i, link] of links.entries()) link.update(params, grads, state.links[i]!);
      state.step++;
    },
  };
}
