// A small problem for the tests of distillation: points in the plane, labelled by quadrant.
import type { TeachOptions } from "../../src/distill/distill.js";
import { kd } from "../../src/distill/logits.js";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import * as optim from "../../src/optim/index.js";
import { type Dataset, dataset } from "../../src/train/dataset.js";
import { train } from "../../src/train/train.js";

export function quadrants(count: number): Dataset {
  const x = Float32Array.from({ length: 2 * count }, (_, i) => ((i * 7919) % 1009) / 504.5 - 1);
  const y = Uint8Array.from({ length: count }, (_, i) => (x[2 * i]! > 0 ? 1 : 0) + (x[2 * i + 1]! > 0 ? 2 : 0));
  return dataset(x, y, { inputShape: [2] });
}

/** A network of one hidden layer for it. */
export const network = (width: number, seed = 1) =>
  nn.sequential([nn.linear(2, width), nn.relu(), nn.linear(width, 4)], { seed });

export const data = quadrants(200);
export const options = (more: Partial<TeachOptions> = {}): TeachOptions => ({
  data,
  epochs: 4,
  batchSize: 32,
  seed: 3,
  optimizer: optim.adamW({ lr: optim.cosine(0.02, 28) }),
  loss: kd({ temperature: 2, alpha: 0.3 }),
  ...more,
});

/** A teacher. */
export async function expert(seed = 1): Promise<Model> {
  const model = network(32, seed);
  await train(model, { data, optimizer: optim.adamW({ lr: 0.02 }), epochs: 20, seed }).finish();
  return model;
}

export const free = (...models: readonly Model[]) => {
  for (const model of models) model.dispose();
};
