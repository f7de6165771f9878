import { describe, expect, test, vi } from "vitest";
import { ArgumentError, OutOfMemoryError } from "../../src/errors.js";
import { fromBytes, toBytes } from "../../src/files/model.js";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { fakeQuantize } from "../../src/ops/fakeQuantize.js";
import { matmul } from "../../src/ops/matmul.js";
import type { QTensor } from "../../src/ops/quantized.js";
import { Packed } from "../../src/packed.js";
import { int2, int4, int8, uint8 } from "../../src/quantize/affine.js";
import { awq } from "../../src/quantize/awq.js";
import { f16 } from "../../src/quantize/floats.js";
import { gptq } from "../../src/quantize/gptq.js";
import { type Method, nearest } from "../../src/quantize/method.js";
import { nf4 } from "../../src/quantize/nf4.js";
import { qat } from "../../src/quantize/qat.js";
import { quantize } from "../../src/quantize/quantize.js";
import * as ranges from "../../src/quantize/ranges/index.js";
import { heap, memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { dataset } from "../../src/train/dataset.js";
import { draw, expectSame, expectWithin, zeroLeaks } from "../grid.js";

zeroLeaks();

const made = (seed = 1): Model => nn.sequential([nn.linear(6, 9), nn.relu(), nn.linear(9, 4)], { seed });
const inputs = (rows = 50): Tensor => tensor(draw("normal", rows * 6, 3), [rows, 6]);
const numbers = (t: Tensor | undefined): Float32Array => readTensor(t as Tensor<"f32">);
const packedOf = (model: Model): string[] =>
  Object.entries(model.params).flatMap(([name, t]) => (t instanceof Packed ? [name] : []));

test("a new model, the given one untouched, biases as they were", () => {
  scope(() => {
    const model = made();
    const before = toBytes(model);
    const small = quantize(model, { weights: int8() });
    expect(packedOf(small)).toEqual(["0.linear.weight", "2.linear.weight"]);
    expectSame(numbers(small.params["0.linear.bias"]), numbers(model.params["0.linear.bias"]), "bias");
    expect(toBytes(model)).toEqual(before);
    model.dispose();
    expect(small.apply(small.params, inputs()).shape).toEqual([50, 4]);
    expect(toBytes(fromBytes(toBytes(small)))).toEqual(toBytes(small));
  });
});

test("without a scheme it is a copy", () => {
  scope(() => {
    const model = made();
    const same = quantize(model, {});
    expect(same).not.toBe(model);
    expect(toBytes(same)).toEqual(toBytes(model));
  });
});

test("only and except name weights or nodes", () => {
  scope(() => {
    const model = made();
    const chosen = (options: object) => packedOf(quantize(model, { weights: int4(), ...options }));
    expect(chosen({ only: ["0.linear"] })).toEqual(["0.linear.weight"]);
    expect(chosen({ only: ["2.linear.weight"] })).toEqual(["2.linear.weight"]);
    expect(chosen({ except: ["0.linear"] })).toEqual(["2.linear.weight"]);
    expect(chosen({ only: ["0.linear"], except: ["0.linear.weight"] })).toEqual([]);
    expect(() => chosen({ except: ["1.relu"] })).toThrow('except names "1.relu"; the weights are 0.linear.weight, 2.');
  });
});

test("a model in part packed can be packed further, but no weight twice", () => {
  scope(() => {
    const half = quantize(made(), { weights: f16(), only: ["0.linear"] });
    expect(() => quantize(half, { weights: int8() })).toThrow(/quantize: 0.linear.weight: .* packed already, as float/);
    const both = quantize(half, { weights: int8(), except: ["0.linear"], method: gptq(), calibration: inputs() });
    expect(packedOf(both)).toEqual(["0.linear.weight", "2.linear.weight"]);
  });
});

describe("activations", () => {
  test("static: the grid of what each layer reads, the layers before it rounded", () => {
    scope(() => {
      const model = made();
      const x = inputs();
      const options = { weights: int8(), activations: int8(), calibration: x };
      const small = quantize(model, options);
      const rounded = quantize(model, { weights: int8() });
      const hidden = rounded.applyWith(["1.relu"], rounded.params, x).values["1.relu"]!;
      for (const [name, read] of [
        ["0.linear.weight", x],
        ["2.linear.weight", hidden],
      ] as const) {
        const { format } = small.params[name] as QTensor;
        const values = numbers(read);
        const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
        expect(format.input).toBe("static");
        // The second layer reads what integers gave.
        expect(Math.abs(format.inputScale! / ((high - low) / 255) - 1)).toBeLessThan(
          name.startsWith("0") ? 1e-6 : 0.02,
        );
        expect(Math.abs(format.inputZeroPoint! - Math.round((-low * 255) / (high - low)))).toBeLessThanOrEqual(1);
      }
      const w = small.params["0.linear.weight"] as QTensor;
      const { inputScale: scale, inputZeroPoint: zeroPoint } = w.format;
      const seen = fakeQuantize(x, { scale: scale!, zeroPoint: zeroPoint!, low: 0, high: 255 });
      const exact = matmul(seen, w.dense(), { transposeB: true });
      expectWithin(numbers(matmul(x, w, { transposeB: true })), numbers(exact), 1e-5, "products of integers");
    });
  });

  test("symmetric ones have their zero in the middle; a range clips", () => {
    scope(() => {
      const x = inputs();
      const formatOf = (activations: ReturnType<typeof int8>) => {
        const small = quantize(made(), { weights: int4(), activations, calibration: x });
        return (small.params["0.linear.weight"] as QTensor).format;
      };
      const largest = Math.max(...numbers(x).map(Math.abs));
      expect(formatOf(int8({ symmetric: true })).inputZeroPoint).toBe(128);
      expect(formatOf(int8({ symmetric: true })).inputScale).toBeCloseTo(largest / 127, 6);
      expect(formatOf(uint8({ range: ranges.percentile(90) })).inputScale).toBeLessThan(
        formatOf(uint8()).inputScale! / 1.3,
      );
    });
  });

  test("dynamic ones need no data", () => {
    scope(() => {
      const small = quantize(made(), { weights: int4(), activations: int8({ dynamic: true }) });
      expect((small.params["2.linear.weight"] as QTensor).format.input).toBe("dynamic");
      const [got, want] = [small, made()].map((m) => numbers(m.apply(m.params, inputs())));
      expectWithin(got!, want!, 0.5, "outputs");
    });
  });

  test("that never change have a grid all the same", () => {
    scope(() => {
      for (const value of [0, 0.7, -3]) {
        const x = tensor(new Float32Array(12).fill(value), [2, 6]);
        const small = quantize(made(), { weights: int8(), activations: int8(), calibration: x });
        const [got, want] = [small, made()].map((m) => numbers(m.apply(m.params, x)));
        expectWithin(got!, want!, 0.1, `all ${value}`);
      }
    });
  });
});

test.each([gptq(), gptq({ actOrder: true }), awq()])(
  "a method that asks for what layers read, $name, and static activations",
  (method) => {
    scope(() => {
      const model = made();
      const options = { weights: int8(), method, calibration: inputs() };
      const small = quantize(model, { ...options, activations: int8() });
      const alone = quantize(model, options);
      const dense = (m: Model, name: string) => numbers((m.params[name] as QTensor).dense());
      for (const name of packedOf(small)) expectSame(dense(small, name), dense(alone, name), name);
      const { inputScale } = (small.params["0.linear.weight"] as QTensor).format;
      expect(inputScale).toBeGreaterThan(0);
      expectWithin(
        numbers(small.apply(small.params, inputs())),
        numbers(model.apply(model.params, inputs())),
        0.1,
        "outputs",
      );
    });
  },
);

test("methods round in order, each layer on what the rounded ones before it give", () => {
  scope(() => {
    const model = made();
    const x = inputs();
    const seen: Float32Array[] = [];
    const spy: Method = {
      ...nearest(),
      calibrated: true,
      round: ({ w, scheme, inputs }) => {
        seen.push(readTensor(inputs()));
        return scheme.pack(w);
      },
    };
    const small = quantize(model, { weights: int2(), method: spy, calibration: x });
    expectSame(seen[0]!, numbers(x), "the first layer");
    const first = model.with({ "0.linear.weight": small.params["0.linear.weight"]!.alias() });
    expectSame(seen[1]!, numbers(first.applyWith(["1.relu"], first.params, x).values["1.relu"]), "the second");
  });
});

test("calibration is a tensor of inputs or a dataset", () => {
  scope(() => {
    const data = dataset(draw("normal", 300, 3), new Uint8Array(50), { inputShape: [6] });
    for (const method of [gptq(), awq(), gptq({ actOrder: true })]) {
      const options = { weights: int4(), method };
      const [a, b] = [inputs(), data].map((calibration) => toBytes(quantize(made(), { ...options, calibration })));
      expect(a).toEqual(b);
    }
  });
});

test.each<[string, (model: Model) => Model]>([
  ["int8 with activations", (m) => quantize(m, { weights: int8(), activations: int8(), calibration: inputs() })],
  [
    "gptq by groups",
    (m) => quantize(m, { weights: int4({ group: 4 }), method: gptq({ block: 3 }), calibration: inputs() }),
  ],
  [
    "awq",
    (m) =>
      quantize(m, {
        weights: int4({ range: ranges.mse({ candidates: 3 }) }),
        method: awq({ grid: 2 }),
        calibration: inputs(),
      }),
  ],
  [
    "floats and codebooks",
    (m) => quantize(quantize(m, { weights: f16(), only: ["0.linear"] }), { weights: nf4(), except: ["0.linear"] }),
  ],
  [
    "training",
    (m) => qat(m, { weights: int2(), scales: "learned", activations: int8(), calibration: inputs() }).finish(),
  ],
])("out of memory at any allocation leaves everything as it was: %s", (_, call) => {
  scope(() => {
    const model = made();
    const file = toBytes(model);
    const allocate = heap.allocate.bind(heap);
    let done = false;
    for (let n = 1; !done; n++) {
      const before = memory();
      let count = 0;
      const spy = vi.spyOn(heap, "allocate").mockImplementation((bytes) => {
        if (++count === n) throw new OutOfMemoryError("none", bytes, 0, 0);
        return allocate(bytes);
      });
      try {
        scope(() => call(model).dispose());
        done = true;
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemoryError);
      } finally {
        spy.mockRestore();
      }
      const { tensors, bytes } = memory();
      expect({ tensors, bytes }, `allocation ${n}`).toEqual({ tensors: before.tensors, bytes: before.bytes });
    }
    expect(toBytes(model)).toEqual(file);
  });
});

describe("refused, with nothing left behind:", () => {
  const data = () => dataset(new Float32Array(0), new Uint8Array(0), { inputShape: [6] });
  const bad = (value: number) => (model: Model) =>
    quantize(model.with({ "2.linear.weight": tensor(new Float32Array(36).fill(value), [4, 9]) }), { weights: nf4() });
  test.each<[string, (model: Model) => unknown, RegExp]>([
    ["NaN", bad(Number.NaN), /quantize: 2.linear.weight: the matrix \[4, 9\] holds NaN/],
    ["an infinity", bad(Number.POSITIVE_INFINITY), /2.linear.weight: .* holds an infinity/],
    ["gptq without data", (m) => quantize(m, { weights: int4(), method: gptq() }), /gptq needs calibration data/],
    ["awq without data", (m) => quantize(m, { weights: int4(), method: awq() }), /awq needs calibration data/],
    ["activations without data", (m) => quantize(m, { weights: int8(), activations: int8() }), /range of activations/],
    [
      "no examples",
      (m) => quantize(m, { weights: int8(), activations: int8(), calibration: data() }),
      /the calibration data has no examples/,
    ],
    [
      "NaN in the data",
      (m) => quantize(m, { weights: int8(), activations: int8(), calibration: tensor([[1, 2, 3, 4, 5, Number.NaN]]) }),
      /holds NaN/,
    ],
    [
      "activations of four bits",
      (m) => quantize(m, { weights: int8(), activations: int4({ dynamic: true }) }),
      /must be int8\(\) or uint8\(\)/,
    ],
    [
      "activations with weights of floats",
      (m) => quantize(m, { weights: f16(), activations: int8({ dynamic: true }) }),
      /meet integer weights only/,
    ],
    [
      "gptq of floats",
      (m) => quantize(m, { weights: f16(), method: gptq(), calibration: inputs() }),
      /no affine codes/,
    ],
  ])("%s", (_, call, message) => {
    scope(() => {
      const model = made();
      const before = memory().tensors;
      scope(() => {
        expect(() => call(model)).toThrow(ArgumentError);
        expect(() => call(model)).toThrow(message);
      });
      expect(memory().tensors).toBe(before);
    });
  });
});
