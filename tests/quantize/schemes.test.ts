import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { grad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import type { QTensor } from "../../src/ops/quantized.js";
import { sum } from "../../src/ops/reduce.js";
import { int2, int4, int8, uint8 } from "../../src/quantize/affine.js";
import { bf16, f16, fp8 } from "../../src/quantize/floats.js";
import { nf4 } from "../../src/quantize/nf4.js";
import * as ranges from "../../src/quantize/ranges/index.js";
import type { WeightScheme } from "../../src/quantize/scheme.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, zeroLeaks } from "../grid.js";
import { watched } from "../watch.js";

zeroLeaks();

const affine = [
  ...[int8, uint8, int4, int2].flatMap((make) =>
    [{}, { per: "tensor" }, { group: 3 }, { group: 32 }, { symmetric: true }, { symmetric: false }].map((options) =>
      make(options as Parameters<typeof make>[0]),
    ),
  ),
  ...[ranges.minMax(), ranges.percentile(99), ranges.mse({ candidates: 20 }), ranges.kl()].map((range) =>
    int4({ range }),
  ),
];
const schemes: readonly WeightScheme[] = [
  ...affine,
  ...[f16(), bf16(), fp8(), fp8({ format: "e5m2" }), nf4(), nf4({ block: 6 })],
];
const named = schemes.map((scheme, i) => [`${scheme.name} (${i})`, scheme] as const);

const matrices: readonly (readonly [about: string, rows: number, columns: number, data: Float32Array])[] = [
  ["normal", 5, 67, draw("normal", 5 * 67, 1)],
  ["one row", 1, 9, draw("normal", 9, 2)],
  ["one column", 7, 1, draw("normal", 7, 3)],
  ["one number", 1, 1, Float32Array.of(-0.3)],
  ["zeros", 3, 8, new Float32Array(24)],
  ["a row of zeros", 2, 5, Float32Array.of(0, 0, 0, 0, 0, 1, -2, 3, -4, 5)],
  ["a constant", 2, 4, new Float32Array(8).fill(0.7)],
  ["tiny", 2, 6, draw("normal", 12, 4).map((x) => x * 1e-41)],
  ["huge", 2, 6, draw("uniform", 12, 5).map((x) => x * 6e4)],
];

describe.each(named)("%s", (_, scheme) => {
  test("fake gives the numbers that pack stores, and a gradient straight through", () => {
    for (const [about, rows, columns, data] of matrices)
      watched(() =>
        scope(() => {
          const w = tensor(data, [rows, columns]);
          const packed = scheme.pack(w);
          const dense = readTensor(packed.dense());
          expect(packed.shape, about).toEqual([rows, columns]);
          expectSame(readTensor(scheme.fake(w)), dense, about);
          expect(dense.every(Number.isFinite), about).toBe(true);
          // A grid through 0 keeps zeros.
          for (const [i, x] of data.entries()) if (x === 0) expect(dense[i], about).toBe(0);
          const weights = draw("normal", data.length, 7);
          const slope = readTensor(grad((t) => sum(mul(scheme.fake(t), tensor(weights, w.shape))))(w));
          for (const [i, s] of slope.entries()) expect([weights[i], 0], about).toContain(s);
          const { name } = (scheme as { range?: { name: string } }).range ?? { name: "min-max" };
          if (name === "min-max") expectSame(slope, weights, `the gradient of ${about}`);
        }),
      );
  });

  test("refuses what it cannot store, typed, and leaves nothing behind", () => {
    scope(() => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
        for (const call of [scheme.pack, scheme.fake].map((f) => f.bind(scheme)))
          expect(() => call(tensor([[1, bad, 2]]))).toThrow(
            expect.objectContaining({
              name: "ArgumentError",
              message: expect.stringMatching(/holds (NaN|an infinity)/),
            }),
          );
      expect(() => scheme.pack(scheme.pack(tensor([[1, 2]])))).toThrow(/is packed already, as/);
      expect(() => scheme.pack(tensor([1, 2]))).toThrow(ShapeError);
      expect(() => scheme.pack(tensor(new Int32Array(2), [1, 2]))).toThrow(DTypeError);
    });
  });
});

test.each(affine.slice(0, 24).map((scheme) => [scheme.name, scheme] as const))(
  "%s is off by half a step at most",
  (_, scheme) => {
    scope(() => {
      const [, rows, columns, data] = matrices[0]!;
      const packed = scheme.pack(tensor(data, [rows, columns]));
      const group = (packed.format as { group: number }).group;
      const groups = Math.ceil(columns / group);
      const scales = packed.scales();
      // One end of symmetric codes is one step short, and a zero point is rounded: there it is a whole one.
      const steps = scheme.codes.symmetric ? 0.5 : 1;
      const bound = (i: number): number =>
        steps * scales[Math.floor(i / columns) * groups + Math.floor((i % columns) / group)]! * (1 + 1e-6);
      expectWithin(readTensor(packed.dense()), data, bound, scheme.name);
    });
  },
);

test("the bytes are those of the codes, scales and zero points", () => {
  scope(() => {
    const w = tensor(draw("normal", 64 * 128, 1), [64, 128]);
    const bytes = (scheme: WeightScheme) => scheme.pack(w).bytes;
    expect(bytes(int8())).toBe(64 * 128 + 64 * 4);
    expect(bytes(uint8())).toBe(64 * 128 + 64 * 5);
    expect(bytes(int4({ group: 32 }))).toBe(64 * 64 + 64 * 4 * 4);
    expect(bytes(int2({ symmetric: true }))).toBe(64 * 32 + 64 * 4);
    expect(bytes(f16())).toBe(64 * 128 * 2);
    expect(bytes(fp8())).toBe(64 * 128 + 64 * 4);
    expect(bytes(nf4())).toBe(64 * 64 + 128 * 4 + 64);
  });
});

test("a group that does not divide leaves a short one, with a grid of its own", () => {
  scope(() => {
    const w = Float32Array.of(1, -7, 3, 100, 50, 0.1, 0.7);
    const packed = int4({ group: 3 }).pack(tensor(w, [1, 7])) as QTensor;
    expectSame(packed.scales(), Float32Array.of(1, 100 / 7, 0.7 / 7).map(Math.fround), "scales");
    expect(readTensor(packed.dense())[6]).toBeCloseTo(0.7, 6);
    expect(() => int4({ group: 3, per: "tensor" })).toThrow(ArgumentError);
  });
});
