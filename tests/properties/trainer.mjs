// Trains with everything that draws random numbers and prints the file's hash: run as a process of its own.
import { createHash } from "node:crypto";
import { dataset, init, nn, optim, toBytes, train } from "../../build/index.js";

const { binary } = await init({ deterministic: true });
const x = Float32Array.from({ length: 64 * 300 }, (_, i) => ((i * 7919) % 1009) / 504.5 - 1);
const y = Uint8Array.from({ length: 300 }, (_, i) => (x[64 * i] > 0 ? 1 : 0) + (x[64 * i + 1] > 0 ? 2 : 0));
const model = nn.sequential(
  [
    nn.linear(64, 33, { weight: nn.glorot({ distribution: "normal" }) }),
    nn.gelu(),
    nn.dropout(0.2),
    nn.linear(33, 17),
    nn.tanh(),
    nn.linear(17, 4),
  ],
  { seed: 5 },
);
const data = dataset(x, y, { inputShape: [64] });
const optimizer = optim.chain(optim.clipByNorm(1), optim.adamW({ lr: optim.oneCycle(1e-2, 40) }));
await train(model, { data, optimizer, epochs: 4, batchSize: 32, seed: 9 }).finish();
console.log(binary, createHash("sha256").update(toBytes(model)).digest("hex"));
