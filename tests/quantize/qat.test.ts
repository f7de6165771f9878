import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { mse } from "../../src/ops/loss.js";
import type { QTensor } from "../../src/ops/quantized.js";
import * as optim from "../../src/optim/index.js";
import { int2, int4, int8, uint8 } from "../../src/quantize/affine.js";
import { binary, ternary } from "../../src/quantize/bits.js";
import { bf16, fp8 } from "../../src/quantize/floats.js";
import { nf4 } from "../../src/quantize/nf4.js";
import { type Qat, type QatOptions, qat } from "../../src/quantize/qat.js";
import { quantize } from "../../src/quantize/quantize.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { dataset } from "../../src/train/dataset.js";
import { evaluate } from "../../src/train/evaluate.js";
import { train } from "../../src/train/train.js";
import { draw, expectSame, expectWithin, zeroLeaks } from "../grid.js";

zeroLeaks();

const made = (): Model => nn.sequential([nn.linear(6, 17), nn.relu(), nn.linear(17, 4)], { seed: 1 });
const inputs = (rows = 50): Tensor => tensor(draw("normal", rows * 6, 3), [rows, 6]);
const numbers = (t: Tensor | undefined): Float32Array => readTensor(t as Tensor<"f32">);

/** Some steps towards random targets. */
function move(training: Qat, steps = 5): void {
  const optimizer = optim.adam({ lr: 0.02 });
  scope(() => {
    const state = optimizer.init(training.params);
    const [x, y] = [inputs(), tensor(draw("normal", 200, 4), [50, 4])];
    const step = valueAndGrad((params: Qat["params"]) => mse(training.apply(params, x), y));
    for (let i = 0; i < steps; i++) scope(() => optimizer.update(training.params, step(training.params).grads, state));
  });
}

const ways: readonly (readonly [string, QatOptions])[] = [
  ...[int8(), uint8({ per: "tensor" }), int4({ group: 5 }), int2(), nf4(), fp8(), bf16(), binary(), ternary()].map(
    (weights) => [weights.name, { weights }] as const,
  ),
  ...[int8(), int4({ group: 5 }), int2()].map(
    (weights) => [`${weights.name}, learned`, { weights, scales: "learned" }] as const,
  ),
];

describe.each(ways)("%s", (_, options) => {
  test("finish() packs the numbers that were trained, to the bit", () => {
    scope(() => {
      const training = qat(made(), options);
      const start = numbers(training.apply(training.params, inputs()));
      move(training);
      const last = numbers(training.apply(training.params, inputs()));
      expect([...last]).not.toEqual([...start]);
      const small = training.finish();
      const dense = small.with(
        Object.fromEntries(
          small.weights.map(({ name }) => [name, (small.params[name] as QTensor).dense() as Tensor] as const),
        ),
      );
      expectSame(numbers(dense.apply(dense.params, inputs())), last, "outputs");
      const size = last.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
      expectWithin(numbers(small.apply(small.params, inputs())), last, size * 1e-5, "outputs of the packed model");
    });
  });

  test("begins where quantize() ends, on copies", () => {
    scope(() => {
      const model = made();
      const training = qat(model, options);
      if (options.scales !== "learned") {
        const small = quantize(model, { weights: options.weights });
        for (const { name } of model.weights)
          expectSame(
            numbers((training.finish().params[name] as QTensor).dense()),
            numbers((small.params[name] as QTensor).dense()),
            name,
          );
      }
      const before = Object.values(model.params).map(numbers);
      move(training, 2);
      expect(Object.values(model.params).map(numbers)).toEqual(before);
    });
  });
});

test.each<[string, Omit<QatOptions, "calibration">]>([
  ["static", { weights: int8(), activations: int8() }],
  ["dynamic", { weights: int4(), activations: int8({ dynamic: true }) }],
  ["static, learned", { weights: int2(), scales: "learned", activations: uint8() }],
])("activations are rounded as the integer products round them: %s", (_, options) => {
  scope(() => {
    const model = made();
    const training = qat(model, { ...options, calibration: inputs() });
    const still = numbers(training.apply(training.params, inputs()));
    expect([...still]).not.toEqual([...numbers(model.apply(model.params, inputs()))]);
    move(training);
    const small = training.finish();
    const got = numbers(small.apply(small.params, inputs()));
    const want = numbers(training.apply(training.params, inputs()));
    // A near tie may round to the other code: one step of one input.
    const size = want.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
    expectWithin(got, want, size * 0.01, "outputs");
    expect(got.reduce((sum, y, i) => sum + Math.abs(y - want[i]!), 0) / got.length).toBeLessThan(size * 1e-3);
  });
});

test("learned scales are parameters, begin as in the paper, and move", () => {
  scope(() => {
    const model = made();
    const training = qat(model, { weights: int2(), scales: "learned", only: ["2.linear"] });
    expect(Object.keys(training.params)).toEqual([...Object.keys(model.params), "2.linear.weight.scale"]);
    const w = numbers(model.params["2.linear.weight"]);
    const start = Array.from({ length: 4 }, (_, r) =>
      w.slice(r * 17, r * 17 + 17).reduce((s, x) => s + Math.abs(x), 0),
    );
    const scale = training.params["2.linear.weight.scale"];
    expectWithin(
      numbers(scale),
      start.map((sum) => (2 * sum) / 17),
      1e-6,
      "scales",
    );
    move(training);
    expect(numbers(scale).every((s, r) => s !== Math.fround((2 * start[r]!) / 17))).toBe(true);
  });
});

test("learned scales of pruned weights begin with the weights that are left", () => {
  scope(() => {
    const model = made();
    const w = tensor([0, 4, 0, -2, 0, 0, 0, 0, 0, 0, 0, 0].concat(Array(56).fill(0)), [4, 17]);
    const training = qat(model.with({ "2.linear.weight": w }), {
      weights: int2(),
      scales: "learned",
      only: ["2.linear"],
    });
    expect([...numbers(training.params["2.linear.weight.scale"])]).toEqual([6, 2 ** -24, 2 ** -24, 2 ** -24]);
  });
});

test("a scale that the optimizer drove below 0 is held above it", () => {
  scope(() => {
    const training = qat(made(), { weights: int2(), scales: "learned" });
    const params = { ...training.params, "0.linear.weight.scale": tensor(new Float32Array(17).fill(-1), [17, 1]) };
    expect(numbers(training.apply(params, inputs())).every(Number.isFinite)).toBe(true);
  });
});

test("train() and evaluate() take it as a model; dispose() frees it", async () => {
  const before = memory().tensors;
  const model = made();
  const x = draw("normal", 1200, 5);
  const labels = Uint8Array.from({ length: 200 }, (_, i) => (x[i * 6]! > 0 ? 1 : 0) + (x[i * 6 + 1]! > 0 ? 2 : 0));
  const data = dataset(x, labels, { inputShape: [6] });
  const training = qat(model, { weights: int2(), scales: "learned" });
  await train(training, { data, optimizer: optim.adam({ lr: 0.01 }), epochs: 30, seed: 1 }).finish();
  const small = training.finish();
  const [now, then] = [await evaluate(training, data), await evaluate(small, data)];
  expect(then.accuracy).toBe(now.accuracy);
  expect(then.accuracy).toBeGreaterThan(0.8);
  for (const one of [training, small, model]) one.dispose();
  expect(memory().tensors).toBe(before);
});

test("what cannot be trained is refused", () => {
  scope(() => {
    const model = made();
    const learned = (weights: QatOptions["weights"]) => () => qat(model, { weights, scales: "learned" });
    for (const weights of [uint8(), int8({ per: "tensor" }), nf4(), binary()])
      expect(learned(weights)).toThrow(/scales are learned of signed codes by channel or group/);
    expect(() => qat(model, {} as never)).toThrow(ArgumentError);
    expect(() => qat(model, { weights: int8(), activations: int8() })).toThrow(
      /qat: the range of activations is measured/,
    );
    expect(() => qat(quantize(model, { weights: int8() }), { weights: int2() })).toThrow(/packed already/);
    const bad = model.with({ "0.linear.weight": tensor(new Float32Array(102).fill(Number.NaN), [17, 6]) });
    expect(() => qat(bad, { weights: int2() })).toThrow(/holds NaN/);
  });
});
