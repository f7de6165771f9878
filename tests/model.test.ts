import { beforeAll, describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../src/errors.js";
import { valueAndGrad } from "../src/grad.js";
import { Model } from "../src/model.js";
import * as nn from "../src/nn/index.js";
import { matmul } from "../src/ops/matmul.js";
import { mean } from "../src/ops/reduce.js";
import { relu, square } from "../src/ops/unary.js";
import { init } from "../src/runtime/embedded.js";
import { memory } from "../src/runtime/heap.js";
import { scope } from "../src/scope.js";
import { readTensor, type Tensor, tensor } from "../src/tensor.js";
import { zeroLeaks } from "./grid.js";

zeroLeaks();
beforeAll(() => init());

const small = () => nn.sequential([nn.linear(3, 5), nn.relu(), nn.linear(5, 2)], { seed: 7 });

describe("a model", () => {
  test("runs its graph: fused activations give the bits of separate ones", () => {
    scope(() => {
      const model = small();
      const x = tensor([
        [1, -2, 3],
        [0.5, 0.25, -1],
      ]);
      const p = model.params;
      const hidden = relu(matmul(x, p["0.linear.weight"]!, { transposeB: true, bias: p["0.linear.bias"]! }));
      const y = matmul(hidden, p["2.linear.weight"]!, { transposeB: true, bias: p["2.linear.bias"]! });
      expect(readTensor(model.apply(p, x))).toEqual(readTensor(y));
      expect(model.size).toBe(3 * 5 + 5 + 5 * 2 + 2);
    });
  });

  test("does not fuse an activation whose input another node reads", () => {
    scope(() => {
      const { params } = small();
      const graph = [
        { name: "a", op: "linear", input: "input", attributes: { in: 3, out: 5 } },
        { name: "b", op: "relu", input: "a", attributes: {} },
        { name: "c", op: "linear", input: "a", attributes: { in: 5, out: 2 } },
      ];
      const named = {
        "a.weight": params["0.linear.weight"]!,
        "a.bias": params["0.linear.bias"]!,
        "c.weight": params["2.linear.weight"]!,
        "c.bias": params["2.linear.bias"]!,
      };
      const model = new Model(graph, named);
      const x = tensor([[1, -2, 3]]);
      const a = matmul(x, named["a.weight"], { transposeB: true, bias: named["a.bias"] });
      const c = matmul(a, named["c.weight"], { transposeB: true, bias: named["c.bias"] });
      expect(readTensor(model.apply(model.params, x))).toEqual(readTensor(c));
    });
  });

  test("frees everything but its output, and works with other parameters", () => {
    scope(() => {
      const model = small();
      const other = nn.sequential([nn.linear(3, 5), nn.relu(), nn.linear(5, 2)], { seed: 8 });
      const x = tensor([[1, 2, 3]]);
      const before = memory().tensors;
      const y = model.apply(other.params, x);
      expect(memory().tensors).toBe(before + 1);
      expect(readTensor(y)).toEqual(readTensor(other.apply(other.params, x)));
    });
  });

  test("has gradients for every parameter", () => {
    scope(() => {
      const model = small();
      const x = tensor([[1, -2, 3]]);
      const { grads } = valueAndGrad((p: typeof model.params) => mean(square(model.apply(p, x))))(model.params);
      expect(Object.keys(grads)).toEqual(Object.keys(model.params));
    });
  });

  test("of every layer kind runs on a batch", () => {
    scope(() => {
      const specs = [
        nn.flatten(),
        nn.linear(4, 4, { bias: false, weight: nn.glorot({ distribution: "normal" }) }),
        nn.leakyRelu({ slope: 0.1 }),
        nn.gelu(),
        nn.gelu({ approximate: "tanh" }),
        nn.silu(),
        nn.linear(4, 4, { bias: nn.constant(0.5) }),
        nn.sigmoid(),
        nn.linear(4, 4),
        nn.tanh(),
        nn.softplus(),
        nn.clamp(0, 6),
        nn.dropout(0.5),
        nn.logSoftmax(),
        nn.softmax(),
      ];
      const model = nn.sequential(specs, { seed: 1 });
      const y = Array.from(
        readTensor(
          model.apply(
            model.params,
            tensor([
              [
                [1, 2],
                [3, 4],
              ],
              [
                [5, 6],
                [7, 8],
              ],
            ]),
          ),
        ),
      );
      expect(y).toHaveLength(8);
      for (const row of [y.slice(0, 4), y.slice(4)]) expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    });
  });

  test("drops in training alone, anew in each step, the same for the same step", () => {
    scope(() => {
      const model = nn.sequential([nn.dropout(0.5)]);
      const x = tensor(new Float32Array(64).fill(1), [1, 64]);
      const run = (options: object): Float32Array => readTensor(model.apply(model.params, x, options) as Tensor<"f32">);
      expect(run({})).toEqual(readTensor(x));
      const first = run({ training: true, seed: 1, step: 1 });
      expect(run({ training: true, seed: 1, step: 1 })).toEqual(first);
      expect(run({ training: true, seed: 1, step: 2 })).not.toEqual(first);
      expect(run({ training: true, seed: 2, step: 1 })).not.toEqual(first);
      expect([...new Set(first)].sort()).toEqual([0, 2]);
    });
  });
});

describe("a wrong graph is refused:", () => {
  const weight = () => tensor(new Float32Array(6), [2, 3]);
  const linear = { name: "l", op: "linear", input: "input", attributes: { in: 3, out: 2, bias: false } };
  test.each([
    ["an unknown op", [{ ...linear, op: "__proto__" }], ["l.weight"], /node "l" is a "__proto__"/],
    ["an unknown input", [{ ...linear, input: "later" }], ["l.weight"], /reads "later", which no node before it gives/],
    ["a name twice", [linear, linear], ["l.weight"], /two nodes are called "l"/],
    ["a missing parameter", [linear], [], /parameter "l.weight" is missing/],
    ["a stray parameter", [linear], ["l.weight", "constructor"], /parameter "constructor" belongs to no node/],
    ["a wrong shape", [{ ...linear, attributes: { in: 2, out: 2, bias: false } }], ["l.weight"], /needs f32 \[2, 2\]/],
    [
      "no size",
      [{ ...linear, attributes: { in: Number.NaN, out: 2 } }],
      ["l.weight"],
      /linear: the number of inputs is NaN/,
    ],
  ])("%s", (_, graph, names, message) => {
    scope(() => {
      const params = Object.fromEntries(names.map((name) => [name, weight()]));
      expect(() => new Model(graph, params)).toThrow(message);
    });
  });

  test("layers that do not fit, or none", () => {
    expect(() => nn.sequential([nn.linear(3, 4), nn.relu(), nn.linear(5, 2)])).toThrow(
      /layer 2 takes 5 inputs, .* gives 4/,
    );
    expect(() => nn.sequential([])).toThrow(ArgumentError);
    expect(() => nn.linear(0, 3)).toThrow(/linear: the number of inputs is 0; it must be an integer from 1/);
    expect(() => nn.dropout(2)).toThrow(ArgumentError);
    expect(() => nn.clamp(0, Number.POSITIVE_INFINITY)).toThrow(ArgumentError);
  });

  test("an input of the wrong width", () => {
    scope(() => {
      const model = small();
      expect(() => model.apply(model.params, tensor([[1, 2]]))).toThrow(ShapeError);
      expect(() => model.apply(model.params, tensor([[1, 2]]))).toThrow(/x is \[1, 2\], the layer takes \[..., 3\]/);
    });
  });
});

test("a graph of many nodes is planned in linear time", () => {
  const graph = Array.from({ length: 50_000 }, (_, i) => ({
    name: `n${i}`,
    op: "relu",
    input: i === 0 ? "input" : `n${i - 1}`,
    attributes: {},
  }));
  const start = performance.now();
  new Model(graph, {});
  // Quadratic, it took nine seconds.
  expect(performance.now() - start).toBeLessThan(3000);
});

test("no two uses of a seed draw the same numbers", () => {
  scope(() => {
    const model = nn.sequential([nn.linear(8, 8), nn.dropout(0.5)], { seed: 1 });
    const weights = readTensor(model.params["0.linear.weight"]!);
    const signs = Array.from(weights, (w) => w >= 0);
    const dropped = [0, 1, 2, 3].map((step) => {
      const drop = nn.sequential([nn.dropout(0.5)]);
      const y = drop.apply(drop.params, tensor(new Float32Array(64).fill(1), [1, 64]), {
        training: true,
        seed: 1,
        step,
      });
      return Array.from(readTensor(y), (v) => v > 0);
    });
    for (const mask of dropped) expect(mask).not.toEqual(signs);
  });
});

test("the same seed gives the same parameters, another one others", () => {
  scope(() => {
    const values = (seed: number) =>
      Object.values(nn.sequential([nn.linear(20, 30)], { seed }).params).map((t) => Array.from(readTensor(t)));
    expect(values(3)).toEqual(values(3));
    expect(values(4)).not.toEqual(values(3));
  });
});

test.each([
  ["kaiming", nn.kaiming(), Math.sqrt(2 / 400)],
  ["kaiming normal", nn.kaiming({ distribution: "normal" }), Math.sqrt(2 / 400)],
  ["glorot", nn.glorot(), Math.sqrt(2 / 700)],
  ["glorot normal", nn.glorot({ distribution: "normal", gain: 2 }), 2 * Math.sqrt(2 / 700)],
])("%s spreads as its paper says", (_, initializer, std) => {
  scope(() => {
    const values = readTensor(initializer([300, 400], { seed: 1 }));
    const average = values.reduce((sum, v) => sum + v, 0) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - average) ** 2, 0) / values.length;
    expect(Math.abs(average)).toBeLessThan(std / 100);
    expect(Math.sqrt(variance) / std).toBeCloseTo(1, 2);
  });
});
