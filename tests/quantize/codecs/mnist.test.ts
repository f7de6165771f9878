// LeNet-300-100 on MNIST, three epochs of SGD: what training loses where gradients cross a wire in few bytes. Every byte is counted.
import { afterAll, beforeAll, expect, test } from "vitest";
import * as nn from "../../../src/nn/index.js";
import * as optim from "../../../src/optim/index.js";
import * as codecs from "../../../src/quantize/codecs/index.js";
import { init } from "../../../src/runtime/embedded.js";
import { train } from "../../../src/train/train.js";
import { zeroLeaks } from "../../grid.js";
import { errorOf, lenetLayers, mnist } from "../../mnist.js";

zeroLeaks();
// The same bits everywhere, so that the figures are the same, too.
beforeAll(() => init({ deterministic: true }));
afterAll(() => init({ deterministic: false }));

const digits = await mnist();
const [epochs, batchSize] = [3, 128];
const steps = epochs * Math.ceil(digits.train.size / batchSize);

/** The test error in percent after training across the wire, and how many times fewer bytes that took than f32. */
async function trained(codec?: codecs.Codec): Promise<{ error: number; ratio: number }> {
  const model = nn.sequential(lenetLayers(), { seed: 1 });
  let sent = 0;
  const wire = (bytes: Uint8Array) => {
    sent += bytes.length;
    return bytes;
  };
  const sgd = optim.sgd({ lr: optim.cosine(0.3, steps) });
  const optimizer = codec === undefined ? sgd : codecs.compressed(codec, sgd, { wire });
  await train(model, { data: digits.train, optimizer, epochs, batchSize, seed: 1 }).finish();
  const figures = { error: await errorOf(model, digits), ratio: (model.size * 4 * steps) / sent };
  model.dispose();
  return figures;
}

test("with error feedback: within 0.3 points of exact gradients, at 16 times fewer bytes or better", async () => {
  const exact = await trained();
  console.log(`exact gradients: ${exact.error.toFixed(2)} %`);
  for (const [name, codec] of [
    ["signSgd", codecs.signSgd()],
    ["topK, 3 %", codecs.topK({ ratio: 0.03 })],
    ["powerSgd, rank 2", codecs.powerSgd({ rank: 2, seed: 1 })],
  ] as const) {
    const { error, ratio } = await trained(codec);
    console.log(`${name}: ${error.toFixed(2)} %, ${ratio.toFixed(1)} times fewer bytes`);
    expect(error - exact.error, name).toBeLessThanOrEqual(0.3);
    expect(ratio, name).toBeGreaterThanOrEqual(16);
  }
  expect(exact.error).toBeLessThan(3.5);
}, 600_000);
