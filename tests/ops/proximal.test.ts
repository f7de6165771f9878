import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, GradientError, ShapeError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import {
  hardInPlace,
  projectTopK,
  proxElasticNet,
  proxGroupLasso,
  proxInPlace,
  proxL0,
  proxL1,
  proxL2Squared,
  proxSparseGroupLasso,
} from "../../src/ops/proximal.js";
import { sum } from "../../src/ops/reduce.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, roundoff, sizes, specials, zeroLeaks } from "../grid.js";
import { largest } from "../reference/mask.js";
import * as truth from "../reference/proximal.js";
import { watched } from "../watch.js";

zeroLeaks();

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
/** Exact in f32, so that the truth has the same. */
const strengths = [0, 0.25, 1.5];

describe("elementwise", () => {
  test("L1, L2 and elastic net are the formula, rounded once a step", () => {
    for (const n of sizes)
      for (const l1 of strengths)
        for (const l2 of strengths)
          watched(
            () =>
              scope(() => {
                const x = draw("normal", n, n + 1);
                const about = `l1 ${l1}, l2 ${l2}, ${n} numbers`;
                const softened = Float32Array.from(x, (value) => truth.soft(value, l1));
                expectSame(
                  readTensor(proxL1(tensor(x), { lambda: l1 })),
                  softened.map((v) => v + 0),
                  about,
                );
                const shrunk = (values: Float32Array) => values.map((value) => value / (1 + l2));
                expectSame(readTensor(proxL2Squared(tensor(x), { lambda: l2 })), shrunk(x), about);
                const y = proxElasticNet(tensor(x), { l1, l2 });
                expectSame(
                  readTensor(y),
                  shrunk(softened).map((v) => v + 0),
                  about,
                );
              }),
            4,
          );
  });

  test("L0 keeps what is above the threshold, every bit of it", () => {
    for (const n of sizes)
      for (const lambda of [0, 0.125, 2])
        watched(() =>
          scope(() => {
            const x = draw("normal", n, n + 2);
            expectSame(
              readTensor(proxL0(tensor(x), { lambda })),
              x.map((value) => truth.hard(value, lambda)),
              `${n}`,
            );
          }),
        );
    expectSame(
      scope(() => readTensor(proxL0(tensor([2, -2, 2.5]), { lambda: 2 }))),
      [0, 0, 2.5],
      "on the threshold",
    );
    // x² would be 0 in f32.
    expect(scope(() => readTensor(proxL0(tensor([1e-30]), { lambda: 0 })))[0]).toBeCloseTo(1e-30, 36);
  });

  test("zeros are +0, NaN stays NaN, an infinity itself", () => {
    const small = [-0.25, 0.25, -0, 0];
    scope(() => {
      expectSame(readTensor(proxL1(tensor(small), { lambda: 0.25 })), [0, 0, 0, 0], "within the threshold");
      expectSame(readTensor(proxL0(tensor(small), { lambda: 0.25 })), [0, 0, 0, 0], "within the threshold of L0");
      const wild = tensor([nan, inf, -inf, 5]);
      const options = { l1: 1, l2: 1, lambda: 1, group: 1 };
      for (const step of [proxL1, proxElasticNet, proxL0, proxL2Squared])
        expectSame(readTensor(step(wild, options)).slice(0, 3), [nan, inf, -inf], step.name);
      for (const value of specials)
        expectSame(readTensor(proxL1(tensor([value]), { lambda: 0 })), [value + 0], `${value}, λ 0`);
    });
  });
});

describe("in groups", () => {
  const shapes = [1, 3, 4, 5, 9, 17].flatMap((rows) => [1, 2, 3, 4, 5, 8, 17, 33].map((cols) => [rows, cols] as const));

  test("rows and columns shrink or fall as wholes", () => {
    for (const [seed, shape] of shapes.entries())
      for (const axis of [0, 1] as const)
        for (const l1 of strengths)
          for (const group of strengths)
            watched(
              () =>
                scope(() => {
                  const x = draw("normal", shape[0] * shape[1], seed);
                  const expected = truth.prox(x, shape, { l1, l2: 0, group, axis });
                  const y = readTensor(proxSparseGroupLasso(tensor(x, shape), { l1, group, axis }));
                  // 1 − λ/norm loses where both are near; x is one rounding off after L1.
                  const bound = (i: number, y: number) => 4 * roundoff * (Math.abs(y) + Math.abs(x[i]!) * group);
                  const about = `${shape}, axis ${axis}, l1 ${l1}, group ${group}`;
                  expectWithin(y, expected, bound, about);
                  expect(
                    Array.from(y, (value) => value === 0),
                    about,
                  ).toEqual(expected.map((value) => value === 0));
                  if (l1 === 0)
                    expectSame(readTensor(proxGroupLasso(tensor(x, shape), { lambda: group, axis })), y, about);
                  const t = tensor(x, shape);
                  proxInPlace(t, { l1, l2: 1, group, axis });
                  expectWithin(
                    readTensor(t),
                    expected.map((value) => value / 2),
                    (i, y) => bound(i, y),
                    `${about}, in place`,
                  );
                }),
              4,
            );
  });

  test("norms neither overflow nor vanish", () => {
    scope(() => {
      const step = (values: number[], lambda: number) => readTensor(proxGroupLasso(tensor([values]), { lambda }));
      expectWithin(step([3e30, 4e30], 1e30), [2.4e30, 3.2e30], 1e24, "large");
      expectWithin(step([3e-30, 4e-30], 1e-30), [2.4e-30, 3.2e-30], 1e-36, "small");
      expectSame(step([3e-30, 4e-30], 0), Float32Array.of(3e-30, 4e-30), "λ 0");
      expectSame(step([0, 0], 0), [0, 0], "zeros");
      expectSame(step([1, nan], 1), [nan, nan], "NaN");
    });
  });

  test("a vector is a column of rows", () => {
    scope(() => {
      expectSame(readTensor(proxGroupLasso(tensor([3, -1]), { lambda: 1 })), [2, 0], "rows of one");
      expect(proxGroupLasso(tensor([], [0, 3]), { lambda: 1 }).shape).toEqual([0, 3]);
    });
  });
});

test("the k of largest magnitude stay", () => {
  for (const n of sizes.filter((size) => size < 2000))
    for (const k of [0, 1, n >> 1, n, n + 5])
      watched(() =>
        scope(() => {
          const x = draw("normal", n, n + 3);
          const kept = largest(x.map(Math.abs), k);
          expectSame(
            readTensor(projectTopK(tensor(x), { k })),
            x.map((value, i) => (kept[i] ? value : 0)),
            `${k} of ${n}`,
          );
        }),
      );
  expectSame(
    scope(() => readTensor(projectTopK(tensor([1, nan, -2, 2]), { k: 2 }))),
    [0, nan, -2, 0],
    "NaN and ties",
  );
});

test("in place is the same", () => {
  scope(() => {
    const x = draw("normal", 37, 1);
    const t = tensor(x);
    hardInPlace(t, 0.5);
    expectSame(readTensor(t), readTensor(proxL0(tensor(x), { lambda: 0.5 })), "hard");
  });
});

test("what makes no sense is refused", () => {
  scope(() => {
    const x = tensor([1, 2]);
    expect(() => proxL1(x, { lambda: -1 })).toThrow("proxL1: lambda is -1; it goes from 0 to");
    expect(() => proxL1(x, { lambda: nan })).toThrow(ArgumentError);
    expect(() => proxElasticNet(x, { l1: 0 } as never)).toThrow("proxElasticNet: l2 is undefined");
    expect(() => proxGroupLasso(x, { lambda: 1, axis: 2 as never })).toThrow("it is 0 for rows, 1 for columns");
    expect(() => proxGroupLasso(x, { lambda: 1, axis: 1 })).toThrow(ShapeError);
    expect(() => proxL0(tensor(Int32Array.of(1)), { lambda: 1 })).toThrow(DTypeError);
    expect(() => projectTopK(x, { k: 0.5 })).toThrow("projectTopK: k is 0.5");
    expect(() => valueAndGrad((p: Tensor) => sum(proxL1(p, { lambda: 1 })))(x)).toThrow(GradientError);
  });
});
