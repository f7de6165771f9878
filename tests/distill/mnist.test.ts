// What distillation is worth, on real digits: the teacher is 784-300-100-10, with about 1.5 % test error.
import { afterAll, beforeAll, expect, test } from "vitest";
import { distill } from "../../src/distill/distill.js";
import { fitLayers } from "../../src/distill/fit.js";
import { inherit } from "../../src/distill/inherit.js";
import { kd } from "../../src/distill/logits.js";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import * as optim from "../../src/optim/index.js";
import { scope } from "../../src/scope.js";
import { readTensor } from "../../src/tensor.js";
import { type Dataset, dataset } from "../../src/train/dataset.js";
import { confusion } from "../../src/train/evaluate.js";
import { train } from "../../src/train/train.js";
import { zeroLeaks } from "../grid.js";
import { errorOf, lenet, mnist } from "../mnist.js";

zeroLeaks();

type Digits = Awaited<ReturnType<typeof mnist>>;
let digits: Digits;
let teacher: Model;
beforeAll(async () => {
  digits = await mnist();
  teacher = await lenet(digits);
}, 300_000);
afterAll(() => teacher.dispose());

const student = (hidden: number, seed: number) =>
  nn.sequential([nn.linear(784, hidden), nn.relu(), nn.linear(hidden, 10)], { seed });
const percent = (errors: readonly number[]) => errors.map((error) => `${error.toFixed(2)} %`).join(", ");
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;

/** A student of the teacher: the same data, optimizer, schedule and epochs, whatever the loss. */
async function taught(small: Model, data: Dataset, epochs: number, seed: number, loss: ReturnType<typeof kd>) {
  const steps = epochs * Math.ceil(data.size / 128);
  const optimizer = optim.adamW({ lr: optim.oneCycle(5e-3, steps) });
  return distill(teacher, small, { data, loss, optimizer, epochs, seed });
}

test("784-30-10 on 2000 digits: better taught than by labels alone, for each of 5 seeds", async () => {
  const data = digits.train.take(2000);
  const errors: { labels: number[]; teacher: number[] } = { labels: [], teacher: [] };
  const losses = { labels: kd({ alpha: 1 }), teacher: kd({ temperature: 8, alpha: 0.1 }) };
  for (const seed of [1, 2, 3, 4, 5])
    for (const way of ["labels", "teacher"] as const) {
      const small = student(30, seed);
      const made = await taught(small, data, 60, seed, losses[way]);
      errors[way].push(await errorOf(made, digits));
      for (const model of [small, made]) model.dispose();
    }
  console.log(`labels alone: mean ${percent([mean(errors.labels)])} of ${percent(errors.labels)}`);
  console.log(`with the teacher: mean ${percent([mean(errors.teacher)])} of ${percent(errors.teacher)}`);
  expect(mean(errors.teacher)).toBeLessThan(mean(errors.labels) - 1);
  for (const [i, error] of errors.teacher.entries()) expect(error).toBeLessThan(errors.labels[i]!);
}, 300_000);

test("a student that never saw a 3 knows one from what its teacher thinks of the other digits", async () => {
  const data = without(3, digits.train.take(30_000));
  const small = student(100, 1);
  // No labels at all, and no correction of the bias (the paper needs one).
  const made = await taught(small, data, 20, 1, kd({ temperature: 20, alpha: 0 }));
  const [own, theirs] = [await recall(made, 3), await recall(teacher, 3)];
  console.log(
    `3s recognised: ${percent([own, theirs])} (student, teacher); test error ${percent([await errorOf(made, digits)])}`,
  );
  expect(own).toBeGreaterThan(80);
  for (const model of [small, made]) model.dispose();
}, 300_000);

test("parameters of the teacher: an inherited start beats a random one, a fitted layer one that is not", async () => {
  const widths = { "0.linear": 100, "2.linear": 50 };
  const calibration = digits.train.take(2000);
  const random = nn.sequential([nn.linear(784, 100), nn.relu(), nn.linear(100, 50), nn.relu(), nn.linear(50, 10)], {
    seed: 1,
  });
  const starts: Record<string, Model> = {
    random,
    "random, last layer fitted": fitLayers(teacher, random, { calibration }),
    inherited: inherit(teacher, { widths }),
    "inherited and fitted": inherit(teacher, { widths, calibration }),
    "without the second layer": inherit(teacher, { layers: ["0.linear", "4.linear"], calibration }),
  };
  const before: Record<string, number> = {};
  const after: Record<string, number> = {};
  for (const [name, model] of Object.entries(starts)) {
    before[name] = await errorOf(model, digits);
    await train(model, { data: digits.train.take(50 * 128), optimizer: optim.adamW({ lr: 1e-3 }), seed: 1 }).finish();
    after[name] = await errorOf(model, digits);
    console.log(`${name}: ${percent([before[name], after[name]])} (at once, after 50 steps)`);
    model.dispose();
  }
  expect(after.inherited).toBeLessThan(after.random! / 2);
  expect(before["random, last layer fitted"]).toBeLessThan(before.random! / 2);
  expect(before["inherited and fitted"]).toBeLessThan(before.inherited! / 2);
  expect(before["inherited and fitted"]).toBeLessThan(4);
  expect(before["without the second layer"]).toBeLessThan(3);
}, 300_000);

/** The examples that are not of a class. */
function without(label: number, data: Dataset): Dataset {
  const [x, y]: [Float32Array, number[]] = [new Float32Array(data.size * 784), []];
  for (let start = 0; start < data.size; start += 1000)
    scope(() => {
      const batch = data.batch(Array.from({ length: Math.min(1000, data.size - start) }, (_, i) => start + i));
      const [inputs, labels] = [readTensor(batch.x), readTensor(batch.y)];
      for (const [i, own] of labels.entries()) {
        if (own === label) continue;
        x.set(inputs.subarray(i * 784, (i + 1) * 784), y.length * 784);
        y.push(own);
      }
    });
  expect(y).not.toContain(label);
  return dataset(x.subarray(0, y.length * 784), Int32Array.from(y), { inputShape: [784] });
}

/** Share of the test digits of a class that are taken for it, in percent. */
async function recall(model: Model, label: number): Promise<number> {
  const row = (await confusion(model, digits.test, { classes: 10 }))[label]!;
  return (100 * row[label]!) / row.reduce((a, b) => a + b);
}
