// What `search` without a module searches: a network that tells the classes of `--data` apart. A module as users write them, so that
// threads can load it; the query of its URL says which data, and how long a trial trains.
import { type Draw, init, optim, type TrialContext, train } from "../index.js";
import { dataFrom } from "./data/source.js";
import { network } from "./network.js";

const { searchParams: query } = new URL(import.meta.url);
const epochs = Number(query.get("epochs"));
await init();
const data = await dataFrom(query.get("data")!, {
  label: query.get("label") ?? undefined,
  scale: query.has("scale") ? Number(query.get("scale")) : undefined,
});
const [seen, validation] = data.train.split({ holdOut: 0.1, seed: Number(query.get("seed")) });

/** What the number is that should be small. */
export const title = "validation error %";

export const space = (draw: Draw) => ({
  layers: Array.from({ length: draw.int("layers", 1, 3) }, (_, i) => draw.int(`width ${i + 1}`, 8, 512, { log: true })),
  lr: draw.float("lr", 1e-4, 3e-2, { log: true }),
  batch: draw.choice("batch", [16, 32, 64, 128]),
  weightDecay: draw.float("weight decay", 1e-4, 1, { log: true }),
});

/** Trains a network, and yields its error on the validation data after each epoch. */
export default async function* objective(params: ReturnType<typeof space>, { seed, signal }: TrialContext) {
  const { layers, lr, batch: batchSize, weightDecay } = params;
  const model = network(data, layers, seed);
  const steps = epochs * Math.ceil(seen.size / batchSize);
  const optimizer = optim.adamW({ lr: optim.oneCycle(lr, steps), weightDecay });
  const training = train(model, { data: seen, validation, optimizer, epochs, batchSize, seed, signal });
  try {
    for await (const { val } of training) yield 100 * (1 - val!.accuracy);
  } finally {
    training.dispose();
    model.dispose();
  }
}
