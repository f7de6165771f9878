import { describe, expect, test } from "vitest";
import { DTypeError, ShapeError } from "../../src/errors.js";
import { largestMask, masked, maskInPlace, patternMask } from "../../src/ops/mask.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { all, draw, expectSame, pick, random, sizes, zeroLeaks } from "../grid.js";
import { inRuns, largest } from "../reference/mask.js";
import { expectBits } from "../values.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Few values, so that many are equal; both zeros among them. */
function ties(count: number, seed: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: count }, () => [-1, -0, 0, 0.5, 2][pick(next, 5)]!);
}

const draws = [...all.map((name) => (count: number, seed: number) => draw(name, count, seed)), ties];

describe("the largest", () => {
  test("are those of a sort, however many fall, in any number of rows", () => {
    for (const [seed, len] of sizes.filter((n) => n < 2000).entries())
      for (const [kind, values] of draws.entries())
        for (const drop of new Set(
          [0, 1, len >> 1, Math.round(0.9 * len), len - 1, len].filter((n) => n >= 0 && n <= len),
        ))
          watched(
            () =>
              scope(() => {
                const scores = values(3 * len, seed);
                const mask = largestMask(tensor(scores, [3, len]), { len, drop });
                expect([mask.shape, mask.dtype]).toEqual([[3, len], "u8"]);
                const truth = inRuns(scores, len, (row) => largest(row, len - drop));
                expectSame(readTensor(mask), truth, `${drop} of ${len}, numbers of kind ${kind}`);
              }),
            4,
          );
  });

  test("are exactly so many of a million, and all above all others", () => {
    scope(() => {
      const scores = draw("normal", 2 ** 20 + 3, 7);
      const drop = 943_718;
      const mask = readTensor(largestMask(tensor(scores), { len: scores.length, drop }));
      const sorted = scores.slice().sort();
      expect(mask.reduce((kept, bit) => kept + bit, 0)).toBe(scores.length - drop);
      expect(scores.every((score, i) => (mask[i] === 1 ? score >= sorted[drop]! : score <= sorted[drop - 1]!))).toBe(
        true,
      );
    });
  });

  test("of equal scores are the first", () => {
    scope(() => {
      for (const value of [0, -0, 1, -3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])
        expectSame(
          readTensor(largestMask(tensor(new Float32Array(9).fill(value)), { len: 9, drop: 5 })),
          [1, 1, 1, 1, 0, 0, 0, 0, 0],
          `nine times ${value}`,
        );
    });
  });
});

describe("a pattern", () => {
  test("keeps n of each m along rows, of equal scores the first, of a shorter rest n too", () => {
    for (const [n, m] of [
      [2, 4],
      [4, 8],
      [1, 2],
      [0, 3],
      [3, 3],
      [1, 1],
      [5, 7],
      [16, 32],
    ] as const)
      for (const [seed, len] of sizes.filter((size) => size > 0 && size < 40).entries())
        for (const values of draws.slice(0, 3).concat(ties))
          watched(() =>
            scope(() => {
              const scores = values(3 * len, seed);
              const mask = patternMask(tensor(scores, [3, len]), { len, n, m });
              const truth = inRuns(scores, len, (row) => inRuns(row, m, (group) => largest(group, n)));
              expectSame(readTensor(mask), truth, `${n} of ${m} in ${len}`);
            }),
          );
  });
});

describe("masked", () => {
  test("keeps every bit or gives 0, apart and in place", () => {
    for (const n of sizes)
      watched(
        () =>
          scope(() => {
            const x = draw("special", n, n);
            const next = random(n);
            const bytes = Uint8Array.from({ length: n }, () => (next() < 0.5 ? 0 : 1 + pick(next, 255)));
            const truth = x.map((value, i) => (bytes[i] === 0 ? 0 : value));
            const [t, mask] = [tensor(x), tensor(bytes)];
            expectBits(readTensor(masked(t, mask)), truth, `${n} numbers`);
            maskInPlace(t, mask);
            expectBits(readTensor(t), truth, `${n} numbers in place`);
          }),
        4,
      );
  });

  test("refuses another shape or dtype", () => {
    scope(() => {
      expect(() => masked(tensor([1, 2]), tensor(Uint8Array.of(1)))).toThrow(ShapeError);
      expect(() => masked(tensor([1]), tensor([1]))).toThrow(DTypeError);
      expect(() => maskInPlace(tensor(Int32Array.of(1)), tensor(Uint8Array.of(1)))).toThrow(DTypeError);
    });
  });
});
