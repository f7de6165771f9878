import { expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { packCodebook } from "../../src/ops/codebook.js";
import { sectionOf } from "../../src/packed.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, sizes, zeroLeaks } from "../grid.js";
import {
  expectDenseProduct,
  expectGraphRefused,
  expectRefused,
  expectRoundTrip,
  productSizes,
  withFloat,
} from "../packing.js";
import { nearestEntry, rounded } from "../reference/codebook.js";
import { watched } from "../watch.js";

zeroLeaks();

const table = Array.from(draw("normal", 16, 4)).sort((a, b) => a - b);

function largest(w: Float32Array, block: number): Tensor<"f32"> {
  const count = Math.ceil(w.length / block);
  const most = (i: number) => w.slice(i * block, (i + 1) * block).reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  return tensor(Float32Array.from({ length: count }, (_, i) => most(i)));
}

test("codes name the nearest entries, in any size, block and slice", () => {
  for (const n of sizes.filter((n) => n > 0 && n < 2000))
    for (const block of [2, 6, 64])
      watched(() =>
        scope(() => {
          const w = draw("normal", n, n);
          const packed = packCodebook(tensor(w, [1, n]), Float32Array.from(table), largest(w, block), block);
          expectSame(readTensor(packed.dense()), rounded(w, table, block), `${n} by ${block}`);
        }),
      );
});

test("of two equally near entries the lower is taken; a block of zeros is the entry nearest to 0", () => {
  scope(() => {
    const even = Float32Array.from({ length: 16 }, (_, i) => i - 7);
    const x = Float32Array.from({ length: 32 }, (_, i) => (i - 14) / 2);
    const packed = packCodebook(tensor(x, [2, 16]), even, tensor([1, 0]), 16);
    const codes = sectionOf(packed, packed.sections[0]!);
    const expected = Array.from(x, (v, i) => (i < 16 ? nearestEntry(v, [...even]) : 7));
    expect(Array.from(x, (_, i) => (codes[i >> 1]! >> ((i & 1) * 4)) & 15)).toEqual(expected);
    expectSame(readTensor(packed.dense()).slice(16), new Float32Array(16), "zeros");
  });
});

test("a packed matrix multiplies as its dense numbers do", () => {
  for (const [m, k, n] of productSizes)
    for (const block of [2, 10, 64])
      watched(() =>
        scope(() => {
          const w = draw("normal", n * k, k);
          const packed = packCodebook(tensor(w, [n, k]), Float32Array.from(table), largest(w, block), block);
          expectDenseProduct(packed, m, `[${m}, ${k}] · [${n}, ${k}]ᵀ, block ${block}`);
        }),
      );
});

test("files give it back, and refuse what makes no sense", () => {
  scope(() => {
    const w = draw("normal", 15, 1);
    const packed = packCodebook(tensor(w, [3, 5]), Float32Array.from(table), largest(w, 4), 4);
    expect(packed.bytes).toBe(16 + 16 + 64);
    expectRoundTrip(packed);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expectRefused(packed, "scale", withFloat(3, bad), /scale 3 is .*; it must be finite/);
      expectRefused(packed, "table", withFloat(9, bad), /table 9 is .*; it must be finite/);
    }
    const far = packCodebook(
      tensor([[1, 2]]),
      Float32Array.from(table, (_, i) => i),
      tensor([1]),
      2,
    );
    expectRefused(far, "scale", withFloat(0, 3e38), /number 1 is .*; it must be finite/);
    expectRefused(packed, "codes", (stored) => ({ ...stored, shape: [1, 8] }), /must be U8 \[8\]/);
    expectGraphRefused(packed, (graph) => graph.replace("[3,5]", "[3,5,1]"), /it must be \[out, in\]/);
    for (const block of ["3", "0", '"4"', "null"])
      expectGraphRefused(packed, (graph) => graph.replace('"block":4', `"block":${block}`), /block/);
    for (const block of [3, 0, 2.5])
      expect(() => packCodebook(tensor(w, [3, 5]), Float32Array.from(table), tensor(w), block)).toThrow(ArgumentError);
  });
});
