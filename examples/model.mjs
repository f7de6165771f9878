// Trains a network on handwritten digits and makes it small: the model that the worker and the function serve.
//   node model.mjs digits.safetensors
import { argv } from "node:process";
import { compress, digits, init, nn, optim, save, train } from "spokeshave";

await init();
const { train: all, test } = await digits();
const [data, validation] = all.split({ holdOut: 0.1, seed: 1 });

const model = nn.sequential([nn.linear(64, 64), nn.relu(), nn.linear(64, 32), nn.relu(), nn.linear(32, 10)], {
  seed: 1,
});
await train(model, { data, optimizer: optim.adamW({ lr: 3e-3 }), epochs: 30, batchSize: 32, seed: 1 }).finish();

const budget = { bytes: 4000, drop: 0.03 };
const { best, dense } = await compress(model, { data, validation, test, budget, trials: 4, finish: 1, seed: 1 });
await save(best.model, argv[2]);
console.log(`${dense.bytes} bytes, ${dense.test} wrong → ${best.bytes} bytes, ${best.test} wrong`);
