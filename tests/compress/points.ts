// Small things to compress: points of four quadrants, and a model that tells them apart.
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import * as optim from "../../src/optim/index.js";
import { type Dataset, dataset } from "../../src/train/dataset.js";
import { train } from "../../src/train/train.js";

/** Points whose label is their quadrant, or always the same. */
export function quadrants(size: number, classes = 4): Dataset {
  const x = Float32Array.from({ length: 2 * size }, (_, i) => ((i * 7919) % 1009) / 504.5 - 1);
  const label = (i: number) => ((x[2 * i]! > 0 ? 1 : 0) + (x[2 * i + 1]! > 0 ? 2 : 0)) % classes;
  return dataset(
    x,
    Uint8Array.from({ length: size }, (_, i) => label(i)),
    { inputShape: [2] },
  );
}

/** 2-32-16-4, trained. */
export async function teller(data: Dataset): Promise<Model> {
  const layers = [nn.linear(2, 32), nn.relu(), nn.linear(32, 16), nn.relu(), nn.linear(16, 4)];
  const model = nn.sequential(layers, { seed: 1 });
  await train(model, { data, optimizer: optim.adam({ lr: 1e-2 }), epochs: 12, batchSize: 32, seed: 1 }).finish();
  return model;
}
