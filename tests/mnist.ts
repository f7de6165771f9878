// Real digits for the tests that prove what a technique is worth, and the dense network that they start from.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Mnist, mnist } from "../src/cli/data/mnist.js";
import { load, save } from "../src/files/model.js";
import type { Model } from "../src/model.js";
import * as nn from "../src/nn/index.js";
import * as optim from "../src/optim/index.js";
import { evaluate } from "../src/train/evaluate.js";
import { train } from "../src/train/train.js";

export { mnist };

/** 784-300-100-10, the network of LeCun et al. 1998 that the literature prunes. */
export function lenetLayers(): ReturnType<typeof nn.linear>[] {
  return [nn.linear(784, 300), nn.relu(), nn.linear(300, 100), nn.relu(), nn.linear(100, 10)];
}

/** It, trained as the demo does: about 1.5 % test error. Kept in build/, so that one test file trains it for all. */
export async function lenet(digits: Mnist): Promise<Model> {
  const path = join(import.meta.dirname, "..", "build", "lenet-300-100.safetensors");
  if (existsSync(path)) return load(path);
  const model = nn.sequential(lenetLayers(), { seed: 1 });
  const [epochs, batchSize] = [10, 128];
  const steps = epochs * Math.ceil(digits.train.size / batchSize);
  const optimizer = optim.adamW({ lr: optim.oneCycle(3e-3, steps), weightDecay: 0.02 });
  await train(model, { data: digits.train, optimizer, epochs, batchSize, seed: 1 }).finish();
  await save(model, path);
  return model;
}

/** Share of the digits that a model misreads, in percent. */
export async function errorOf(model: Model, digits: Mnist): Promise<number> {
  return 100 * (1 - (await evaluate(model, digits.test)).accuracy);
}
