import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/errors.js";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { mse } from "../../src/ops/loss.js";
import type { Masks } from "../../src/optim/masked.js";
import { applyMasks, intersect, sparsity } from "../../src/prune/masks.js";
import { type Pruning, prune, scored } from "../../src/prune/prune.js";
import { magnitude } from "../../src/prune/scores/magnitude.js";
import { randomly } from "../../src/prune/scores/randomly.js";
import { saliency } from "../../src/prune/scores/saliency.js";
import { taylor } from "../../src/prune/scores/taylor.js";
import { wanda } from "../../src/prune/scores/wanda.js";
import { memory } from "../../src/runtime/heap.js";
import { Scope, scope } from "../../src/scope.js";
import { contents, readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { dataset } from "../../src/train/dataset.js";
import { draw, expectSame, expectWithin, zeroLeaks } from "../grid.js";
import { expectBits } from "../values.js";

zeroLeaks();

const [first, second, last] = ["0.linear", "2.linear", "4.linear"] as const;
const network = (): Model =>
  nn.sequential([nn.linear(6, 5), nn.relu(), nn.linear(5, 4), nn.tanh(), nn.linear(4, 3)], { seed: 1 });
const x = draw("normal", 20 * 6, 3);
const data = dataset(
  x,
  Uint8Array.from({ length: 20 }, (_, i) => i % 3),
  { inputShape: [6] },
);
const values = (t: Tensor): number[] => [...readTensor(t)];
const fallen = (masks: Masks): Record<string, number> =>
  Object.fromEntries(
    Object.entries(masks).map(([name, mask]) => [name, values(mask).filter((bit) => bit === 0).length]),
  );

/** Every way to prune, at a share. */
const ways: Readonly<Record<string, (sparsity: number) => Pruning>> = {
  magnitude: (share) => magnitude({ sparsity: share }),
  "magnitude, global": (share) => magnitude({ sparsity: share, scope: "global" }),
  "magnitude of rows": (share) => magnitude({ sparsity: share, unit: "row", norm: 2 }),
  "magnitude of blocks": (share) => magnitude({ sparsity: share, unit: [1, 4] }),
  wanda: (share) => wanda({ sparsity: share, calibration: data }),
  taylor: (share) => taylor({ sparsity: share, data, batchSize: 7 }),
  saliency: (share) => saliency({ sparsity: share, calibration: data }),
  randomly: (share) => randomly({ sparsity: share, seed: 5 }),
};

describe.each(Object.entries(ways))("%s", (_, way) => {
  test("of nothing keeps all, of everything keeps none, leaves the model alone", () => {
    scope(() => {
      const model = network();
      const before = model.weights.map(({ name }) => values(model.params[name]!));
      for (const share of [0, 1])
        for (const { name } of model.weights)
          expect(new Set(values(prune(model, way(share))[name]!))).toEqual(new Set([1 - share]));
      expect(model.weights.map(({ name }) => values(model.params[name]!))).toEqual(before);
      expect(Object.keys(prune(model, way(0.5)))).toEqual(model.weights.map(({ name }) => name));
    });
  });

  test("more of the same keeps less of the same, and an earlier mask is kept to", () => {
    scope(() => {
      const model = network();
      const half = prune(model, way(0.5));
      const more = prune(model, way(0.75));
      for (const { name } of model.weights)
        expect(values(more[name]!).every((bit, i) => bit <= values(half[name]!)[i]!)).toBe(true);
      const within = prune(model, way(0.75), { within: half });
      for (const { name } of model.weights) expect(values(within[name]!)).toEqual(values(more[name]!));
    });
  });

  test("of weights that are all 0 is a choice like any other", () => {
    scope(() => {
      const model = network();
      for (const t of Object.values(model.params)) contents(t).fill(0);
      const masks = prune(model, way(0.5));
      const total = Object.values(fallen(masks)).reduce((sum, count) => sum + count, 0);
      expect(total).toBeGreaterThanOrEqual(20);
    });
  });
});

describe("scores", () => {
  test("of Wanda are |w| · ‖x‖, by row", () => {
    scope(() => {
      const model = network();
      const way = wanda({ sparsity: 0.5, calibration: tensor(x, [20, 6]) });
      const scores = way.score(model, model.weights);
      const lengths = Array.from({ length: 6 }, (_, j) =>
        Math.hypot(...Array.from({ length: 20 }, (_, i) => x[i * 6 + j]!)),
      );
      const truth = values(model.params[`${first}.weight`]!).map((w, i) => Math.abs(w) * lengths[i % 6]!);
      expectWithin(values(scores[`${first}.weight`]!), truth, (_, y) => 1e-6 * y, "scores");
      const mask = values(prune(model, way)[`${first}.weight`]!);
      for (let row = 0; row < 5; row++)
        expect(mask.slice(6 * row, 6 * row + 6).reduce((sum, bit) => sum + bit, 0)).toBe(3);
      const joined = prune(model, wanda({ sparsity: 0.5, calibration: data, scope: "global" }));
      expect(Object.values(fallen(joined)).reduce((sum, n) => sum + n, 0)).toBe(31);
    });
  });

  test("of first order are |w · gradient|, the same for any batches", () => {
    scope(() => {
      const model = network();
      const score = (batchSize: number) =>
        taylor({ sparsity: 0.5, data, batchSize }).score(model, model.weights)[`${last}.weight`]!;
      const whole = values(score(20));
      for (const size of [1, 7, 19, 64]) expectWithin(values(score(size)), whole, 1e-7, `batches of ${size}`);
      // What the loss changes by as one weight shrinks a little.
      const { x: inputs, y: labels } = data.batch(Array.from({ length: 20 }, (_, i) => i));
      const lossAt = (scale: number): number => {
        const w = model.params[`${last}.weight`]!;
        const changed = tensor(
          values(w).map((value, i) => (i === 4 ? value * scale : value)),
          w.shape,
        );
        const params = { ...model.params, [`${last}.weight`]: changed };
        return values(nn.crossEntropy(model.apply(params, inputs), labels))[0]!;
      };
      expect(whole[4]).toBeCloseTo(Math.abs(lossAt(1.05) - lossAt(0.95)) / 0.1, 4);
    });
  });

  test("take another loss", () => {
    scope(() => {
      const model = nn.sequential([nn.linear(2, 1)], { seed: 1 });
      const targets = dataset(x.slice(0, 8), draw("normal", 4, 1), { inputShape: [2], targetShape: [1] });
      expect(fallen(prune(model, taylor({ count: 1, data: targets, loss: mse })))).toEqual({ "0.linear.weight": 1 });
    });
  });

  test("at random depend on the seed and the place of the weight alone", () => {
    scope(() => {
      const model = network();
      const all = prune(model, randomly({ sparsity: 0.5, seed: 1 }));
      const one = prune(model, randomly({ sparsity: 0.5, seed: 1 }), { only: [`${second}.weight`] });
      expect(Object.keys(one)).toEqual([`${second}.weight`]);
      const others = prune(model, randomly({ sparsity: 0.5, seed: 1 }), { except: [second] });
      expect(Object.keys(others)).toEqual(Object.keys(all).filter((name) => name !== `${second}.weight`));
      expect(values(one[`${second}.weight`]!)).toEqual(values(all[`${second}.weight`]!));
      expect(values(prune(model, randomly({ sparsity: 0.5, seed: 2 }))[`${first}.weight`]!)).not.toEqual(
        values(all[`${first}.weight`]!),
      );
    });
  });

  test("of one's own", () => {
    scope(() => {
      const model = network();
      const byPlace = scored(
        (_, weights) =>
          Object.fromEntries(
            weights.map(({ name }) => {
              const { shape, size } = model.params[name]!;
              return [
                name,
                tensor(
                  Float32Array.from({ length: size }, (_, i) => i),
                  shape,
                ),
              ];
            }),
          ),
        { sparsity: 0.5 },
      );
      expect(values(prune(model, byPlace)[`${last}.weight`]!)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
      const wrong = scored((_, weights) => Object.fromEntries(weights.map(({ name }) => [name, tensor([1])])), {
        sparsity: 0.5,
      });
      expect(() => prune(model, wrong)).toThrow(ShapeError);
      expect(() =>
        prune(
          model,
          scored(() => ({}), { sparsity: 0.5 }),
        ),
      ).toThrow('the score gives none for "0.linear.weight"');
    });
  });
});

describe("neurons", () => {
  test("fall with their biases, those of the last layer never", () => {
    scope(() => {
      const model = network();
      const masks = prune(model, magnitude({ sparsity: 0.4, unit: "neuron" }));
      expect(fallen(masks)).toEqual({
        [`${first}.weight`]: 12,
        [`${first}.bias`]: 2,
        [`${second}.weight`]: 10,
        [`${second}.bias`]: 2,
      });
      const [weight, bias] = [values(masks[`${first}.weight`]!), values(masks[`${first}.bias`]!)];
      for (const [i, bit] of weight.entries()) expect(bit).toBe(bias[Math.floor(i / 6)]);
      const sums = Array.from({ length: 5 }, (_, row) =>
        values(model.params[`${first}.weight`]!)
          .slice(6 * row, 6 * row + 6)
          .reduce((sum, w) => sum + Math.abs(w), 0),
      );
      const order = [0, 1, 2, 3, 4].sort((a, b) => sums[a]! - sums[b]!);
      expect([...bias.entries()].flatMap(([i, bit]) => (bit === 0 ? [i] : []))).toEqual(order.slice(0, 2).sort());
      const sparse = applyMasks(model, masks);
      const hidden = sparse.applyWith([first], sparse.params, tensor(x, [20, 6])).values[first]!;
      for (const [i, value] of values(hidden).entries()) if (bias[i % 5] === 0) expect(value).toBe(0);
      expect(() => prune(model, magnitude({ sparsity: 0.4, unit: "neuron" }), { only: [`${last}.weight`] })).toThrow(
        "is the last layer, whose neurons are the model's outputs",
      );
    });
  });

  test("keep to earlier masks, and a layer may have no bias", () => {
    scope(() => {
      const model = nn.sequential([nn.linear(2, 3, { bias: false }), nn.relu(), nn.linear(3, 1)], { seed: 1 });
      const some = prune(model, magnitude({ sparsity: 0.5 }));
      const masks = prune(model, magnitude({ count: 1, unit: "neuron" }), { within: some });
      expect(Object.keys(masks).sort()).toEqual(["0.linear.weight", "2.linear.weight"]);
      expect(values(masks["2.linear.weight"]!)).toEqual(values(some["2.linear.weight"]!));
      expect(values(masks["0.linear.weight"]!).every((bit, i) => bit <= values(some["0.linear.weight"]!)[i]!)).toBe(
        true,
      );
      const biased = network();
      const none = prune(biased, magnitude({ count: 1, unit: "neuron" }));
      const again = prune(biased, magnitude({ count: 2, unit: "neuron" }), { within: none });
      expect(fallen(again)[`${first}.bias`]).toBe(2);
    });
  });
});

describe("masks", () => {
  test("make a new model with zeros, and every other bit as it was", async () => {
    const own = new Scope();
    const model = network();
    const masks = prune(model, magnitude({ sparsity: 0.5 }));
    const sparse = applyMasks(model, masks);
    for (const [name, t] of Object.entries(model.params)) {
      const mask = masks[name] === undefined ? undefined : values(masks[name]);
      const truth = (readTensor(t) as Float32Array).map((value, i) => (mask?.[i] === 0 ? 0 : value));
      expectBits(readTensor(sparse.params[name]!) as Float32Array, truth, name);
      expect(sparse.params[name]!.pointer).not.toBe(t.pointer);
    }
    expect(await sparsity(sparse)).toEqual(await sparsity(masks));
    expect(await sparsity(masks)).toMatchObject({
      zeros: 31,
      size: 62,
      sparsity: 0.5,
      weights: { [`${last}.weight`]: { zeros: 6, size: 12, sparsity: 0.5 } },
    });
    expect(await sparsity({})).toEqual({ zeros: 0, size: 0, sparsity: 0, weights: {} });
    own.dispose();
  });

  test("keep together what both keep", () => {
    scope(() => {
      const [a, b] = [tensor(Uint8Array.of(1, 7, 0, 0)), tensor(Uint8Array.of(1, 0, 9, 0))];
      const both = intersect({ w: a, v: b }, { w: b, u: a });
      expectSame(readTensor(both.w!), [1, 0, 0, 0], "in both");
      expectSame(readTensor(both.v!), [1, 0, 1, 0], "in the first");
      expectSame(readTensor(both.u!), [1, 1, 0, 0], "in the second");
      a.dispose();
      expect(values(both.u!)).toEqual([1, 1, 0, 0]);
      expect(() => intersect({ w: b }, { w: tensor(Uint8Array.of(1)) })).toThrow(ShapeError);
    });
  });

  test("of a part of the weights leave earlier ones as they were", () => {
    scope(() => {
      const model = network();
      const early = prune(model, magnitude({ sparsity: 0.5 }));
      const masks = prune(model, magnitude({ sparsity: 1 }), { within: early, only: [`${first}.weight`] });
      expect(values(masks[`${second}.weight`]!)).toEqual(values(early[`${second}.weight`]!));
      expect(new Set(values(masks[`${first}.weight`]!))).toEqual(new Set([0]));
    });
  });
});

describe("odd input", () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY])("a weight of %d", (value) => {
    scope(() => {
      const model = network();
      contents(model.params[`${second}.weight`]! as Tensor<"f32">)[3] = value;
      const before = memory().tensors;
      for (const [name, way] of Object.entries(ways)) {
        // To a magnitude an infinity is the largest; what meets data gives NaN; chance does not look.
        const fine = name === "randomly" || (name.startsWith("magnitude") && !Number.isNaN(value));
        const call = () => scope(() => void prune(model, way(0.5)));
        if (fine) expect(call, name).not.toThrow();
        else expect(call, name).toThrow(ArgumentError);
      }
      expect(memory().tensors).toBe(before);
    });
  });

  test("one row, one column, one example, no examples", () => {
    scope(() => {
      const model = nn.sequential([nn.linear(5, 1), nn.linear(1, 2)], { seed: 1 });
      const one = tensor(draw("normal", 5, 1), [1, 5]);
      for (const way of [
        wanda({ sparsity: 0.4, calibration: one }),
        saliency({ sparsity: 0.4, calibration: one }),
        magnitude({ pattern: [2, 4] }),
      ])
        expect(fallen(prune(model, way))["0.linear.weight"]).toBe(2);
      const none = data.take(0);
      for (const way of [
        wanda({ sparsity: 0.4, calibration: none }),
        saliency({ sparsity: 0.4, calibration: none }),
        taylor({ sparsity: 0.4, data: none }),
      ])
        expect(() => prune(model, way)).toThrow(/no examples/);
    });
  });

  test("no model, no pruning, no such weight", () => {
    scope(() => {
      const model = network();
      const way = magnitude({ sparsity: 0.5 });
      expect(() => prune(model.params as never, way)).toThrow("prune: model is an object; it must be a Model");
      expect(() => prune(model, 0.5 as never)).toThrow("prune: pruning is 0.5");
      expect(() => prune(model, magnitude({}))).toThrow("prune: one of sparsity, count and pattern");
      expect(() => prune(model, way, { only: ["nope"] })).toThrow('prune: only names "nope"; the weights are');
      expect(() => prune(model, way, { within: { nope: tensor(Uint8Array.of(1)) } })).toThrow(
        'a mask is called "nope"',
      );
    });
  });
});
