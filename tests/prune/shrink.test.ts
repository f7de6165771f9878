import { describe, expect, test } from "vitest";
import { DTypeError, ShapeError } from "../../src/errors.js";
import { toBytes } from "../../src/files/model.js";
import type { Attributes } from "../../src/layers.js";
import { type GraphNode, Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { sparse } from "../../src/ops/sparse.js";
import { prune } from "../../src/prune/prune.js";
import { magnitude } from "../../src/prune/scores/magnitude.js";
import { shrink } from "../../src/prune/shrink.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, pick, type Random, random, zeroLeaks } from "../grid.js";

zeroLeaks();

const x = (shape: number[], seed = 1): Tensor =>
  tensor(
    draw(
      "normal",
      shape.reduce((n, d) => n * d, 1),
      seed,
    ),
    shape,
  );

/** Both give the same outputs for a batch of such examples. */
function expectSameOutputs(small: Model, model: Model, input: number[], about = ""): void {
  const batch = x([7, ...input]);
  const [y, expected] = [small.apply(small.params, batch), model.apply(model.params, batch)];
  expect(y.shape, about).toEqual(expected.shape);
  expectWithin(readTensor(y), readTensor(expected), (_, e) => 1e-5 * (1 + Math.abs(e)), about);
}

const widths = ({ graph }: Model): unknown[] =>
  graph.filter(({ op }) => op === "linear").map(({ attributes: { in: inputs, out } }) => [inputs, out]);

/** A model with numbers of its parameters replaced: rows or columns of zeros. */
function without(model: Model, dead: Record<string, { rows?: number[]; cols?: number[] }>): Model {
  const changed = Object.entries(dead).map(([name, { rows = [], cols = [] }]) => {
    const w = readTensor(model.params[name]!);
    const [n, k] = model.params[name]!.shape as [number, number];
    for (let i = 0; i < n * k; i++) if (rows.includes(Math.floor(i / k)) || cols.includes(i % k)) w[i] = 0;
    return [name, tensor(w, [n, k])] as const;
  });
  return model.with(Object.fromEntries(changed));
}

/** With biases that are not 0. */
function network(layers: Parameters<typeof nn.sequential>[0]): Model {
  const model = nn.sequential(layers, { seed: 1 });
  const biases = Object.keys(model.params).filter((name) => name.endsWith(".bias"));
  return model.with(Object.fromEntries(biases.map((name, i) => [name, x([...model.params[name]!.shape], i + 9)])));
}

const node = (name: string, op: string, input: string, attributes: Attributes = {}): GraphNode => ({
  name,
  op,
  input,
  attributes,
});

describe("a neuron that", () => {
  const activations = [
    [nn.relu()],
    [nn.sigmoid()],
    [nn.tanh(), nn.dropout(0.5)],
    [nn.leakyRelu({ slope: -0.5 }), nn.gelu()],
    [nn.gelu({ approximate: "tanh" }), nn.flatten()],
    [nn.silu(), nn.softplus({ beta: 2 }), nn.clamp(0.1, 0.9)],
    [],
  ];

  test.each(activations.map((between) => [between.map(({ op }) => op).join(", "), between] as const))(
    "reads nothing goes as a constant into the next biases: %s",
    (_, between) => {
      scope(() => {
        const layers = [nn.linear(3, 5), ...between, nn.linear(5, 4)];
        const model = without(network(layers), { "0.linear.weight": { rows: [0, 3] } });
        const small = shrink(model);
        expect(widths(small)).toEqual([
          [3, 3],
          [3, 4],
        ]);
        expectSameOutputs(small, model, [3]);
      });
    },
  );

  test("nothing reads is dropped, and the inputs and outputs of the model stay", () => {
    scope(() => {
      const layers = [nn.linear(4, 5), nn.sigmoid(), nn.linear(5, 3)];
      const model = without(network(layers), {
        "0.linear.weight": { cols: [1, 2] },
        "2.linear.weight": { cols: [0, 4], rows: [1] },
      });
      const small = shrink(model);
      expect(widths(small)).toEqual([
        [4, 3],
        [3, 3],
      ]);
      expectSameOutputs(small, model, [4]);
    });
  });

  test("falls takes with it what it alone read or fed", () => {
    scope(() => {
      const layers = [nn.linear(3, 4), nn.tanh(), nn.linear(4, 4), nn.relu(), nn.linear(4, 2)];
      const model = network(layers);
      // Neuron 0 of the first is constant; 1 of the second reads it alone, so it is, too. 3 of the second is not read, and 3 of the
      // first is read by that alone.
      const w = readTensor(model.params["2.linear.weight"]!);
      for (const i of [5, 6, 7, 3, 11]) w[i] = 0;
      const chained = without(model.with({ "2.linear.weight": tensor(w, [4, 4]) }), {
        "0.linear.weight": { rows: [0] },
        "4.linear.weight": { cols: [3] },
      });
      const small = shrink(chained);
      expect(widths(small)).toEqual([
        [3, 2],
        [2, 2],
        [2, 2],
      ]);
      expectSameOutputs(small, chained, [3]);
    });
  });

  test("is read by two nodes goes if neither needs it", () => {
    scope(() => {
      const graph = [
        node("a", "linear", "input", { in: 3, out: 4 }),
        node("r", "relu", "a"),
        node("b", "linear", "r", { in: 4, out: 2 }),
        node("s", "sigmoid", "a"),
        node("c", "linear", "s", { in: 4, out: 2 }),
      ];
      const params = Object.fromEntries(
        ["a", "b", "c"].flatMap((name, i) => {
          const { in: inputs, out } = graph.find((each) => each.name === name)!.attributes as Record<string, number>;
          return [
            [`${name}.weight`, x([out!, inputs!], i + 1)],
            [`${name}.bias`, x([out!], i + 4)],
          ];
        }),
      );
      // 0 is constant; 1 is read by neither, 2 by b alone.
      const model = without(new Model(graph, params), {
        "a.weight": { rows: [0] },
        "b.weight": { cols: [1] },
        "c.weight": { cols: [1, 2] },
      });
      const small = shrink(model);
      // b feeds nothing: one neuron of it stays, and c is the output.
      expect(widths(small)).toEqual([
        [3, 2],
        [2, 1],
        [2, 2],
      ]);
      expectSameOutputs(small, model, [3]);
    });
  });
});

test("a layer without biases gets them where a constant that is not 0 goes into it, and only there", () => {
  scope(() => {
    for (const [activation, gets] of [
      [nn.relu(), false],
      [nn.sigmoid(), true],
    ] as const) {
      const layers = [nn.linear(3, 4, { bias: false }), activation, nn.linear(4, 2, { bias: false })];
      const model = without(network(layers), { "0.linear.weight": { rows: [2] } });
      const small = shrink(model);
      expect(Object.keys(small.params).includes("2.linear.bias")).toBe(gets);
      expect(Object.keys(small.params)).not.toContain("0.linear.bias");
      expectSameOutputs(small, model, [3]);
    }
  });
});

test("a layer of which nothing is left keeps one neuron", () => {
  scope(() => {
    const layers = [nn.linear(3, 4), nn.sigmoid(), nn.linear(4, 3), nn.relu(), nn.linear(3, 2)];
    const whole = network(layers);
    for (const dead of [
      { "0.linear.weight": { rows: [0, 1, 2, 3] } },
      { "2.linear.weight": { cols: [0, 1, 2, 3] } },
      { "2.linear.weight": { rows: [0, 1, 2] } },
      { "4.linear.weight": { rows: [0, 1] } },
    ]) {
      const model = without(whole, dead);
      const small = shrink(model);
      expect(small.size).toBeLessThan(model.size);
      expect(widths(small).flat()).not.toContain(0);
      expectSameOutputs(small, model, [3], JSON.stringify(dead));
    }
  });
});

test("what softmax mixes, and what is an output through an activation, stays", () => {
  scope(() => {
    for (const between of [nn.softmax(), nn.logSoftmax()]) {
      const model = without(network([nn.linear(3, 4), between, nn.linear(4, 2)]), {
        "0.linear.weight": { rows: [1] },
      });
      expect(toBytes(shrink(model))).toEqual(toBytes(model));
    }
    const out = without(nn.sequential([nn.linear(3, 4), nn.relu(), nn.dropout(0.1)], { seed: 1 }), {
      "0.linear.weight": { rows: [1, 2] },
    });
    expect(toBytes(shrink(out))).toEqual(toBytes(out));
  });
});

test("flattened neurons go from each of their places", () => {
  scope(() => {
    const layers = [nn.linear(3, 4), nn.sigmoid(), nn.flatten(), nn.linear(20, 2)];
    const model = without(network(layers), { "0.linear.weight": { rows: [1, 2] } });
    const small = shrink(model);
    expect(widths(small)).toEqual([
      [3, 2],
      [10, 2],
    ]);
    expectSameOutputs(small, model, [5, 3]);
  });
});

test("masks of neurons shrink the model that they leave; the given one stays", () => {
  scope(() => {
    const layers = [nn.linear(8, 16), nn.relu(), nn.linear(16, 12), nn.tanh(), nn.linear(12, 3)];
    const model = network(layers);
    const before = toBytes(model);
    const masks = prune(model, magnitude({ sparsity: 0.5, unit: "neuron" }));
    const small = shrink(model, { masks });
    expect(widths(small)).toEqual([
      [8, 8],
      [8, 6],
      [6, 3],
    ]);
    expect(toBytes(model)).toEqual(before);
    expect(toBytes(shrink(small))).toEqual(toBytes(small));
  });
});

test("random graphs with random holes: the same outputs, nothing left to remove, and nothing left behind", () => {
  const kinds = ["relu", "sigmoid", "tanh", "gelu", "leakyRelu", "softmax", "dropout", "flatten"];
  let removed = 0;
  for (let seed = 0; seed < 200; seed++)
    scope(() => {
      const next = random(seed);
      const model = randomModel(next, kinds);
      const before = memory().tensors;
      const small = scope(() => shrink(model));
      expect(memory().tensors - before).toBe(Object.keys(small.params).length);
      expectSameOutputs(small, model, [4], `seed ${seed}: ${JSON.stringify(model.graph)}`);
      expect(toBytes(shrink(small)), `seed ${seed}`).toEqual(toBytes(small));
      removed += model.size - small.size;
    });
  expect(removed).toBeGreaterThan(1000);
});

/** A tree of nodes, of whose weights whole rows and columns, and others, are 0. */
function randomModel(next: Random, kinds: readonly string[]): Model {
  const graph: GraphNode[] = [];
  const params: Record<string, Tensor> = {};
  const sizes = new Map([["input", 4]]);
  for (let i = 0; i < 2 + pick(next, 7); i++) {
    const names = [...sizes.keys()];
    // Mostly a chain.
    const input = next() < 0.8 ? names.at(-1)! : names[pick(next, names.length)]!;
    const [inputs, name] = [sizes.get(input)!, `n${i}`];
    if (next() < 0.5) {
      const out = 1 + pick(next, 6);
      const holes = next() * 0.8;
      const [rows, cols] = [out, inputs].map((size) => Array.from({ length: size }, () => next() < holes));
      const w = Float32Array.from({ length: out * inputs }, (_, at) =>
        rows![Math.floor(at / inputs)] || cols![at % inputs] || next() < 0.3 ? 0 : next() * 2 - 1,
      );
      const bias = next() < 0.7;
      graph.push(node(name, "linear", input, { in: inputs, out, ...(!bias && { bias: false }) }));
      params[`${name}.weight`] = tensor(w, [out, inputs]);
      if (bias) params[`${name}.bias`] = tensor(Float32Array.from({ length: out }, () => next() * 2 - 1));
      sizes.set(name, out);
    } else {
      const op = kinds[pick(next, kinds.length)]!;
      const attributes: Record<string, Attributes> = {
        gelu: { approximate: "none" },
        leakyRelu: { slope: 0.1 },
        softmax: { axis: -1 },
        dropout: { p: 0.5 },
      };
      graph.push(node(name, op, input, attributes[op] ?? {}));
      sizes.set(name, inputs);
    }
  }
  return new Model(graph, params);
}

test("packed weights and masks that do not fit say so", () => {
  scope(() => {
    const model = nn.sequential([nn.linear(3, 4), nn.linear(4, 2)], { seed: 1 });
    const packed = model.with({ "0.linear.weight": sparse(model.params["0.linear.weight"]!) });
    expect(() => shrink(packed)).toThrow(DTypeError);
    expect(() => shrink(packed)).toThrow(/shrink before weights are packed/);
    const masks = { "0.linear.weight": tensor(Uint8Array.of(1)) };
    expect(() => shrink(model, { masks })).toThrow(ShapeError);
  });
});
