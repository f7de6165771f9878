// What rounding costs on real digits: LeNet-300-100, dense about 1.5 % wrong.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Mnist } from "../../src/cli/data/mnist.js";
import type { Model } from "../../src/model.js";
import * as optim from "../../src/optim/index.js";
import { int2, int4, int8 } from "../../src/quantize/affine.js";
import { gptq } from "../../src/quantize/gptq.js";
import { qat } from "../../src/quantize/qat.js";
import { type QuantizeOptions, quantize } from "../../src/quantize/quantize.js";
import { receipt } from "../../src/receipt.js";
import { train } from "../../src/train/train.js";
import { zeroLeaks } from "../grid.js";
import { errorOf, lenet, mnist } from "../mnist.js";

zeroLeaks();

let digits: Mnist;
let model: Model;
let dense: number;

beforeAll(async () => {
  digits = await mnist();
  model = await lenet(digits);
  dense = await errorOf(model, digits);
}, 300_000);

afterAll(() => model.dispose());

/** Error in percent, and what the receipt says; printed, so that a run shows what holds by how much. */
async function measured(name: string, small: Model): Promise<{ error: number; bytes: number }> {
  try {
    const error = await errorOf(small, digits);
    const { bytes, denseBytes, ms, denseMs, single, batch } = receipt(small, model);
    const times = `batch ${batch} ${denseMs.toFixed(3)} → ${ms.toFixed(3)} ms, one ${single.denseMs.toFixed(3)} → ${single.ms.toFixed(3)} ms`;
    console.log(`${name}: ${dense.toFixed(2)} → ${error.toFixed(2)} % wrong, ${denseBytes} → ${bytes} bytes, ${times}`);
    return { error, bytes: bytes / denseBytes };
  } finally {
    small.dispose();
  }
}

const rounded = (name: string, options: QuantizeOptions) =>
  measured(name, quantize(model, { ...options, calibration: digits.train.take(512) }));

test("int8, weights and activations, within 0.1 points, at a quarter of the bytes", async () => {
  for (const [name, activations] of [
    ["int8", int8()],
    ["int8, dynamic", int8({ dynamic: true })],
  ] as const) {
    const { error, bytes } = await rounded(name, { weights: int8(), activations });
    expect(error - dense).toBeLessThanOrEqual(0.1);
    expect(bytes).toBeLessThan(0.26);
  }
});

test("int4 weights within 0.3 points, at an eighth", async () => {
  for (const [name, options] of [
    ["int4", { weights: int4() }],
    ["int4, groups of 32", { weights: int4({ group: 32 }) }],
    ["int4, gptq", { weights: int4(), method: gptq({ actOrder: true }) }],
  ] as const) {
    const { error, bytes } = await rounded(name, options);
    expect(error - dense).toBeLessThanOrEqual(0.3);
    expect(bytes).toBeLessThan(0.16);
  }
});

test("at 2 bits training with rounded weights beats rounding afterwards, by whatever method", async () => {
  const after = await rounded("int2", { weights: int2() });
  const best = await rounded("int2, gptq", { weights: int2(), method: gptq() });
  const training = qat(model, { weights: int2(), scales: "learned" });
  const [epochs, batchSize] = [2, 128];
  const steps = epochs * Math.ceil(digits.train.size / batchSize);
  const optimizer = optim.adam({ lr: optim.cosine(5e-4, steps) });
  await train(training, { data: digits.train, optimizer, epochs, batchSize, seed: 1 }).finish();
  const trained = await measured("int2, trained", training.finish());
  training.dispose();
  expect(best.error).toBeLessThan(after.error);
  expect(trained.error).toBeLessThan(best.error);
  expect(trained.error - dense).toBeLessThan(0.25);
  expect(trained.bytes).toBeLessThan(0.07);
}, 120_000);
