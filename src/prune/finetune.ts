import { checkFunction, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { checkModel, type Model, type Params } from "../model.js";
import { type Masks, masked } from "../optim/masked.js";
import { scope } from "../scope.js";
import { type Training, type TrainOptions, type TrainStep, train } from "../train/train.js";
import type { WeightChoice } from "../weights.js";
import { gradual } from "./gradual.js";
import { applyMasks } from "./masks.js";
import { type Pruning, prune } from "./prune.js";
import type { SparsitySchedule } from "./schedules.js";

export interface FinetuneOptions extends TrainOptions<Params>, WeightChoice {
  /** What is 0 from the start and stays so, as `prune` gives it; they stay the caller's. */
  masks?: Masks;
  /** Prunes as well: at once, or with a schedule as it trains. */
  prune?: Pruning;
  /** When to prune, and how much: `cubic({ to: 0.9, end: 3000, every: 100 })`. The pruning then says no amount itself. */
  schedule?: SparsitySchedule;
  /** Called with each report, and the training, whose `state` can be kept. */
  onStep?: (step: TrainStep, training: Training<Params>) => void;
}

/**
 * Trains a pruned model further, and gives a new one: what the masks drop is 0 from the start and never revives. All options of
 * `train` hold; a state is freed at the end unless it was given, or `keepState` says otherwise. For a loop of one's own:
 * `train(applyMasks(model, masks), { optimizer: optim.masked(masks, …) })`, or `gradual`.
 *
 * @throws {ArgumentError} if an option makes no sense.
 * @throws {SpokeshaveError} if the loss is no longer finite.
 * @example
 * const masks = prune(model, magnitude({ sparsity: 0.5, scope: "global" }));
 * const sparse = await finetune(model, { masks, data, optimizer: optim.adamW({ lr: 1e-3 }), epochs: 2 });
 * const { zeros } = await sparsity(sparse);
 * const frozen = zeros; // 6
 */
export async function finetune(model: Model, options: FinetuneOptions): Promise<Model> {
  checkModel("finetune", "model", model);
  checkOptions("finetune", options);
  const { masks = {}, prune: pruning, schedule, only, except, onStep, ...rest } = options;
  if (onStep !== undefined) checkFunction("finetune", "onStep", onStep);
  if (schedule !== undefined && pruning === undefined)
    throw new ArgumentError("finetune: the schedule says how much falls; pass prune, too, which says what");
  if (schedule !== undefined && rest.earlyStopping !== undefined && rest.earlyStopping.restoreBest !== false)
    throw new ArgumentError(
      "finetune: earlyStopping could go back to weights from before the last pruning; set restoreBest: false, or leave out the schedule",
    );
  const once = pruning !== undefined && schedule === undefined;
  const { fixed, tuned } = scope(() => {
    const fixed = once ? prune(model, pruning, { within: masks, only, except }) : masks;
    return { fixed, tuned: applyMasks(model, fixed) };
  });
  let training: Training<Params> | undefined;
  try {
    const { optimizer: inner } = rest;
    const optimizer =
      schedule === undefined
        ? masked(fixed, inner)
        : gradual(tuned, { prune: pruning!, schedule, optimizer: inner, within: masks, only, except });
    training = train(tuned, { ...rest, optimizer });
    for await (const step of training) onStep?.(step, training);
    return tuned;
  } catch (error) {
    tuned.dispose();
    throw error;
  } finally {
    if (rest.state === undefined && rest.keepState !== true) training?.dispose();
    if (once) for (const mask of Object.values(fixed)) mask.dispose();
  }
}
