import { checkFunction, checkMethods, checkOptions, checkRecord } from "../check.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { checkModel, type Model, type Weight } from "../model.js";
import { checkTensor } from "../op.js";
import { copy, reshape } from "../ops/layout.js";
import { checkMasks, type Masks } from "../optim/masked.js";
import { scope } from "../scope.js";
import { sameShape, show } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { chosenWeights, type WeightChoice } from "../weights.js";
import { both, choose, type Scores, type SelectOptions } from "./select.js";

/** How much each number of the given weights matters: tensors of their shapes by their names; what is small falls first. */
export type Score = (model: Model, weights: readonly Weight[]) => Scores;

/** A way to prune, as a value: score and choice. Made by `magnitude()` and the others, or `scored()` from a score of one's own. */
export interface Pruning {
  readonly score: Score;
  readonly select: SelectOptions;
}

export interface PruneOptions extends WeightChoice {
  /** Earlier masks: what they drop stays dropped, and counts. */
  within?: Masks | undefined;
}

/**
 * Masks for the weights of a model: which stay (1) and which fall (0), by name. The model is left as it is; `applyMasks` sets the
 * zeros, `finetune` trains what is left.
 *
 * @param pruning what falls first and how much: `magnitude({ sparsity: 0.9, scope: "global" })`.
 * @throws {ArgumentError} if a score is NaN, as where a weight is, or the options make no sense.
 * @throws {DTypeError} if a weight is packed already.
 * @example
 * const masks = prune(model, magnitude({ sparsity: 0.5 }));
 * const small = applyMasks(model, masks);
 */
export function prune(model: Model, pruning: Pruning, options: PruneOptions = {}): Masks {
  checkModel("prune", "model", model);
  checkOptions("prune", options);
  checkPruning("prune", pruning);
  const { within = {} } = options;
  checkMasks("prune", model.params, within);
  return scope(() => {
    const neurons = pruning.select.unit === "neuron";
    const weights = weightsOf("prune", model, options, neurons);
    const scores = pruning.score(model, weights);
    checkRecord("prune", "what the score gives", scores);
    const own = scoresOf(weights, ({ name }) => checkedScore(name, scores[name], model.params[name]!));
    const masks: Record<string, Tensor<"u8">> = Object.create(null);
    for (const [name, mask] of Object.entries(within)) masks[name] = copy(mask);
    const choices = choose("prune", own, pruning.select, within);
    for (const { name, node } of weights) {
      const { mask, units } = choices[name]!;
      masks[name] = mask;
      const bias = `${node.name}.bias`;
      if (!neurons || model.params[bias] === undefined) continue;
      const kept = reshape(units, [units.size]);
      masks[bias] = masks[bias] === undefined ? kept : both(kept, masks[bias]);
    }
    return masks;
  });
}

/**
 * Pruning by a score of one's own.
 *
 * @example
 * const largest = scored((model, weights) => Object.fromEntries(weights.map(({ name }) => [name, model.params[name]])), { count: 1 });
 * const masks = prune(model, largest);
 */
export function scored(score: Score, options: SelectOptions): Pruning {
  checkFunction("scored", "score", score);
  checkOptions("scored", options);
  return { score, select: options };
}

/** Scores of weights, each by its name. */
export function scoresOf(weights: readonly Weight[], each: (weight: Weight) => Tensor): Scores {
  return Object.fromEntries(weights.map((weight) => [weight.name, each(weight)]));
}

/** Guards a way to prune. */
export function checkPruning(who: string, pruning: unknown): void {
  checkMethods(who, "pruning", pruning, "one, such as magnitude({ sparsity: 0.9 })", "score");
  checkRecord(who, "pruning.select", (pruning as Pruning).select);
}

/** The weights that are meant, f32 all of them; where neurons are to fall, without the last layer. */
export function weightsOf(who: string, model: Model, choice: WeightChoice, neurons = false): readonly Weight[] {
  const last = neurons ? outputOf(model) : undefined;
  const all = chosenWeights(who, model, choice);
  if (choice.only !== undefined && all.some(({ name }) => name === last))
    throw new ArgumentError(`${who}: "${last}" is the last layer, whose neurons are the model's outputs; leave it out`);
  const chosen = all.filter(({ name }) => name !== last);
  for (const { name } of chosen)
    if (model.params[name]!.dtype !== "f32")
      throw new DTypeError(`${who}: "${name}" is ${model.params[name]}; prune before weights are packed`);
  return chosen;
}

/** The weight that the model's output is made with: its rows are the outputs. */
function outputOf({ graph, weights }: Model): string | undefined {
  const nodes = new Map(graph.map((node) => [node.name, node]));
  for (let node = graph.at(-1); node !== undefined; node = nodes.get(node.input)) {
    const weight = weights.find(({ node: { name } }) => name === node!.name);
    if (weight !== undefined) return weight.name;
  }
  return undefined;
}

/** A score, if it is one of this weight. */
function checkedScore(name: string, score: Tensor | undefined, weight: Tensor): Tensor {
  if (score === undefined)
    throw new ArgumentError(`prune: the score gives none for "${name}"; it must for each weight`);
  checkTensor("prune", score);
  if (!sameShape(score.shape, weight.shape))
    throw new ShapeError(
      `prune: the score of "${name}" is ${show(score.shape)}, the weight ${show(weight.shape)}; both need one shape`,
    );
  return score;
}
