import { checkFunction, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { checkModel, Model, type Params } from "../model.js";
import { assign } from "../ops/layout.js";
import { type Masks, masked } from "../optim/masked.js";
import { checkOptimizer, type Optimizer } from "../optim/optimizer.js";
import { scope } from "../scope.js";
import type { Tree } from "../tree.js";
import { checkPruning, type PruneOptions, type Pruning, prune } from "./prune.js";
import type { SparsitySchedule } from "./schedules.js";

export interface GradualOptions extends PruneOptions {
  /** What falls first, such as `magnitude({ scope: "global" })`; how much, the schedule says. */
  prune: Pruning;
  /** When, and how much: `cubic({ to: 0.9, end: 3000, every: 100 })`. */
  schedule: SparsitySchedule;
  /** Trains what is left. */
  optimizer: Optimizer;
}

/**
 * An optimizer that prunes the model it trains: before the steps that the schedule names, masks are chosen anew from the weights as
 * they are then, what has fallen stays fallen, and zeros are frozen as by `optim.masked`. The masks are part of its state: a
 * training that was stopped, saved and resumed ends with the same bytes as a whole one.
 *
 * @param model the one that is trained: scores look into its graph.
 * @throws {ArgumentError} if an option makes no sense, or the pruning says itself how much falls.
 * @example
 * const schedule = cubic({ to: 0.5, end: 3 });
 * const optimizer = gradual(model, { prune: magnitude({ scope: "global" }), schedule, optimizer: optim.adamW() });
 * await train(model, { data, optimizer, epochs: 4 }).finish();
 * const { zeros } = await sparsity(model);
 * const fallen = zeros; // 6
 */
export function gradual(model: Model, options: GradualOptions): Optimizer {
  checkModel("gradual", "model", model);
  checkOptions("gradual", options);
  const { prune: pruning, schedule, optimizer, within = {}, only, except } = options;
  checkPruning("gradual", pruning);
  checkFunction("gradual", "schedule", schedule, "one, such as cubic({ to: 0.9, end: 3000 })");
  checkOptimizer("gradual", optimizer);
  const { score, select } = pruning;
  for (const amount of ["sparsity", "count", "pattern"] as const)
    if (select[amount] !== undefined)
      throw new ArgumentError(`gradual: the schedule says how much falls; leave out ${amount}`);
  const masksAt = (params: Tree, share: number, earlier: Masks): Masks => {
    const way = { score, select: { ...select, sparsity: share } };
    // What is trained beside the weights, such as scales, is not the model's.
    const own = Object.fromEntries(Object.keys(model.params).map((name) => [name, (params as Params)[name]!]));
    return prune(new Model(model.graph, own), way, { within: earlier, only, except });
  };
  return {
    init: (params) =>
      scope(() => ({ step: 0, slots: { masks: masksAt(params, 0, within) }, links: [optimizer.init(params)] })),
    update(params, grads, state) {
      const masks = state.slots.masks as Masks | undefined;
      const [inner] = state.links;
      if (masks === undefined || inner === undefined)
        throw new ArgumentError("gradual: the state has no masks; it must come from init() of this very optimizer");
      const share = schedule(state.step);
      if (share !== undefined)
        scope(() => {
          for (const [name, mask] of Object.entries(masksAt(params, share, masks))) assign(masks[name]!, mask);
        });
      masked(masks, optimizer).update(params, grads, inner);
      state.step++;
    },
  };
}
