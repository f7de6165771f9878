import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { fromBytes, toBytes } from "../../src/files/model.js";
import { stateFromBytes, stateToBytes } from "../../src/files/state.js";
import type { Model, Params } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import * as optim from "../../src/optim/index.js";
import { type FinetuneOptions, finetune } from "../../src/prune/finetune.js";
import { gradual } from "../../src/prune/gradual.js";
import { applyMasks, sparsity } from "../../src/prune/masks.js";
import { prune } from "../../src/prune/prune.js";
import { cubic, iterative, oneShot } from "../../src/prune/schedules.js";
import { magnitude } from "../../src/prune/scores/magnitude.js";
import { wanda } from "../../src/prune/scores/wanda.js";
import { memory } from "../../src/runtime/heap.js";
import { readTensor, type Tensor } from "../../src/tensor.js";
import { dataset } from "../../src/train/dataset.js";
import { evaluate } from "../../src/train/evaluate.js";
import { type Training, type TrainState, type TrainStep, train } from "../../src/train/train.js";
import { draw, zeroLeaks } from "../grid.js";

zeroLeaks();

/** Points in the plane, labelled by quadrant. */
const points = draw("uniform", 400, 1);
const labels = Uint8Array.from(
  { length: 200 },
  (_, i) => (points[2 * i]! > 0 ? 1 : 0) + (points[2 * i + 1]! > 0 ? 2 : 0),
);
const data = dataset(points, labels, { inputShape: [2] });
/** 7 steps an epoch. */
const rules = { data, batchSize: 32, seed: 3 };
const network = (): Model => nn.sequential([nn.linear(2, 16), nn.relu(), nn.linear(16, 4)], { seed: 1 });
const rule = () => optim.adamW({ lr: optim.cosine(0.03, 70), weightDecay: 0.1 });
const half = magnitude({ sparsity: 0.5, scope: "global" });
const free = magnitude({ scope: "global" });

const dispose = (tensors: Readonly<Record<string, Tensor>>): void => {
  for (const t of Object.values(tensors)) t.dispose();
};
/** Where a model has zeros. */
const zerosOf = (model: Model): boolean[] =>
  model.weights.flatMap(({ name }) => Array.from(readTensor(model.params[name]!), (value) => value === 0));

describe("finetune", () => {
  test("trains what is left, freezes what fell, and leaves the given model alone", async () => {
    const model = network();
    const bytes = toBytes(model);
    const masks = prune(model, half);
    const pruned = applyMasks(model, masks);
    const seen: TrainStep[] = [];
    const options = { ...rules, masks, optimizer: rule(), epochs: 10, validation: data };
    const sparse = await finetune(model, { ...options, onStep: (step) => void seen.push(step) });
    expect(zerosOf(sparse)).toEqual(zerosOf(pruned));
    expect((await sparsity(sparse)).zeros).toBe(48);
    expect(seen.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
    expect(seen.at(-1)!.val!.accuracy).toBeGreaterThan((await evaluate(pruned, data)).accuracy + 0.2);
    expect(toBytes(model)).toEqual(bytes);
    for (const each of [model, pruned, sparse]) each.dispose();
    dispose(masks);
  });

  test("without masks is a plain training of a copy", async () => {
    const [model, plain] = [network(), network()];
    const tuned = await finetune(model, { ...rules, optimizer: rule(), epochs: 2 });
    await train(plain, { ...rules, optimizer: rule(), epochs: 2 }).finish();
    expect(toBytes(tuned)).toEqual(toBytes(plain));
    for (const each of [model, tuned, plain]) each.dispose();
  });

  test("prunes at once, on top of masks", async () => {
    const model = network();
    const masks = prune(model, magnitude({ pattern: [2, 4] }), { only: ["2.linear.weight"] });
    const sparse = await finetune(model, { ...rules, masks, prune: half, optimizer: rule(), epochs: 0 });
    const expected = prune(model, half, { within: masks });
    const truth = applyMasks(model, expected);
    expect(toBytes(sparse)).toEqual(toBytes(truth));
    for (const each of [model, sparse, truth]) each.dispose();
    dispose(masks);
    dispose(expected);
  });

  test.each([
    ["one shot", oneShot({ to: 0.75, at: 5 }), [5]],
    ["iterative", iterative({ to: 0.75, rounds: 3, every: 10 }), [0, 10, 20]],
    ["cubic", cubic({ to: 0.75, begin: 2, end: 40, every: 10 }), [2, 12, 22, 32, 40]],
  ] as const)("prunes as it trains, %s: never takes back, and ends where it should", async (_, schedule, steps) => {
    const model = network();
    const history: boolean[][] = [];
    const sparse = await finetune(model, {
      ...rules,
      prune: free,
      schedule,
      optimizer: rule(),
      epochs: 10,
      report: 1,
      onStep: (_, training) => {
        const { masks } = training.state.optimizer.slots as { masks: Record<string, Tensor> };
        history.push(Object.values(masks).flatMap((mask) => Array.from(readTensor(mask), (bit) => bit === 0)));
      },
    });
    const counts = history.map((zeros) => zeros.filter(Boolean).length);
    for (const [i, zeros] of history.entries())
      if (i > 0) expect(history[i - 1]!.every((zero, j) => !zero || zeros[j])).toBe(true);
    const due = (step: number) => Math.round(96 * (schedule(steps.filter((at) => at <= step).at(-1) ?? -1) ?? 0));
    expect(counts).toEqual(counts.map((_, step) => due(step)));
    expect(zerosOf(sparse)).toEqual(history.at(-1)!);
    expect((await sparsity(sparse)).sparsity).toBe(0.75);
    expect((await evaluate(sparse, data)).accuracy).toBeGreaterThan(0.6);
    for (const each of [model, sparse]) each.dispose();
  });

  test("stops on a signal, and goes on from its state to the same bytes", async () => {
    const model = network();
    const options = (): FinetuneOptions => ({
      ...rules,
      prune: free,
      schedule: cubic({ to: 0.75, end: 40, every: 3 }),
      optimizer: rule(),
      epochs: 8,
    });
    const whole = await finetune(model, options());
    const abort = new AbortController();
    let training: Training<Params> | undefined;
    const onStep = ({ step }: TrainStep, running: Training<Params>): void => {
      training = running;
      if (step === 17) abort.abort();
    };
    const part = await finetune(model, { ...options(), signal: abort.signal, report: 1, keepState: true, onStep });
    expect(training!.stopped).toBe("signal");
    const state = stateFromBytes(stateToBytes(training!.state)) as TrainState<Params>;
    training!.dispose();
    const rest = await finetune(part, { ...options(), state });
    expect(toBytes(rest)).toEqual(toBytes(whole));
    for (const each of [model, whole, part, rest]) each.dispose();
  });

  test("leaves nothing behind where it stops or fails", async () => {
    const model = network();
    const before = memory().tensors;
    const stopped = await finetune(model, { ...rules, prune: half, optimizer: rule(), maxMs: 0 });
    stopped.dispose();
    expect(memory().tensors).toBe(before);
    const lost = () => finetune(model, { ...rules, prune: half, optimizer: optim.sgd({ lr: 1e30 }), epochs: 2 });
    await expect(lost()).rejects.toThrow(/the loss is/);
    const failing = () =>
      finetune(model, {
        ...rules,
        prune: half,
        optimizer: rule(),
        onStep: () => {
          throw new Error("mine");
        },
      });
    await expect(failing()).rejects.toThrow("mine");
    expect(memory().tensors).toBe(before);
    model.dispose();
  });

  test("refuses what makes no sense", async () => {
    const model = network();
    const call = (options: object) => finetune(model, { ...rules, optimizer: rule(), ...options } as FinetuneOptions);
    const schedule = cubic({ to: 0.5, end: 3 });
    await expect(call({ schedule })).rejects.toThrow("pass prune, too, which says what");
    await expect(call({ schedule, prune: half })).rejects.toThrow("leave out sparsity");
    await expect(call({ schedule: 0.5, prune: free })).rejects.toThrow("gradual: schedule is 0.5");
    await expect(call({ prune: free })).rejects.toThrow(ArgumentError);
    await expect(call({ optimizer: undefined })).rejects.toThrow("optimizer is undefined");
    await expect(call({ data: undefined })).rejects.toThrow("train: data is undefined");
    await expect(call({ schedule, prune: free, earlyStopping: { patience: 1 }, validation: data })).rejects.toThrow(
      "set restoreBest: false",
    );
    await expect(finetune(undefined as never, rules as never)).rejects.toThrow(ArgumentError);
    model.dispose();
  });
});

describe("gradual", () => {
  test("with a schedule that prunes nothing is the optimizer inside", async () => {
    const [pruned, plain] = [network(), network()];
    const optimizer = gradual(pruned, { prune: free, schedule: cubic({ to: 0, end: 9 }), optimizer: rule() });
    await train(pruned, { ...rules, optimizer, epochs: 3 }).finish();
    await train(plain, { ...rules, optimizer: rule(), epochs: 3 }).finish();
    expect(toBytes(pruned)).toEqual(toBytes(plain));
    for (const each of [pruned, plain]) each.dispose();
  });

  test("prunes neurons with their biases, and by scores that look at data", async () => {
    for (const way of [magnitude({ unit: "neuron" }), wanda({ calibration: data.take(32) })]) {
      const model = network();
      const optimizer = gradual(model, { prune: way, schedule: cubic({ to: 0.5, end: 9 }), optimizer: rule() });
      await train(model, { ...rules, optimizer, epochs: 3 }).finish();
      const { weights } = await sparsity(model);
      expect(weights["0.linear.weight"]!.sparsity).toBe(0.5);
      const dead = Array.from(readTensor(model.params["0.linear.bias"]!), (value) => value === 0);
      expect(dead.filter(Boolean)).toHaveLength(way.select.unit === "neuron" ? 8 : 0);
      model.dispose();
    }
  });

  test("refuses the state of another optimizer", () => {
    const model = network();
    const optimizer = gradual(model, {
      prune: free,
      schedule: oneShot({ to: 0.5 }),
      optimizer: optim.sgd({ lr: 0.1 }),
    });
    const state = optim.sgd({ lr: 0.1 }).init(model.params);
    expect(() => optimizer.update(model.params, model.params, state)).toThrow(
      "gradual: the state has no masks; it must come from init() of this very optimizer",
    );
    model.dispose();
  });
});

test("a model read back from a file goes on sparse", async () => {
  const model = network();
  const sparse = await finetune(model, { ...rules, prune: half, optimizer: rule(), epochs: 1 });
  const again = fromBytes(toBytes(sparse));
  expect(zerosOf(again)).toEqual(zerosOf(sparse));
  for (const each of [model, sparse, again]) each.dispose();
});
