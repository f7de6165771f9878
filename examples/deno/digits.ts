// Trains a network, prunes it, rounds what is left to 8 bits, and says what each step costs.
//   deno run --allow-read --allow-write --allow-sys digits.ts
import {
  digits,
  evaluate,
  finetune,
  init,
  int8,
  load,
  magnitude,
  nn,
  optim,
  prune,
  quantize,
  save,
  train,
} from "spokeshave";

await init();
const { train: data, test } = await digits();

const model = nn.sequential([nn.linear(64, 128), nn.relu(), nn.linear(128, 10)], { seed: 1 });
const settings = { data, optimizer: optim.adamW({ lr: 3e-3 }), batchSize: 32, epochs: 10, seed: 1 };
for await (const { epoch, loss } of train(model, settings)) console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}`);

const masks = prune(model, magnitude({ sparsity: 0.8, scope: "global" }));
const sparse = await finetune(model, { ...settings, masks });
await save(quantize(sparse, { weights: int8() }), "digits.safetensors");
const small = await load("digits.safetensors");

for (const [name, each] of Object.entries({ dense: model, "a fifth of the weights": sparse, "of 8 bits": small }))
  console.log(`${name}: ${(100 * ((await evaluate(each, test)).accuracy ?? 0)).toFixed(1)} % of new digits right`);
console.log(`${Deno.statSync("digits.safetensors").size} bytes`);
