import { type Model, nn } from "../index.js";
import type { Data } from "./data/examples.js";

/** Linear layers with relu between, from the inputs of the data to its classes. */
export function network({ train, classes }: Data, hidden: readonly number[], seed: number): Model {
  const widths = [...train.inputShape, ...hidden, classes.length];
  const linear = widths.slice(1).map((width, i) => nn.linear(widths[i]!, width));
  return nn.sequential(
    linear.flatMap((layer, i) => (i === 0 ? [layer] : [nn.relu(), layer])),
    { seed },
  );
}
