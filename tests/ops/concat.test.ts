import { describe, expect, it } from "vitest";
import type { DType } from "../../src/dtype.js";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { concat } from "../../src/ops/concat.js";
import { sum } from "../../src/ops/reduce.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { expectSame, sizes, zeroLeaks } from "../grid.js";
import { generate, sizeOf } from "../reference/array.js";
import * as reference from "../reference/concat.js";
import { drawn, dtypes, expectBits, moved, values } from "../values.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Shapes around an axis: what comes before and after it. */
const around: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[], []],
  [[3], []],
  [[], [5]],
  [[2], [3]],
  [
    [2, 3],
    [1, 2],
  ],
  [[0], [2]],
  [[2], [0]],
];

const lengths: readonly (readonly number[])[] = [
  ...sizes.filter((n) => n < 100).map((n) => [n, 3]),
  [4],
  [0],
  [0, 0],
  [1, 0, 2],
  [1, 1, 1, 1, 1],
  [7, 8, 9],
];

function* cases(): Generator<{ shapes: number[][]; axis: number }> {
  for (const [before, after] of around)
    for (const each of lengths) yield { shapes: each.map((n) => [...before, n, ...after]), axis: before.length };
}

/** Inputs of the given shapes, cut from one array; and where each element went. */
function arrange(shapes: readonly number[][], axis: number, dtype: DType) {
  const total = shapes.reduce((n, shape) => n + sizeOf(shape), 0);
  const source = values(dtype, total, 1);
  let start = 0;
  const parts = shapes.map((shape) => {
    const first = start;
    start += sizeOf(shape);
    return { shape, data: source.subarray(first, start), places: generate(shape, (i) => first + i) };
  });
  return {
    source,
    parts,
    truth: reference.concat(
      parts.map((p) => p.places),
      axis,
    ),
  };
}

describe("concat", () => {
  it("moves every bit to its place, on every dtype and axis", () => {
    for (const { shapes, axis } of cases())
      for (const [i, dtype] of dtypes.entries())
        watched(
          () =>
            scope(() => {
              const { source, parts, truth } = arrange(shapes, axis, dtype);
              const y = concat(
                parts.map(({ data, shape }) => tensor(data, shape, { dtype })),
                { axis },
              );
              expect(y.shape).toEqual(truth.shape);
              expect(y.dtype).toBe(dtype);
              expectBits(readTensor(y), moved(source, truth), `${dtype} ${JSON.stringify(shapes)} along ${axis}`);
            }),
          i * 4,
        );
  });

  it("gives each input its part of the gradient", () => {
    for (const { shapes, axis } of cases())
      scope(() => {
        const { truth } = arrange(shapes, axis, "f32");
        const g = drawn(truth.shape, 1);
        const inputs = shapes.map((shape) => tensor(new Float32Array(sizeOf(shape)), shape));
        const loss = (xs: readonly Tensor[]) => sum(mul(concat(xs, { axis }), tensor(g.data, g.shape)));
        const { grads } = valueAndGrad(loss)(inputs);
        const joined = reference.concat(
          grads.map((t) => ({ shape: t.shape, data: Float64Array.from(readTensor(t)) })),
          axis,
        );
        expectSame(joined.data, g.data, `gradient of ${JSON.stringify(shapes)} along ${axis}`);
      });
  });

  it("takes one tensor several times, and adds its gradients", () => {
    scope(() => {
      const x = tensor([1, 2]);
      expect([...readTensor(concat([x, x, x]))]).toEqual([1, 2, 1, 2, 1, 2]);
      const { grads } = valueAndGrad((t: Tensor) => sum(mul(concat([t, t]), tensor([1, 2, 3, 4]))))(x);
      expect([...readTensor(grads)]).toEqual([4, 6]);
    });
  });

  it("counts a negative axis from the end; the default is 0", () => {
    scope(() => {
      const x = tensor([[1, 2]]);
      expect(concat([x, x], { axis: -1 }).shape).toEqual([1, 4]);
      expect(concat([x, x]).shape).toEqual([2, 2]);
    });
  });

  it("refuses what does not join", () => {
    scope(() => {
      const x = tensor(new Float32Array(6), [2, 3]);
      expect(() => concat([])).toThrow(ArgumentError);
      expect(() => concat([])).toThrow("concat: no tensors given; it needs at least one");
      expect(() => concat([x, tensor(new Float32Array(4), [2, 2])])).toThrow(ShapeError);
      expect(() => concat([x, tensor(new Float32Array(4), [2, 2])])).toThrow(
        "concat: input 0 is [2, 3], input 1 is [2, 2]; only axis 0 may differ",
      );
      expect(() => concat([x, tensor(new Float32Array(6))])).toThrow(ShapeError);
      expect(() => concat([x, x], { axis: 2 })).toThrow("concat: axis 2 is outside a tensor of rank 2");
      expect(() => concat([tensor(1), tensor(2)])).toThrow(ShapeError);
      const bytes: Tensor = tensor(new Uint8Array(6), [2, 3]);
      expect(() => concat([x, bytes])).toThrow(DTypeError);
      expect(() => concat([x, bytes])).toThrow("concat: input 0 is f32, input 1 is u8; use cast()");
    });
  });
});
