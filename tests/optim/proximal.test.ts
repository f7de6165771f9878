import { describe, expect, it } from "vitest";
import { ArgumentError, ShapeError } from "../../src/errors.js";
import type { Params } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { add, mul } from "../../src/ops/binary.js";
import { mse } from "../../src/ops/loss.js";
import { proxL1 } from "../../src/ops/proximal.js";
import { sum } from "../../src/ops/reduce.js";
import { abs } from "../../src/ops/unary.js";
import { adamW, chain, linear, type Optimizer, type ProximalOptions, proximal, sgd } from "../../src/optim/index.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { dataset } from "../../src/train/dataset.js";
import { type Objective, train } from "../../src/train/train.js";
import { draw, expectSame, expectWithin, zeroLeaks } from "../grid.js";
import { hard, prox, soft } from "../reference/proximal.js";
import { expectBits } from "../values.js";

zeroLeaks();

const [count, width] = [200, 12];
const x = draw("normal", count * width, 1);
/** Every third input matters. */
const noise = draw("normal", count, 2);
const y = Float32Array.from({ length: count }, (_, i) => {
  let value = 0.3 * noise[i]! + 0.5;
  for (let j = 0; j < width; j += 3) value += (1 + j / width) * x[i * width + j]!;
  return value;
});
const data = dataset(x, y, { inputShape: [width], targetShape: [1] });

/** The weights after full-batch training of ŷ = xw + b on the mean squared error. */
async function fit(optimizer: Optimizer, objective?: Objective<Params>): Promise<Float32Array> {
  const model = nn.sequential([nn.linear(width, 1)], { seed: 1 });
  const options = { data, loss: mse, optimizer, epochs: 400, batchSize: count, ...(objective && { objective }) };
  await train(model, options).finish();
  const weights = readTensor(model.params["0.linear.weight"]!) as Float32Array;
  model.dispose();
  return weights;
}

/** The minimum of mean squared error + λ‖w‖₁, by coordinate descent in f64. */
function lasso(lambda: number): number[] {
  const w = new Array<number>(width + 1).fill(0);
  const column = (i: number, j: number): number => (j === width ? 1 : x[i * width + j]!);
  for (let sweep = 0; sweep < 300; sweep++)
    for (let j = 0; j <= width; j++) {
      let [square, product] = [0, 0];
      for (let i = 0; i < count; i++) {
        let rest = y[i]!;
        for (let k = 0; k <= width; k++) if (k !== j) rest -= w[k]! * column(i, k);
        square += column(i, j) ** 2;
        product += column(i, j) * rest;
      }
      w[j] = j === width ? product / square : soft(product, (lambda * count) / 2) / square;
    }
  return w.slice(0, width);
}

const zerosIn = (values: Float32Array): number => values.reduce((zeros, value) => zeros + (value === 0 ? 1 : 0), 0);

describe("trained", () => {
  it("to the lasso: exact zeros where a sub-gradient gives none", async () => {
    const lambda = 0.3;
    const truth = lasso(lambda);
    const penalized: Objective<Params> = (params, batch) => {
      const model = nn.sequential([nn.linear(width, 1)], { seed: 1 });
      const output = model.apply(params, batch.x);
      model.dispose();
      return add(mse(output, batch.y), mul(sum(abs(params["0.linear.weight"]!)), lambda));
    };
    const exact = await fit(chain(sgd({ lr: 0.1 }), proximal({ lr: 0.1, l1: lambda })));
    const rough = await fit(sgd({ lr: 0.1 }), penalized);
    expect(truth.filter((value) => value === 0)).toHaveLength(8);
    expect(Array.from(exact, (value) => value === 0)).toEqual(truth.map((value) => value === 0));
    expectWithin(exact, truth, 1e-5, "the lasso");
    expect(zerosIn(rough)).toBe(0);
  });
});

describe("a step", () => {
  const [rows, cols] = [5, 7];
  const w = draw("normal", rows * cols, 3);

  /** A matrix and a bias after one step whose gradients are 0. */
  function after(options: ProximalOptions): { weight: Float32Array; bias: Float32Array } {
    return scope(() => {
      const params = { weight: tensor(w, [rows, cols]), bias: tensor([-0, 0.1]) };
      const optimizer = proximal(options);
      optimizer.update(params, params, optimizer.init(params));
      return { weight: readTensor(params.weight), bias: readTensor(params.bias) };
    });
  }

  it("is that of the penalties together, times the learning rate, on matrices alone", () => {
    for (const axis of [0, 1] as const)
      for (const [l1, l2, group] of [
        [0.5, 0, 0],
        [0, 1, 0],
        [0.5, 1, 0],
        [0, 0, 2],
        [0.5, 1, 2],
      ] as const) {
        const { weight, bias } = after({ lr: 0.5, l1, l2, group, axis });
        const truth = prox(w, [rows, cols], { l1: l1 / 2, l2: l2 / 2, group: group / 2, axis });
        expectWithin(weight, truth, 1e-6, `l1 ${l1}, l2 ${l2}, group ${group}, axis ${axis}`);
        expectSame(bias, Float32Array.of(-0, 0.1), "the bias");
      }
    expectSame(
      after({ lr: 0.5, l0: 0.5 }).weight,
      w.map((value) => hard(value, 0.25)),
      "l0",
    );
  });

  it("comes on top of an adaptive one: every weight is moved by the same lr · λ", () => {
    scope(() => {
      const grads = () => ({ w: tensor(draw("logNormal", w.length, 4), [rows, cols]) });
      const [alone, both] = [{ w: tensor(w, [rows, cols]) }, { w: tensor(w, [rows, cols]) }];
      const adam = adamW({ lr: 0.5 });
      adam.update(alone, grads(), adam.init(alone));
      const joined = chain(adamW({ lr: 0.5 }), proximal({ lr: 0.5, l1: 0.5 }));
      joined.update(both, grads(), joined.init(both));
      expectSame(readTensor(both.w), readTensor(proxL1(alone.w, { lambda: 0.25 })), "after one step");
    });
  });

  it("of no strength changes no bit", () => {
    for (const options of [{ lr: 0.1 }, { lr: 0, l1: 1, group: 1 }, { lr: 0, l0: 1 }])
      expectBits(
        after({ ...options, only: ["weight", "bias"] }).bias,
        Float32Array.of(-0, 0.1),
        JSON.stringify(options),
      );
  });

  it("takes the parameters that are named", () => {
    const { weight, bias } = after({ lr: 1, l1: 0.05, only: ["bias"] });
    expectBits(weight, w, "the weight");
    expectSame(bias, [0, Math.fround(Math.fround(0.1) - Math.fround(0.05))], "the bias");
  });

  it("follows schedules of both", () => {
    scope(() => {
      const params = { w: tensor([[10]]) };
      const optimizer = proximal({ lr: linear(1, 0, 2), l1: (t) => t + 1 });
      const state = optimizer.init(params);
      const values = [0, 1, 2].map(() => {
        optimizer.update(params, params, state);
        return readTensor(params.w)[0];
      });
      expect(values).toEqual([9, 8, 8]);
      expect(state.step).toBe(3);
    });
  });
});

it("refuses settings that make no sense", () => {
  expect(() => proximal({ lr: 0.1, l1: -1 })).toThrow("proximal: l1 is -1; it goes from 0");
  expect(() => proximal({ l1: 1 } as never)).toThrow("proximal: lr is undefined");
  expect(() => proximal({ lr: 0.1, l0: 1, l1: 1 })).toThrow("chain two links");
  expect(() => proximal({ lr: 0.1, l1: 1, only: "w" as never })).toThrow(ArgumentError);
  scope(() => {
    const step = (options: ProximalOptions) => () => {
      const params = { w: tensor([1]) };
      const optimizer = proximal(options);
      optimizer.update(params, params, optimizer.init(params));
    };
    expect(step({ lr: 1, l1: 1, only: ["v"] })).toThrow('proximal: no parameter is called "v"; there are w');
    expect(step({ lr: 1, group: 1, axis: 1, only: ["w"] })).toThrow(ShapeError);
    expect(step({ lr: 1, group: 1, axis: 3 as never, only: ["w"] })).toThrow(ArgumentError);
    expect(step({ lr: () => Number.NaN, l1: 1, only: ["w"] })).toThrow("proximal: lr is NaN");
    expect(step({ lr: () => -1, l1: 1, only: ["w"] })).toThrow("proximal: lr is -1");
  });
});
