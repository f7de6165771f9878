// Which weights of a model a step of compression is meant for.
import { checkList, said } from "./check.js";
import { ArgumentError } from "./errors.js";
import type { Model, Weight } from "./model.js";

export interface WeightChoice {
  /** Weights, or the nodes that multiply with them, by name: these alone. Default: all matrices that layers multiply with. */
  only?: readonly string[] | undefined;
  /** All but these. */
  except?: readonly string[] | undefined;
}

/** The weights that are meant, in the order of the graph. @throws {ArgumentError} if there is no weight or node of a name. */
export function chosenWeights(who: string, { weights }: Model, { only, except = [] }: WeightChoice): readonly Weight[] {
  for (const [option, names] of Object.entries({ only: only ?? [], except })) {
    checkList(who, option, names);
    const stray = names.find((name) => !weights.some((weight) => isCalled(weight, name)));
    if (stray !== undefined)
      throw new ArgumentError(
        `${who}: ${option} names ${said(stray)}; the weights are ${weights.map(({ name }) => name).join(", ")}`,
      );
  }
  const among = (names: readonly string[], weight: Weight) => names.some((name) => isCalled(weight, name));
  return weights.filter((weight) => (only === undefined || among(only, weight)) && !among(except, weight));
}

function isCalled({ name, node }: Weight, called: string): boolean {
  return name === called || node.name === called;
}
