import { describe, expect, test } from "vitest";
import type { Epilogue } from "../src/epilogue.js";
import { ArgumentError, ShapeError, SpokeshaveError } from "../src/errors.js";
import { valueAndGrad } from "../src/grad.js";
import { Model } from "../src/model.js";
import * as nn from "../src/nn/index.js";
import { add } from "../src/ops/binary.js";
import { cast } from "../src/ops/cast.js";
import { concat } from "../src/ops/concat.js";
import { gather } from "../src/ops/gather.js";
import { assign, copy, reshape, slice, transpose } from "../src/ops/layout.js";
import { matmul } from "../src/ops/matmul.js";
import { oneHot } from "../src/ops/oneHot.js";
import { quantizeAffine } from "../src/ops/quantized.js";
import { sum } from "../src/ops/reduce.js";
import { sparse } from "../src/ops/sparse.js";
import { where } from "../src/ops/where.js";
import { assemble, type Format, layOut, Packed, sectionOf } from "../src/packed.js";
import { int8 } from "../src/quantize/affine.js";
import { binary, ternary } from "../src/quantize/bits.js";
import { f16, fp8 } from "../src/quantize/floats.js";
import { nf4 } from "../src/quantize/nf4.js";
import { memory } from "../src/runtime/heap.js";
import { scope } from "../src/scope.js";
import type { Shape } from "../src/shape.js";
import { readTensor, type Tensor, tensor } from "../src/tensor.js";
import { zeroLeaks } from "./grid.js";

zeroLeaks();

/** One byte a number, times a scale. */
class Bytes extends Packed {
  static layout([rows, cols]: Shape, format: Format) {
    if (format.scale === 0) throw new ArgumentError("bytes: the scale is 0");
    return layOut([{ name: "codes", dtype: "U8", shape: [rows!, cols!] }]);
  }
  static verify(packed: Packed): void {
    if (sectionOf(packed, packed.sections[0]!).includes(255)) throw new ArgumentError("bytes: a code is 255");
  }
  get sections() {
    return Bytes.layout(this.shape, this.format).sections;
  }
  dense(): Tensor<"f32"> {
    const codes = sectionOf(this, this.sections[0]!);
    return tensor(
      Float32Array.from(codes, (code) => code * (this.format.scale as number)),
      this.shape,
    );
  }
  multiply(x: Tensor, { bias, activation }: Epilogue): Tensor<"f32"> {
    const chosen = activation === "none" ? undefined : activation;
    return matmul(x, this.dense(), { transposeB: true, bias, activation: chosen });
  }
  protected again(held: boolean): Packed {
    return new Bytes(this.shape, this.format, this.storage.retain(), held);
  }
}

const codes = Uint8Array.from([1, 2, 3, 4, 5, 6]);
const packed = (): Packed => assemble(Bytes, [2, 3], { kind: "bytes", scale: 0.5 }, { codes });

describe("a packed tensor", () => {
  test("goes where matmul takes a weight, with everything that matmul does besides", () => {
    scope(() => {
      const w = packed();
      const [x, bias] = [tensor([1, -1, 2, 0, 1, 1, -3, 0, 0, 1, 1, 1], [2, 2, 3]), tensor([1, -1])];
      const options = { transposeB: true, bias, activation: "relu" } as const;
      const y = matmul(x, w, options);
      expect(y.shape).toEqual([2, 2, 2]);
      expect(readTensor(y)).toEqual(readTensor(matmul(x, w.dense(), options)));
      expect(matmul(tensor([1, 2, 3]), w, { transposeB: true }).shape).toEqual([2]);
    });
  });

  test("says what it is, and reads as the numbers it stands for", async () => {
    const w = packed();
    const before = memory().tensors;
    expect([...(await w.data())]).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
    expect(memory().tensors).toBe(before);
    expect([w.dtype, w.shape, w.size, w.bytes, String(w)]).toEqual([
      "packed",
      [2, 3],
      6,
      16,
      "Tensor(packed bytes [2, 3])",
    ]);
    w.dispose();
    expect(() => w.dense()).toThrow(/used after it was disposed of/);
  });

  test("shares its storage between handles", () => {
    const w = packed();
    const again = w.alias();
    w.dispose();
    expect(scope(() => readTensor(again.dense()))[5]).toBe(3);
    again.dispose();
  });

  test("is refused by every other op, which says what to do", () => {
    scope(() => {
      const w = packed();
      const f = tensor([
        [1, 2, 3],
        [1, 2, 3],
      ]);
      const [mask, index] = [tensor(Uint8Array.of(1, 0), [2, 1]), tensor(Int32Array.of(0))];
      const calls: (() => unknown)[] = [
        ...[() => add(w, f), () => add(f, w), () => sum(w), () => cast(w, "f32"), () => concat([w, w])],
        ...[
          () => concat([f, w]),
          () => gather(w, index),
          () => reshape(w, [3, 2]),
          () => reshape(w, [2, 3]),
          () => copy(w),
        ],
        ...[
          () => slice(w, [{ end: 1 }]),
          () => transpose(w),
          () => transpose(w, [0, 1]),
          () => where(mask, w, w),
          () => oneHot(w, { classes: 3 }),
        ],
        ...[() => assign(f, w), () => matmul(w, f, { transposeB: true }), () => readTensor(w)],
      ];
      for (const call of calls) expect(call, String(call)).toThrow(/dense\(\)|both need one shape and dtype/);
      expect(() => matmul(f, w)).toThrow(ShapeError);
      expect(() => matmul(tensor([[1, 2]]), w)).toThrow(/pass transposeB: true/);
      expect(() => matmul(f, w, { transposeB: true, bias: f })).toThrow(ShapeError);
      expect(() => valueAndGrad((p: Tensor) => sum(matmul(f, p, { transposeB: true })))(w)).toThrow(/packed/);
    });
  });

  test("is not made of what a gradient is asked of: it would be lost", () => {
    const makers: ((w: Tensor) => Packed)[] = [
      (w) => sparse(w),
      (w) => quantizeAffine(w, 0.5, undefined, { bits: 8 }),
      ...[int8(), binary(), ternary(), f16(), fp8(), nf4()].map((scheme) => (w: Tensor) => scheme.pack(w)),
    ];
    scope(() => {
      const [x, w] = [
        tensor([[1, 2]]),
        tensor([
          [1, -2],
          [0, 3],
        ]),
      ];
      for (const make of makers) {
        const loss = (p: Tensor) => sum(matmul(x, make(p), { transposeB: true }));
        expect(() => valueAndGrad(loss)(w), String(make)).toThrow(SpokeshaveError);
        const made = make(w);
        const { grads } = valueAndGrad((p: Tensor) => sum(matmul(p, made, { transposeB: true })))(x);
        expect(grads.shape).toEqual([1, 2]);
      }
    });
  });

  test("of sections that do not fit is not made", () => {
    const before = memory();
    expect(() => assemble(Bytes, [2, 3], { kind: "bytes", scale: 1 }, {})).toThrow(
      "section codes takes 6 bytes, got none",
    );
    expect(() => assemble(Bytes, [2, 2], { kind: "bytes", scale: 1 }, { codes })).toThrow("takes 4 bytes, got 6");
    expect(() => assemble(Bytes, [2, 3], { kind: "bytes", scale: 0 }, { codes })).toThrow("the scale is 0");
    expect(() => assemble(Bytes, [1, 1], { kind: "bytes", scale: 1 }, { codes: Uint8Array.of(255) })).toThrow(
      "a code is 255",
    );
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });
});

test("a model runs on packed weights, its own or another's, and takes none elsewhere", () => {
  scope(() => {
    const model = nn.sequential([nn.linear(3, 2), nn.relu()], { seed: 1 });
    const w = packed();
    const small = model.with({ "0.linear.weight": w });
    const x = tensor([[1, 2, 3]]);
    const params = { ...model.params, "0.linear.weight": w.dense() };
    expect(readTensor(small.apply(small.params, x))).toEqual(readTensor(model.apply(params, x)));
    expect(small.weights.map(({ name }) => name)).toEqual(["0.linear.weight"]);
    expect(() =>
      small.with({
        "0.linear.bias": assemble(Bytes, [2, 1], { kind: "bytes", scale: 1 }, { codes: codes.slice(0, 2) }),
      }),
    ).toThrow(ShapeError);
    const own = model.with({});
    assign(own.params["0.linear.weight"]!, tensor(new Float32Array(6), [2, 3]));
    expect(readTensor(model.params["0.linear.weight"]!)[0]).not.toBe(0);
    expect(() => model.with({ nope: w })).toThrow(ArgumentError);
    expect(new Model(small.graph, small.params).size).toBe(8);
  });
});

test("sections start at whole vectors", () => {
  const { sections, bytes } = layOut([
    { name: "a", dtype: "U8", shape: [3] },
    { name: "b", dtype: "F32", shape: [5] },
    { name: "c", dtype: "U16", shape: [0] },
  ]);
  expect(sections.map(({ offset }) => offset)).toEqual([0, 16, 48]);
  expect(bytes).toBe(48);
});
