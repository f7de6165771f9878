import { expect, test } from "vitest";
import { layerInputs } from "../../src/calibration.js";
import { ArgumentError } from "../../src/errors.js";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { int4, int8 } from "../../src/quantize/affine.js";
import { awq, searchScales } from "../../src/quantize/awq.js";
import { nearest } from "../../src/quantize/method.js";
import { quantize } from "../../src/quantize/quantize.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, zeroLeaks } from "../grid.js";

zeroLeaks();

/** A model whose hidden units are of very different sizes, and what it reads. */
function uneven(between: readonly nn.LayerSpec[] = [nn.relu()], bias = true): { model: Model; x: Tensor } {
  const free = bias ? {} : ({ bias: false } as const);
  const plain = nn.sequential([nn.linear(6, 16, free), ...between, nn.linear(16, 5), nn.relu(), nn.linear(5, 3)], {
    seed: 1,
  });
  const name = "0.linear.weight";
  const rows = readTensor(plain.params[name] as Tensor<"f32">).map(
    (w, i) => w * (Math.floor(i / 6) % 4 === 0 ? 30 : 1),
  );
  const model = plain.with({ [name]: tensor(rows, [16, 6]) });
  return { model, x: tensor(draw("normal", 40 * 6, 2), [40, 6]) };
}

const inputsOf = (x: Tensor) => (model: Model, weights: Model["weights"]) => layerInputs("test", model, x, weights);

function prepared(model: Model, x: Tensor, chosen = model.weights): Model {
  return awq().prepare!(model, chosen, int4(), inputsOf(x));
}

test.each([
  ["relu", [nn.relu()], true],
  ["leakyRelu", [nn.leakyRelu({ slope: 0.2 })], true],
  ["dropout", [nn.relu(), nn.dropout(0.5)], true],
  ["nothing", [], true],
  ["relu, without a bias", [nn.relu()], false],
] as const)("the prepared model computes the same, through %s", (_, between, bias) => {
  scope(() => {
    const { model, x } = uneven(between, bias);
    const ready = prepared(model, x);
    const [before, after] = [model, ready].map((m) => readTensor(m.apply(m.params, x) as Tensor<"f32">));
    const size = before!.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
    expectWithin(after!, before!, size * 1e-6, "outputs");
    const w = (m: Model) => readTensor(m.params[m.weights[1]!.name] as Tensor<"f32">);
    expect([...w(ready)]).not.toEqual([...w(model)]);
  });
});

test.each([
  ["an activation that bends", [nn.tanh()]],
  ["a bound", [nn.clamp(0, 6)]],
] as const)("through %s nothing is folded", (_, between) => {
  scope(() => {
    const { model, x } = uneven(between);
    const ready = prepared(model, x, model.weights.slice(0, 2));
    for (const [name, t] of Object.entries(model.params))
      expectSame(readTensor(ready.params[name] as Tensor<"f32">), readTensor(t as Tensor<"f32">), name);
  });
});

test("a layer before that is packed already is left alone", () => {
  scope(() => {
    const { model, x } = uneven();
    const half = quantize(model, { weights: int8(), only: ["0.linear"] });
    const ready = prepared(half, x, half.weights.slice(1, 2));
    expect(ready.params["0.linear.weight"]).toBe(half.params["0.linear.weight"]);
  });
});

test("rounding after it hurts the layer's output less than rounding as it is", () => {
  scope(() => {
    const { model, x } = uneven();
    const read = inputsOf(x)(model, model.weights)["2.linear"]!;
    const w = model.params["2.linear.weight"]!;
    const { losses, index, scales } = searchScales(w, read, 20, (t) => int4().fake(t));
    expect(losses).toHaveLength(20);
    expect(Math.min(...losses)).toBe(losses[index]);
    expect(losses[index]).toBeLessThan(losses[0]! / 2);
    expect(scales.shape).toEqual([16]);
    const errorOf = (method: ReturnType<typeof awq>): number => {
      const small = quantize(model, { weights: int4(), method, calibration: x, only: ["2.linear"] });
      const [got, want] = [small, model].map((m) => readTensor(m.apply(m.params, x) as Tensor<"f32">));
      return got!.reduce((sum, y, i) => sum + (y - want![i]!) ** 2, 0);
    };
    expect(errorOf(awq())).toBeLessThan(errorOf(nearest()) / 1.5);
  });
});

test("inputs of 0 change nothing", () => {
  scope(() => {
    const w = tensor(draw("normal", 12, 1), [3, 4]);
    const { losses, index, scales } = searchScales(w, tensor(new Float32Array(8), [2, 4]), 5, (t) => int4().fake(t));
    expect([...losses]).toEqual([0, 0, 0, 0, 0]);
    expect(index).toBe(0);
    expectSame(readTensor(scales), [1, 1, 1, 1], "scales");
    expect(() => awq({ grid: 0 })).toThrow(ArgumentError);
  });
});
