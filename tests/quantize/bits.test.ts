import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, FileError, ShapeError } from "../../src/errors.js";
import { fromBytes, toBytes } from "../../src/files/model.js";
import { parseSafetensors, type StoredTensor, serializeSafetensors } from "../../src/files/safetensors.js";
import { grad } from "../../src/grad.js";
import * as nn from "../../src/nn/index.js";
import type { BitTensor } from "../../src/ops/bits.js";
import { matmul } from "../../src/ops/matmul.js";
import { normal } from "../../src/ops/random.js";
import { sum } from "../../src/ops/reduce.js";
import { binary, ternary } from "../../src/quantize/bits.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, roundoff, zeroLeaks } from "../grid.js";
import * as reference from "../reference/bits.js";

zeroLeaks();

const schemes = {
  binary: binary(),
  "binary × sign": binary({ input: "sign" }),
  "binary × scaled sign": binary({ input: "sign", scaled: true }),
  "ternary per channel": ternary(),
  "ternary per tensor": ternary({ per: "tensor" }),
};

describe.each(Object.entries(schemes))("%s", (name, scheme) => {
  const truth = (w: Float32Array, rows: number, cols: number) =>
    scheme.bits === 1
      ? reference.binary(w, rows, cols)
      : reference.ternary(w, rows, cols, name.endsWith("tensor") ? "tensor" : "channel");

  test("codes and scales are those of the paper, and fake() gives what pack() stores, to the bit", () => {
    expect(scheme.name).toBe(name);
    for (const [seed, [rows, cols]] of [
      [1, 1],
      [3, 1],
      [1, 7],
      [17, 33],
      [5, 1009],
    ].entries())
      scope(() => {
        const numbers = draw("normal", rows! * cols!, seed);
        const w = tensor(numbers, [rows!, cols!]);
        const packed = scheme.pack(w) as BitTensor;
        const { codes, scales } = truth(numbers, rows!, cols!);
        expectSame(readTensor(packed.codes()), codes, `[${rows}, ${cols}], codes`);
        const dense = codes.map((code, i) => code * scales[Math.floor(i / cols!)]!);
        const bound = (_: number, y: number) => (cols! / 8 + 8) * roundoff * Math.abs(y);
        expectWithin(readTensor(packed.dense()), dense, bound, `[${rows}, ${cols}], dense`);
        const zeros = (x: Float32Array) => x.map((v) => v || 0);
        expectSame(zeros(readTensor(scheme.fake(w))), zeros(readTensor(packed.dense())), `[${rows}, ${cols}], fake`);
        expectSame(readTensor(grad((v: typeof w) => sum(scheme.fake(v)))(w)), numbers.fill(1), "straight through");
      });
  });

  test("rounds what it has rounded to the same again", () => {
    scope(() => {
      const once = scheme.pack(normal([5, 37], { seed: 1 })) as BitTensor;
      const twice = scheme.pack(once.dense()) as BitTensor;
      const again = scheme.bits === 1 ? readTensor(twice.codes()) : readTensor(twice.dense()).map(Math.sign);
      expectSame(again, readTensor(once.codes()), "codes");
    });
  });

  test("all zero, constant, empty: right; NaN, infinite, packed, of another rank or dtype: refused", () => {
    scope(() => {
      expectSame(readTensor(scheme.pack(tensor([[0, 0, -0]])).dense()), [0, 0, 0], "zeros");
      expectSame(readTensor(scheme.pack(tensor([[-3, -3, -3]])).dense()), [-3, -3, -3], "constant");
      for (const [n, k] of [
        [0, 3],
        [3, 0],
        [0, 0],
      ] as const) {
        const w = scheme.pack(tensor(new Float32Array(0), [n, k]));
        expect(w.dense().shape).toEqual([n, k]);
        const y = matmul(tensor(new Float32Array(2 * k), [2, k]), w, {
          transposeB: true,
          bias: tensor(Array(n).fill(7)),
        });
        expectSame(readTensor(y), new Float32Array(2 * n).fill(7), `[${n}, ${k}]`);
      }
      const before = memory().tensors;
      expect(() => scheme.pack(tensor([[1, Number.NaN]]))).toThrow(ArgumentError);
      expect(() => scheme.pack(tensor([[1, Number.NEGATIVE_INFINITY]]))).toThrow(/holds an infinity/);
      expect(() => scheme.pack(tensor([1, 2]))).toThrow(ShapeError);
      expect(() => scheme.pack(tensor(Int32Array.of(1), [1, 1]))).toThrow(DTypeError);
      expect(() => scheme.pack(scheme.pack(tensor([[1]])))).toThrow(/packed already/);
      // What the refused calls were given: five operands, and one that was packed.
      expect(memory().tensors - before).toBe(6);
    });
  });

  test("comes back from a file as it went", () => {
    scope(() => {
      const model = nn.sequential([nn.linear(37, 19), nn.relu(), nn.linear(19, 3)], { seed: 1 });
      const small = model.with({ "0.linear.weight": scheme.pack(model.params["0.linear.weight"]!) });
      const bytes = toBytes(small);
      const again = fromBytes(bytes);
      expect(toBytes(again)).toEqual(bytes);
      const x = normal([4, 37], { seed: 2 });
      expectSame(readTensor(again.apply(again.params, x)), readTensor(small.apply(small.params, x)), "outputs");
      expect(bytes.length).toBeLessThan(toBytes(model).length);
    });
  });
});

describe("a file that was tampered with is refused:", () => {
  type Change = (
    entries: Map<string, StoredTensor>,
    graph: { packed: Record<string, { format: Record<string, unknown>; shape: number[] }> },
  ) => void;
  const weight = "0.linear.weight";
  const codes = `${weight}.codes`;
  const scales = `${weight}.scales`;
  const poke =
    (name: string, at: number, byte: number): Change =>
    (entries) =>
      void (entries.get(name)!.data[at] = byte);
  const setScale =
    (value: number): Change =>
    (entries) => {
      const { data } = entries.get(scales)!;
      new DataView(data.buffer, data.byteOffset).setFloat32(4, value, true);
    };
  const setting =
    (key: string, value: unknown): Change =>
    (_, { packed }) =>
      void (packed[weight]!.format[key] = value);

  test.each<[string, "binary × sign" | "ternary per channel", Change]>([
    ["a NaN scale", "binary × sign", setScale(Number.NaN)],
    ["an infinite scale", "ternary per channel", setScale(Number.POSITIVE_INFINITY)],
    ["a scale below 0", "binary × sign", setScale(-1)],
    // Rows of 9 take two bytes; of the second one bit is a weight.
    ["weights past the last of a row", "binary × sign", poke(codes, 16, 2)],
    ["weights past the last row", "binary × sign", poke(codes, 15, 1)],
    ["ternary weights past the last of a row", "ternary per channel", poke(codes, 32, 4)],
    ["a ternary code of −2", "ternary per channel", poke(codes, 0, 2)],
    ["another input", "binary × sign", setting("input", "int8")],
    ["no input", "binary × sign", setting("input", 1)],
    ["scaled by a number", "binary × sign", setting("scaled", 1)],
    ["one kind for another", "binary × sign", setting("kind", "ternary")],
    ["an unknown kind", "binary × sign", setting("kind", "constructor")],
    ["a shape that the codes do not have", "binary × sign", (_, { packed }) => void (packed[weight]!.shape = [3, 17])],
    ["a shape of rank 1", "binary × sign", (_, { packed }) => void (packed[weight]!.shape = [27])],
    ["no scales", "binary × sign", (entries) => void entries.delete(scales)],
  ])("%s", (_, name, change) => {
    const bytes = scope(() => {
      const model = nn.sequential([nn.linear(9, 3)], { seed: 1 });
      return toBytes(model.with({ [weight]: schemes[name].pack(model.params[weight]!) }));
    });
    const { tensors, metadata } = parseSafetensors(bytes.slice());
    const graph = JSON.parse(metadata.get("spokeshave")!);
    change(tensors, graph);
    const tampered = serializeSafetensors(tensors, [["spokeshave", JSON.stringify(graph)]]);
    const before = memory();
    expect(() => fromBytes(tampered)).toThrow(FileError);
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    fromBytes(bytes).dispose();
  });
});

test("binary 1024³ with signs is five times as fast as f32, packing of x included", () => {
  scope(() => {
    const size = [1024, 1024];
    const [x, w] = [normal(size, { seed: 1 }), normal(size, { seed: 2 })];
    const packed = binary({ input: "sign" }).pack(w);
    const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    // Taking turns, so that what else the machine does slows both.
    for (let round = 0; round < 12; round++)
      for (const [i, b] of [w, packed].entries())
        scope(() => {
          const start = performance.now();
          matmul(x, b, { transposeB: true });
          best[i] = Math.min(best[i]!, performance.now() - start);
        });
    console.log(
      `1024³: f32 ${best[0]!.toFixed(1)} ms, binary ${best[1]!.toFixed(2)} ms, ${(best[0]! / best[1]!).toFixed(1)}×`,
    );
    expect(best[0]! / best[1]!).toBeGreaterThan(5);
  });
});
