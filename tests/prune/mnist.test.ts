// What pruning is worth: LeNet-300-100 with 8 % of its weights reads digits about as well as with all of them.
import { expect, test } from "vitest";
import * as optim from "../../src/optim/index.js";
import { finetune } from "../../src/prune/finetune.js";
import { applyMasks, sparsity } from "../../src/prune/masks.js";
import { pack } from "../../src/prune/pack.js";
import { prune } from "../../src/prune/prune.js";
import { cubic } from "../../src/prune/schedules.js";
import { magnitude } from "../../src/prune/scores/magnitude.js";
import { sparseGpt } from "../../src/prune/sparseGpt.js";
import { zeroLeaks } from "../grid.js";
import { errorOf, lenet, mnist } from "../mnist.js";

zeroLeaks();

test("LeNet-300-100 at 8 % of its weights is within 0.25 points of the dense error, in 2 minutes", async () => {
  const digits = await mnist();
  const dense = await lenet(digits);
  const [epochs, batchSize] = [8, 128];
  const steps = epochs * Math.ceil(digits.train.size / batchSize);
  const start = performance.now();
  const sparse = await finetune(dense, {
    data: digits.train,
    epochs,
    batchSize,
    seed: 1,
    optimizer: optim.adamW({ lr: optim.cosine(2e-3, steps), weightDecay: 0.02 }),
    prune: magnitude({ scope: "global" }),
    schedule: cubic({ to: 0.92, end: steps / 2, every: 50 }),
  });
  const seconds = (performance.now() - start) / 1000;
  const [before, after] = [await errorOf(dense, digits), await errorOf(sparse, digits)];
  const { zeros, size } = await sparsity(sparse);
  console.log(
    `dense ${before.toFixed(2)} %, ${size - zeros} of ${size} weights ${after.toFixed(2)} %, pruned and tuned in ${seconds.toFixed(0)} s`,
  );
  expect((size - zeros) / size).toBeLessThanOrEqual(0.08);
  expect(after).toBeLessThanOrEqual(before + 0.25);
  expect(seconds).toBeLessThan(120);
  // What pays here, which may leave a layer dense; and what takes least.
  for (const [layout, share] of [
    ["auto", 4],
    ["csr", 8],
  ] as const) {
    const { model, receipt } = pack(sparse, { layout });
    const error = await errorOf(model, digits);
    const { bytes, denseBytes, ms, denseMs, single, kernel } = receipt;
    console.log(
      `packed (${kernel}): ${error.toFixed(2)} %, ${denseBytes} → ${bytes} bytes, batch ${receipt.batch} ${denseMs.toFixed(3)} → ${ms.toFixed(3)} ms, ` +
        `one ${single.denseMs.toFixed(3)} → ${single.ms.toFixed(3)} ms`,
    );
    // Sums in another order may move a digit over the line, not ten.
    expect(Math.abs(error - after)).toBeLessThanOrEqual(0.1);
    expect(bytes).toBeLessThan(denseBytes / share);
    expect(ms).toBeLessThan(denseMs);
    model.dispose();
  }
  for (const model of [dense, sparse]) model.dispose();
}, 600_000);

test("without training, weights that make up for those that fell keep the error near the dense one at 70 % zeros", async () => {
  const digits = await mnist();
  const dense = await lenet(digits);
  const masks = prune(dense, magnitude({ sparsity: 0.7 }));
  const plain = applyMasks(dense, masks);
  const { model: swept, masks: kept } = sparseGpt(dense, { sparsity: 0.7, calibration: digits.train.take(1024) });
  const errors = await Promise.all([dense, plain, swept].map((model) => errorOf(model, digits)));
  console.log(`dense, magnitude, SparseGPT: ${errors.map((error) => error.toFixed(2)).join(", ")} %`);
  expect((await sparsity(swept)).zeros).toBeGreaterThanOrEqual((await sparsity(masks)).zeros);
  expect(errors[2]).toBeLessThan(errors[1]! - 0.5);
  expect(errors[2]).toBeLessThan(errors[0]! + 1);
  for (const t of [...Object.values(masks), ...Object.values(kept), dense, plain, swept]) t.dispose();
});
