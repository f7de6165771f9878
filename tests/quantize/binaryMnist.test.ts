// LeNet-300-100 on MNIST with binary hidden layers: trained on rounded weights, then packed and run by the kernels for bits.
import { expect, test } from "vitest";
import { toBytes } from "../../src/files/model.js";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import type { BitTensor } from "../../src/ops/bits.js";
import * as optim from "../../src/optim/index.js";
import { binary } from "../../src/quantize/bits.js";
import { qat } from "../../src/quantize/qat.js";
import { scope } from "../../src/scope.js";
import { train } from "../../src/train/train.js";
import { zeroLeaks } from "../grid.js";
import { errorOf, mnist } from "../mnist.js";

zeroLeaks();

const digits = await mnist();

/** 784-300-100-10, the two hidden layers trained on binary weights and packed. */
async function trained(activation: () => nn.LayerSpec, epochs: number, batchSize: number): Promise<Model> {
  const layers = [nn.linear(784, 300), activation(), nn.linear(300, 100), activation(), nn.linear(100, 10)];
  const model = nn.sequential(layers, { seed: 1 });
  const training = qat(model, { weights: binary(), except: ["4.linear"] });
  const steps = epochs * Math.ceil(digits.train.size / batchSize);
  const optimizer = optim.adam({ lr: optim.oneCycle(3e-3, steps) });
  await train(training, { data: digits.train, optimizer, epochs, batchSize, seed: 1 }).finish();
  const packed = training.finish();
  for (const one of [model, training]) one.dispose();
  return packed;
}

test("weights of both hidden layers binary, activations f32: at most 3.5 % error", async () => {
  const model = await trained(nn.relu, 4, 128);
  const error = await errorOf(model, digits);
  console.log(`binary weights: ${error.toFixed(2)} % error, ${toBytes(model).length} bytes`);
  for (const name of ["0.linear.weight", "2.linear.weight"])
    expect((model.params[name] as BitTensor).format).toEqual({ kind: "binary", input: "f32", scaled: false });
  model.dispose();
  expect(error).toBeLessThan(3.5);
}, 300_000);

test("activations of both binary, too, and the second layer a count of bits: at most 3.5 % error", async () => {
  const model = await trained(nn.sign, 6, 64);
  // The signs that it reads are ±1: the product is the same, counted.
  const second = "2.linear.weight";
  const counting = scope(() => {
    const w = model.params[second] as BitTensor;
    return model.with({ [second]: binary({ input: "sign" }).pack(w.dense()) });
  });
  const [error, as] = [await errorOf(counting, digits), await errorOf(model, digits)];
  console.log(`binary weights and activations: ${error.toFixed(2)} % error, ${toBytes(counting).length} bytes`);
  for (const one of [model, counting]) one.dispose();
  expect(error).toBeLessThan(3.5);
  expect(Math.abs(error - as)).toBeLessThanOrEqual(0.02);
}, 300_000);
