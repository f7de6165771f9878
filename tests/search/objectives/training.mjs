// A module as users write it: it imports the library and trains with it.
import { dataset, init, nn, optim, train } from "../../../build/index.js";

await init({ deterministic: true });
const data = dataset(new Float32Array([0, 0, 0, 1, 1, 0, 1, 1]), new Uint8Array([0, 1, 1, 0]), { inputShape: [2] });

export default async function* training({ lr, hidden }, { seed }) {
  const model = nn.sequential([nn.linear(2, hidden), nn.tanh(), nn.linear(hidden, 2)], { seed: seed % 2 ** 32 });
  const run = train(model, { data, optimizer: optim.adam({ lr }), epochs: 9, batchSize: 2, seed: 1 });
  try {
    for await (const { loss } of run) yield loss;
  } finally {
    run.dispose();
    model.dispose();
  }
}
