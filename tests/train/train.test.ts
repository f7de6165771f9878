import { describe, expect, test } from "vitest";
import { fromBytes, toBytes } from "../../src/files/model.js";
import { stateFromBytes, stateToBytes } from "../../src/files/state.js";
import type { Model, Params } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { mul } from "../../src/ops/binary.js";
import { mse } from "../../src/ops/loss.js";
import { matmul } from "../../src/ops/matmul.js";
import * as optim from "../../src/optim/index.js";
import { int8 } from "../../src/quantize/affine.js";
import { quantize } from "../../src/quantize/quantize.js";
import { memory } from "../../src/runtime/heap.js";
import { Scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { dataset } from "../../src/train/dataset.js";
import { confusion, evaluate } from "../../src/train/evaluate.js";
import { type TrainOptions, type TrainState, type TrainStep, train } from "../../src/train/train.js";
import { zeroLeaks } from "../grid.js";

zeroLeaks();

/** Points in the plane, labelled by quadrant. */
function quadrants(count: number) {
  const x = Float32Array.from({ length: 2 * count }, (_, i) => ((i * 7919) % 1009) / 504.5 - 1);
  const y = Uint8Array.from({ length: count }, (_, i) => (x[2 * i]! > 0 ? 1 : 0) + (x[2 * i + 1]! > 0 ? 2 : 0));
  return dataset(x, y, { inputShape: [2] });
}

const network = () => nn.sequential([nn.linear(2, 16), nn.relu(), nn.dropout(0.1), nn.linear(16, 4)], { seed: 1 });
const rules = { data: quadrants(200), epochs: 4, batchSize: 32, seed: 3 };
const options = (more: Partial<TrainOptions<Params>> = {}): TrainOptions<Params> => ({
  ...rules,
  optimizer: optim.chain(optim.clipByNorm(1), optim.adamW({ lr: optim.cosine(0.02, 28) })),
  ...more,
});

async function bytesAfter(model: Model, more: Partial<TrainOptions<Params>> = {}): Promise<Uint8Array> {
  await train(model, options(more)).finish();
  return toBytes(model);
}

describe("training", () => {
  test("learns, reports each epoch, and leaves nothing behind", async () => {
    const model = network();
    const validation = quadrants(100);
    const before = await evaluate(model, validation);
    const seen: TrainStep[] = [];
    const training = train(model, options({ epochs: 30, validation, optimizer: optim.adamW({ lr: 0.01 }) }));
    for await (const step of training) seen.push(step);
    expect(seen.map((step) => step.epoch)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(seen.at(-1)!.step).toBe(30 * 7);
    expect(seen.at(-1)!.loss).toBeLessThan(seen[0]!.loss);
    expect(seen.at(-1)!.val!.accuracy).toBeGreaterThan(Math.max(0.85, before.accuracy));
    expect(training.stopped).toBe("epochs");
    const table = await confusion(model, validation, { classes: 4 });
    const hits = table.reduce((sum, row, i) => sum + row[i]!, 0);
    expect(hits / 100).toBeCloseTo((await evaluate(model, validation)).accuracy, 6);
    model.dispose();
  });

  test("with the same seed gives the same bytes, with another other ones", async () => {
    const models = [network(), network(), network()];
    const [a, b, c] = [
      await bytesAfter(models[0]!),
      await bytesAfter(models[1]!),
      await bytesAfter(models[2]!, { seed: 4 }),
    ];
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
    for (const model of models) model.dispose();
  });

  test.each([1, 2, 7, 9, 20, 27])(
    "stopped after %i steps, saved, and resumed elsewhere: the same bytes",
    async (stop) => {
      const whole = network();
      const expected = await bytesAfter(whole);
      const first = network();
      const training = train(first, options({ report: 1 }));
      for await (const { step } of training) if (step === stop) break;
      expect(training.stopped).toBe("break");
      const state = stateFromBytes(stateToBytes(training.state)) as TrainState<Params>;
      const second = fromBytes(toBytes(first));
      expect(await bytesAfter(second, { state })).toEqual(expected);
      training.dispose();
      for (const model of [whole, first, second]) model.dispose();
    },
  );

  test("keeps its state past the end if asked, to add epochs", async () => {
    const [whole, parts] = [network(), network()];
    const expected = await bytesAfter(whole);
    const training = await train(parts, options({ epochs: 2, keepState: true })).finish();
    expect(await bytesAfter(parts, { state: training.state })).toEqual(expected);
    for (const model of [whole, parts]) model.dispose();
  });

  test("stops on a signal and on time, between two steps, with the model whole", async () => {
    const model = network();
    const abort = new AbortController();
    const run = train(model, options({ signal: abort.signal, report: 1 }));
    for await (const { step } of run) if (step === 3) abort.abort();
    expect([run.stopped, run.state.step]).toEqual(["signal", 3]);
    const timed = await train(model, options({ maxMs: 0 })).finish();
    expect([timed.stopped, timed.state.step]).toEqual(["maxMs", 0]);
    run.dispose();
    timed.dispose();
    expect((await evaluate(model, rules.data)).size).toBe(200);
    model.dispose();
  });

  test("stops early and goes back to the best parameters", async () => {
    const model = network();
    const validation = quadrants(60);
    const values: number[] = [];
    const wild = { optimizer: optim.adam({ lr: optim.exponential(0.01, { gamma: 1.05 }) }), epochs: 60 };
    const training = train(model, options({ ...wild, validation, earlyStopping: { patience: 3 } }));
    for await (const { val } of training) values.push(val!.loss);
    expect(training.stopped).toBe("earlyStopping");
    const best = Math.min(...values);
    expect(values.lastIndexOf(best)).toBe(values.length - 4);
    expect((await evaluate(model, validation)).loss).toBeCloseTo(best, 6);
    model.dispose();
  });

  test("stopped early by accuracy needs labels; a NaN is never the best", async () => {
    const x = Float32Array.from({ length: 8 }, (_, i) => i / 8);
    const data = dataset(x, x, { inputShape: [1], targetShape: [1] });
    const model = nn.sequential([nn.linear(1, 1)]);
    const rules = { data, validation: data, loss: mse, optimizer: optim.sgd({ lr: 0.1 }), epochs: 9 };
    const byAccuracy = train(model, { ...rules, earlyStopping: { patience: 2, metric: "accuracy" } });
    await expect(byAccuracy.finish()).rejects.toThrow(/needs labels as targets; take metric: "loss"/);
    byAccuracy.dispose();
    let calls = 0;
    // A step, a validation, a step, …: the first validation is NaN.
    const shaky = (output: Tensor, target: Tensor) => mul(mse(output, target), ++calls === 2 ? Number.NaN : 1);
    const steady = train(model, { ...rules, loss: shaky, earlyStopping: { patience: 20 } });
    for await (const _ of steady) expect(steady.state.best?.value).not.toBeNaN();
    model.dispose();
  });

  test("refuses a state that was freed, and a second loop over one training", async () => {
    const model = network();
    const done = await train(model, options()).finish();
    expect(() => train(model, options({ state: done.state, epochs: 9 }))).toThrow(/pass `keepState: true`/);
    const running = train(model, options());
    for await (const _ of running) {
      await expect(running.finish()).rejects.toThrow(/runs already/);
      break;
    }
    running.dispose();
    model.dispose();
  });

  test("survives the scope that was open when it was made", async () => {
    const model = network();
    const scope = new Scope();
    const training = train(model, options());
    scope.dispose();
    await training.finish();
    expect(training.stopped).toBe("epochs");
    model.dispose();
  });

  test("two at once give what each gives alone", async () => {
    const [a, b, alone] = [network(), network(), network()];
    const expected = await bytesAfter(alone);
    const [first, second] = await Promise.all([bytesAfter(a, { report: 1 }), bytesAfter(b, { report: 3 })]);
    expect(first).toEqual(expected);
    expect(second).toEqual(expected);
    for (const model of [a, b, alone]) model.dispose();
  });

  test("takes a plain function of parameters, and targets that are no labels", async () => {
    const scope = new Scope();
    const params = { slope: tensor([[0]]) };
    const line = { params, apply: (p: { slope: Tensor }, x: Tensor) => matmul(x, p.slope) };
    const x = Float32Array.from({ length: 32 }, (_, i) => i / 16 - 1);
    const data = dataset(
      x,
      x.map((v) => 3 * v),
      { inputShape: [1], targetShape: [1] },
    );
    const rules = { data, validation: data, loss: mse, metrics: { absolute: nn.l1, square: mse }, batchSize: 8 };
    let last: TrainStep | undefined;
    for await (const step of train(line, { ...rules, optimizer: optim.sgd({ lr: 0.5 }), epochs: 50 })) last = step;
    expect(Object.keys(last!.val!.metrics)).toEqual(["absolute", "square"]);
    expect(last!.val!.metrics.square).toBeCloseTo(last!.val!.loss, 9);
    const off = { params: { slope: tensor([[4]]) }, apply: line.apply };
    const { metrics } = await evaluate(off, data, { ...rules, batchSize: 7 });
    const mean = x.reduce((sum, v) => sum + Math.abs(v), 0) / x.length;
    expect(metrics.absolute).toBeCloseTo(mean, 5);
    expect(readTensor(params.slope)[0]).toBeCloseTo(3, 4);
    expect((await evaluate(line, data, { loss: mse })).accuracy).toBeNaN();
    scope.dispose();
  });

  test("says where the loss stopped being a number", async () => {
    const model = network();
    const training = train(model, options({ optimizer: optim.sgd({ lr: 1e30 }), report: 1 }));
    await expect(training.finish()).rejects.toThrow(/the loss is (NaN|Infinity) at step \d+; lower the learning rate/);
    training.dispose();
    model.dispose();
  });

  test("lets timers run", async () => {
    const model = network();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await train(model, options({ epochs: 200 })).finish();
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
    model.dispose();
  });

  test.each([
    [{ data: quadrants(200).take(0) }, /no examples/],
    [{ batchSize: 0 }, /batchSize is 0/],
    [{ epochs: -1 }, /epochs is -1/],
    [{ report: 0.5 }, /report is 0.5/],
    [{ earlyStopping: { patience: 1 } }, /earlyStopping needs validation data/],
  ])("refuses %o", (more, message) => {
    const model = network();
    expect(() => train(model, options(more))).toThrow(message);
    model.dispose();
  });
});

test("packed weights are refused before anything is kept, and what to do instead is said", () => {
  const model = nn.sequential([nn.linear(2, 2)], { seed: 1 });
  const packed = quantize(model, { weights: int8() });
  const data = dataset(new Float32Array(4), new Uint8Array(2), { inputShape: [2] });
  const before = memory().tensors;
  expect(() => train(packed, { data, optimizer: optim.adam() })).toThrow(
    /^train: the model has Tensor\(packed affine \[2, 2\]\) among its parameters; .* see qat\(\)$/,
  );
  expect(memory().tensors).toBe(before);
  for (const one of [model, packed]) one.dispose();
});
