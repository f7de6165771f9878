import { describe, expect, test } from "vitest";
import { quantizeAffine } from "../../src/ops/quantized.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, pick, random, sizes, zeroLeaks } from "../grid.js";
import { drawMatrix, ours, widths } from "../matrices.js";
import { codesOf, dense, roundHalfEven } from "../reference/quantized.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Columns around the vectors, and groups that divide them or not. */
const shapes = sizes
  .filter((n) => n < 100)
  .flatMap((columns) =>
    [1, 3, 4, 5, 8, 16, 32, columns]
      .filter((group) => group <= columns || columns === 0)
      .map((group) => [columns, Math.min(group, columns) || 1] as const),
  );

describe.each(widths)("%i bits", (bits) => {
  test("codes are those of the formula, whatever the group", () => {
    const next = random(bits);
    for (const [seed, [columns, group]] of shapes.entries())
      for (const symmetric of [true, false]) {
        const rows = 1 + pick(next, 5);
        const w = drawMatrix(next, [rows, columns], { bits, group, symmetric });
        const x = draw(seed % 3 === 0 ? "logNormal" : "normal", rows * columns, seed).map((v) => v * 2 ** (bits - 2));
        const signed = seed % 2 === 0;
        const least = signed ? -(2 ** (bits - 1)) : 0;
        watched(
          () =>
            scope(() => {
              const zeros = symmetric ? undefined : Array.from(w.zeroPoints, (zero) => zero + least);
              const q = quantizeAffine(tensor(x, [rows, columns]), w.scales, zeros, { bits, group, signed });
              const about = `[${rows}, ${columns}], group ${group}, ${symmetric}, seed ${seed}`;
              const expected = codesOf(x, w);
              expectSame(
                q.codes(),
                Array.from(expected, (code) => code + least),
                about,
              );
              expectSame(readTensor(q.dense()), dense({ ...w, codes: expected }), `${about}, dense`);
              expect(q.codes()).toBeInstanceOf(signed ? Int8Array : Uint8Array);
            }),
          pick(next, 4) * 4,
        );
      }
  });

  test("what is dense is what the codes stand for", () => {
    const next = random(bits + 1);
    for (const [columns, group] of shapes)
      for (const symmetric of [true, false]) {
        const w = drawMatrix(next, [3, columns], { bits, group, symmetric });
        const made = () => scope(() => readTensor(ours(w, { signed: symmetric }).dense()));
        expectSame(watched(made, pick(next, 4) * 4), dense(w), `[3, ${columns}], group ${group}`);
      }
  });

  test("numbers that are codes already stay as they are", () => {
    const next = random(bits + 2);
    const w = drawMatrix(next, [7, 33], { bits, group: 8, symmetric: false });
    scope(() => {
      const q = ours(w);
      const again = quantizeAffine(q.dense(), w.scales, w.zeroPoints, { bits, group: 8, signed: false });
      expect(again.codes()).toEqual(q.codes());
    });
  });
});

test("ties go to the even code, on both sides of 0", () => {
  const ties = Float32Array.from({ length: 41 }, (_, i) => (i - 20) / 2);
  const codes = scope(() => quantizeAffine(tensor(ties, [1, 41]), 1, undefined, { bits: 8 }).codes());
  expect([...codes]).toEqual(Array.from(ties, roundHalfEven));
  expect([...codes.slice(15, 26)]).toEqual([-2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2]);
});

test("what lies outside is clipped, however far", () => {
  const x = tensor([[3e38, -3e38, 1e10, -129, 127.4, 2 ** -149, -0]]);
  scope(() => {
    const q = quantizeAffine(x, 1e-3, -100, { bits: 8 });
    expect([...q.codes()]).toEqual([127, -128, 127, -128, 127, -100, -100]);
    // A quotient past the range of f32 is past every code, too.
    expect([...quantizeAffine(x, 1e-38, undefined, { bits: 2 }).codes()]).toEqual([1, -2, 1, -2, 1, 0, 0]);
  });
  x.dispose();
});
