import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { expand, sumTo } from "../../src/ops/expand.js";
import { sum } from "../../src/ops/reduce.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { expectWithin, roundoff, sizes, zeroLeaks } from "../grid.js";
import { generate, sizeOf } from "../reference/array.js";
import * as reference from "../reference/layout.js";
import { drawn, dtypes, expectBits, moved, positions, values } from "../values.js";
import { watched } from "../watch.js";

zeroLeaks();

const cases: readonly (readonly [from: readonly number[], to: readonly number[]])[] = [
  ...sizes
    .filter((n) => n < 100)
    .flatMap((n): [number[], number[]][] => [
      [[], [n]],
      [[1], [n]],
      [[n], [n]],
      [[n], [3, n]],
      [
        [n, 1],
        [n, 5],
      ],
      [
        [1, n],
        [4, n],
      ],
      [
        [2, 1, n],
        [2, 3, n],
      ],
      [
        [1, n, 1],
        [2, n, 4],
      ],
    ]),
  [[1], [0]],
  [
    [1, 0],
    [3, 0],
  ],
  [
    [3, 1],
    [2, 3, 0],
  ],
  [
    [2, 1, 3, 1],
    [2, 2, 3, 2],
  ],
  [
    [1, 3, 1, 2],
    [2, 4, 3, 2, 2],
  ],
];

describe("expand", () => {
  it("repeats every bit to its places, on every dtype", () => {
    for (const [from, to] of cases)
      for (const [i, dtype] of dtypes.entries())
        watched(
          () =>
            scope(() => {
              const source = values(dtype, sizeOf(from), i + 1);
              const y = expand(tensor(source, from, { dtype }), to);
              expect(y.shape).toEqual(to);
              const truth = moved(source, reference.expand(positions(from), to));
              expectBits(readTensor(y), truth, `${dtype} [${from}] to [${to}]`);
            }),
          i * 4,
        );
  });

  it("has the adjoint of the reference: what was repeated is summed", () => {
    for (const [from, to] of cases)
      scope(() => {
        const [x, g] = [drawn(from, 1), drawn(to, 2)];
        const { grads } = valueAndGrad((t: Tensor) => sum(mul(expand(t, to), tensor(g.data, to))))(
          tensor(x.data, from),
        );
        const truth = reference.expandVjp(g, from);
        const magnitude = reference.expandVjp(
          generate(to, (i) => Math.abs(g.data[i]!)),
          from,
        );
        const repeats = sizeOf(to) / Math.max(1, sizeOf(from));
        expect(grads.shape).toEqual(from);
        expectWithin(
          readTensor(grads),
          truth.data,
          magnitude.data.map((m) => (repeats + 1) * roundoff * m),
          `[${from}] to [${to}], gradient`,
        );
      });
  });

  it("refuses sizes that are neither equal nor 1, fewer axes, and what is no shape", () => {
    scope(() => {
      const x = tensor(new Float32Array(6), [2, 3]);
      for (const shape of [[2, 6], [4, 3], [3], [2, 2, 6], [2, 1], [2, -1], [2, 3.5], [2, Number.NaN]])
        expect(() => expand(x, shape), `[${shape}]`).toThrow(ShapeError);
      expect(() => expand(x, [3])).toThrow("expand: [2, 3] does not repeat to [3]; sizes must be equal or 1");
      expect(() => expand(x, [4, 3])).toThrow("expand: shapes [2, 3] and [4, 3] do not broadcast");
      expect(() => expand(x, [2, -1])).toThrow("expand: shape [2, -1] has the size -1; sizes are integers from 0");
    });
  });
});

describe("sumTo", () => {
  it("is the identity on the same shape and sums leading and repeated axes", () => {
    scope(() => {
      const x = tensor([
        [1, 2],
        [3, 4],
      ]);
      expect(sumTo(x, [2, 2])).toBe(x);
      expect([...readTensor(sumTo(x, [2]))]).toEqual([4, 6]);
      expect([...readTensor(sumTo(x, [2, 1]))]).toEqual([3, 7]);
      expect([...readTensor(sumTo(x, []))]).toEqual([10]);
    });
  });
});
