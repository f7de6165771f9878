// LeNet-300-100 on MNIST with binary hidden layers: trained on rounded weights, then packed and run by the kernels for bits.
import { expect, test } from "vitest";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import type { BitTensor } from "../../src/ops/bits.js";
import * as optim from "../../src/optim/index.js";
import { binary } from "../../src/quantize/bits.js";
import { qat } from "../../src/quantize/qat.js";
import { receipt } from "../../src/receipt.js";
import { scope } from "../../src/scope.js";
import { train } from "../../src/train/train.js";
import { zeroLeaks } from "../grid.js";
import { errorOf, mnist } from "../mnist.js";

zeroLeaks();

const digits = await mnist();

/** 784-300-100-10, the two hidden layers trained on binary weights and packed; and the network as it began, to compare with. */
async function trained(activation: () => nn.LayerSpec, epochs: number, batchSize: number): Promise<[Model, Model]> {
  const layers = [nn.linear(784, 300), activation(), nn.linear(300, 100), activation(), nn.linear(100, 10)];
  const model = nn.sequential(layers, { seed: 1 });
  const training = qat(model, { weights: binary(), except: ["4.linear"] });
  const steps = epochs * Math.ceil(digits.train.size / batchSize);
  const optimizer = optim.adam({ lr: optim.oneCycle(3e-3, steps) });
  await train(training, { data: digits.train, optimizer, epochs, batchSize, seed: 1 }).finish();
  const packed = training.finish();
  training.dispose();
  return [packed, model];
}

/** Error in percent, printed with what the receipt says. */
async function measured(name: string, small: Model, dense: Model): Promise<number> {
  const error = await errorOf(small, digits);
  const { bytes, denseBytes, ms, denseMs, single, batch } = receipt(small, dense);
  const times = `batch ${batch} ${denseMs.toFixed(3)} → ${ms.toFixed(3)} ms, one ${single.denseMs.toFixed(3)} → ${single.ms.toFixed(3)} ms`;
  console.log(`${name}: ${error.toFixed(2)} % wrong, ${denseBytes} → ${bytes} bytes, ${times}`);
  return error;
}

test("weights of both hidden layers binary, activations f32: at most 3.5 % error", async () => {
  const [model, dense] = await trained(nn.relu, 4, 128);
  const error = await measured("binary weights", model, dense);
  for (const name of ["0.linear.weight", "2.linear.weight"])
    expect((model.params[name] as BitTensor).format).toEqual({ kind: "binary", input: "f32", scaled: false });
  for (const one of [model, dense]) one.dispose();
  expect(error).toBeLessThan(3.5);
}, 300_000);

test("activations of both binary, too, and the second layer a count of bits: at most 3.5 % error", async () => {
  const [model, dense] = await trained(nn.sign, 6, 64);
  // The signs that it reads are ±1: the product is the same, counted.
  const second = "2.linear.weight";
  const counting = scope(() => {
    const w = model.params[second] as BitTensor;
    return model.with({ [second]: binary({ input: "sign" }).pack(w.dense()) });
  });
  const error = await measured("binary weights and activations", counting, dense);
  const as = await errorOf(model, digits);
  for (const one of [model, counting, dense]) one.dispose();
  expect(error).toBeLessThan(3.5);
  expect(Math.abs(error - as)).toBeLessThanOrEqual(0.02);
}, 300_000);
