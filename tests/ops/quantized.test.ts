import { describe, expect, test } from "vitest";
import { ArgumentError, FileError, ShapeError } from "../../src/errors.js";
import { fromBytes, toBytes } from "../../src/files/model.js";
import { parseSafetensors, type StoredTensor, serializeSafetensors } from "../../src/files/safetensors.js";
import * as nn from "../../src/nn/index.js";
import { matmul } from "../../src/ops/matmul.js";
import { type Activations, type AffineOptions, quantizeAffine, quantized } from "../../src/ops/quantized.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, random, zeroLeaks } from "../grid.js";
import { drawMatrix, ours, widths } from "../matrices.js";

zeroLeaks();

describe("a quantized matrix", () => {
  test.each(widths)("of %i bits gives back what it was made of, as it was counted", (bits) => {
    for (const signed of [false, true])
      for (const symmetric of [false, true])
        scope(() => {
          const w = drawMatrix(random(bits), [5, 13], { bits, group: 5, symmetric });
          const least = signed ? -(2 ** (bits - 1)) : 0;
          const q = ours(w, { signed });
          expect([...q.codes()]).toEqual(Array.from(w.codes, (code) => code + least));
          expect([...q.zeroPoints()]).toEqual(Array.from(w.zeroPoints, (zero) => zero + least));
          expect(q.scales()).toEqual(w.scales);
          expect(q.codes()).toBeInstanceOf(signed ? Int8Array : Uint8Array);
          // Groups of 5, 5 and 3 codes, each from a byte of its own.
          const row = 2 * Math.ceil((5 * bits) / 8) + Math.ceil((3 * bits) / 8);
          const parts = [5 * row, 15 * 4, ...(symmetric ? [] : [15])];
          expect(q.bytes).toBe(parts.reduce((sum, size) => sum + Math.ceil(size / 16) * 16, 0));
        });
  });

  test("takes scales and zero points one for all, or as tensors", () => {
    scope(() => {
      const w = tensor(draw("normal", 12, 1), [3, 4]);
      const options: AffineOptions = { bits: 4, group: 2 };
      const one = quantizeAffine(w, 0.5, 1, options);
      const scales = tensor(new Float32Array(6).fill(0.5), [3, 2]);
      const each = quantizeAffine(w, scales, tensor(new Int32Array(6).fill(1), [3, 2]), options);
      expect(each.codes()).toEqual(one.codes());
      expect([one.scales(), one.zeroPoints()]).toEqual([each.scales(), each.zeroPoints()]);
    });
  });

  test("reads its activations in another way, on the same storage", () => {
    scope(() => {
      const w = quantizeAffine(tensor(draw("normal", 12, 1), [3, 4]), 0.1, undefined, { bits: 8 });
      const { bytes } = memory();
      const q = w.reading({ scale: 0.1, zeroPoint: 128 });
      expect(memory().bytes).toBe(bytes);
      expect(q.format).toMatchObject({ input: "static", inputScale: Math.fround(0.1), inputZeroPoint: 128 });
      const x = tensor([[0.1, -0.2, 0.3, 0.4]]);
      // These activations are codes already.
      const [exact, rounded] = [w, q].map((m) => readTensor(matmul(x, m, { transposeB: true })));
      for (const [i, y] of exact!.entries()) expect(Math.abs(y - rounded![i]!)).toBeLessThan(1e-6);
      expect(q.reading("f32").format).toEqual(w.format);
    });
  });

  test("of more columns to a group than a sum of integers holds takes f32 activations alone", () => {
    scope(() => {
      const w = quantized(new Int8Array(33_026), 1, undefined, [1, 33_026], { bits: 8 });
      expect(() => w.reading("dynamic")).toThrow(
        /sums of 33026 products of 8 by 8 bits can pass 2³¹; make groups of at most 33025/,
      );
      const short = quantized(new Int8Array(33_026), 1, undefined, [1, 33_026], {
        bits: 8,
        group: 32,
        input: "dynamic",
      });
      expect(short.format.input).toBe("dynamic");
    });
  });
});

describe("refused:", () => {
  const w = () => tensor(new Float32Array(6), [2, 3]);
  test.each<[string, () => unknown, typeof ArgumentError | typeof ShapeError]>([
    ["w 4 is NaN", () => quantizeAffine(tensor([0, 0, 0, 0, Number.NaN, 0], [2, 3]), 1, 0, { bits: 8 }), ArgumentError],
    ["w 0 is -Infinity", () => quantizeAffine(tensor([[-1 / 0]]), 1, 0, { bits: 8 }), ArgumentError],
    [
      "w is [6]; it must be [out, in]",
      () => quantizeAffine(tensor(new Float32Array(6)), 1, 0, { bits: 8 }),
      ShapeError,
    ],
    ["scale 0 is 0", () => quantizeAffine(w(), 0, 0, { bits: 8 }), ArgumentError],
    ["scale 1 is -1", () => quantizeAffine(w(), [1, -1], 0, { bits: 8 }), ArgumentError],
    ["scale 0 is NaN", () => quantizeAffine(w(), [Number.NaN, 1], 0, { bits: 8 }), ArgumentError],
    ["scale 0 is Infinity", () => quantizeAffine(w(), 1e39, 0, { bits: 8 }), ArgumentError],
    [
      "scales has 3 numbers; it needs one for each of 2 rows × 1 groups",
      () => quantizeAffine(w(), [1, 1, 1], 0, { bits: 8 }),
      ShapeError,
    ],
    [
      "zero point [0] is 8; it must be an integer from -8 to 7",
      () => quantizeAffine(w(), 1, 8, { bits: 4 }),
      ArgumentError,
    ],
    [
      "zero point [0] is -1; it must be an integer from 0 to 3",
      () => quantizeAffine(w(), 1, -1, { bits: 2, signed: false }),
      ArgumentError,
    ],
    ["code [2] is 128", () => quantized([0, 0, 128], 1, undefined, [1, 3], { bits: 8 }), ArgumentError],
    [
      "5 codes for [2, 3]; it needs 6",
      () => quantized(new Int8Array(5), 1, undefined, [2, 3], { bits: 8 }),
      ShapeError,
    ],
    ["the shape is [6]", () => quantized(new Int8Array(6), 1, undefined, [6], { bits: 8 }), ShapeError],
    ["inputScale is 0", () => quantizeAffine(w(), 1, 0, { bits: 8, input: { scale: 0, zeroPoint: 0 } }), ArgumentError],
    [
      "inputZeroPoint is 256",
      () => quantizeAffine(w(), 1, 0, { bits: 8, input: { scale: 1, zeroPoint: 256 } }),
      ArgumentError,
    ],
  ])("%s", (message, call, type) => {
    scope(() => {
      expect(call).toThrow(type);
      expect(call).toThrow(message);
    });
  });
});

describe("in a file", () => {
  const name = "0.linear.weight";
  const input: Activations = { scale: 0.03, zeroPoint: 7 };

  function model(options: AffineOptions = { bits: 4, group: 2, input }, zeroPoint: number | undefined = 1) {
    const dense = nn.sequential([nn.linear(3, 5), nn.relu(), nn.linear(5, 2)], { seed: 1 });
    return dense.with({ [name]: quantizeAffine(dense.params[name]!, 0.125, zeroPoint, options) });
  }

  test.each([
    ["4 bits, rows of odd length", { bits: 4, group: 2, input }, 1],
    ["8 bits", { bits: 8, input: "dynamic" }, undefined],
    ["2 unsigned bits", { bits: 2, signed: false }, 3],
  ] as const)("comes back the same: %s", (_, options, zeroPoint) => {
    scope(() => {
      const small = model(options, zeroPoint);
      const again = fromBytes(toBytes(small));
      expect(toBytes(again)).toEqual(toBytes(small));
      const x = tensor([
        [1, -2, 3],
        [0.5, 0, 0],
      ]);
      expect(readTensor(again.apply(again.params, x))).toEqual(readTensor(small.apply(small.params, x)));
      expect({ ...(again.params[name] as ReturnType<typeof ours>).format }).toEqual({
        ...(small.params[name] as ReturnType<typeof ours>).format,
      });
    });
  });

  /** The file with a section or a setting of the format replaced. */
  function bent(section: string, data: Uint8Array | undefined, settings: Record<string, unknown> = {}): Uint8Array {
    return scope(() => {
      const { tensors, metadata } = parseSafetensors(toBytes(model()));
      const text = JSON.parse([...metadata].find(([key]) => key === "spokeshave")![1]);
      Object.assign(text.packed[name].format, settings);
      const changed = [...tensors].map(([key, t]): [string, StoredTensor] =>
        key === `${name}.${section}` && data !== undefined
          ? [
              key,
              {
                ...t,
                shape: data.length === t.data.length ? t.shape : [data.length / (t.dtype === "F32" ? 4 : 1)],
                data,
              },
            ]
          : [key, t],
      );
      return serializeSafetensors(changed, [["spokeshave", JSON.stringify(text)]]);
    });
  }

  const scales = (value: number) => new Uint8Array(new Float32Array(10).fill(value).buffer);
  test.each<[string, () => Uint8Array, RegExp]>([
    ...[Number.NaN, 1 / 0, 0, -1].map((value): [string, () => Uint8Array, RegExp] => [
      `a scale of ${value}`,
      () => bent("scales", scales(value)),
      /scale 0 is/,
    ]),
    [
      "a scale that takes its codes beyond f32",
      () => bent("scales", scales(3e38)),
      /number \d+ is .*; it must be finite/,
    ],
    [
      "a zero point out of range",
      () => bent("zeroPoints", new Uint8Array(10).fill(16)),
      /zero point \[0\] does not fit 4 bits/,
    ],
    [
      "a code after the last",
      () => bent("codes", new Uint8Array(10).fill(0xff)),
      /bits after the last code of a group/,
    ],
    ["codes missing", () => bent("codes", new Uint8Array(9)), /must be U8 \[5,2\]/],
    ["3 bits", () => bent("", undefined, { bits: 3 }), /bits is 3/],
    ["no bits", () => bent("", undefined, { bits: undefined }), /bits is undefined/],
    ["8 bits", () => bent("", undefined, { bits: 8 }), /must be U8 \[5,3\]/],
    ["a group of 0", () => bent("", undefined, { group: 0 }), /group is 0/],
    ["a group of 1.5", () => bent("", undefined, { group: 1.5 }), /group is 1.5/],
    ["a sign that is no flag", () => bent("", undefined, { signed: 1 }), /signed is 1/],
    ["a symmetry that is not so", () => bent("", undefined, { symmetric: true }), /belongs to no node|zeroPoints/],
    ["an input of no kind", () => bent("", undefined, { input: "int8" }), /input is "int8"/],
    ["an input scale of 1e999", () => bent("", undefined, { inputScale: "1e999" }), /inputScale is "1e999"/],
    ["an input scale of 0", () => bent("", undefined, { inputScale: 0 }), /inputScale is 0/],
    ["an input zero point of 256", () => bent("", undefined, { inputZeroPoint: 256 }), /inputZeroPoint is 256/],
  ])("%s is refused, and nothing stays behind", (_, make, message) => {
    const before = memory();
    const file = make();
    expect(() => fromBytes(file)).toThrow(FileError);
    expect(() => fromBytes(file)).toThrow(message);
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });
});
