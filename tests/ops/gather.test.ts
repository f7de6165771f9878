import { describe, expect, it } from "vitest";
import { DTypeError, ShapeError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { gather } from "../../src/ops/gather.js";
import { sum } from "../../src/ops/reduce.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { expectWithin, pick, random, roundoff, sizes, zeroLeaks } from "../grid.js";
import { reference as array, sizeOf } from "../reference/array.js";
import * as reference from "../reference/gather.js";
import { drawn, expectBits, moved, positions, values } from "../values.js";
import { watched } from "../watch.js";

zeroLeaks();

function* cases(): Generator<{ table: number[]; indices: Int32Array; shape: number[] }> {
  const next = random(1);
  for (const rows of [1, 2, 7])
    for (const row of [[], [1], [3], [4], [5], [2, 3], [17], [0]])
      for (const shape of [[], ...sizes.filter((n) => n < 40).map((n) => [n]), [2, 3], [0, 2]])
        yield {
          table: [rows, ...row],
          indices: Int32Array.from({ length: sizeOf(shape) }, () => pick(next, rows)),
          shape,
        };
}

describe("gather", () => {
  it("moves every bit of the rows, f32 and i32", () => {
    for (const { table, indices, shape } of cases())
      for (const [i, dtype] of (["f32", "i32"] as const).entries())
        watched(
          () =>
            scope(() => {
              const source = values(dtype, sizeOf(table), 1);
              const y = gather(tensor(source, table, { dtype }), tensor(indices, shape));
              const truth = reference.gather(positions(table), array(shape, indices));
              expect(y.shape).toEqual(truth.shape);
              expect(y.dtype).toBe(dtype);
              expectBits(readTensor(y), moved(source, truth), `${dtype} [${table}] by [${shape}]`);
            }),
          i * 4,
        );
  });

  it("adds the gradients of equal indices, and leaves rows that nobody took at 0", () => {
    for (const { table, indices, shape } of cases())
      watched(() =>
        scope(() => {
          const g = drawn([...shape, ...table.slice(1)], 2);
          const loss = (t: Tensor) => sum(mul(gather(t, tensor(indices, shape)), tensor(g.data, g.shape)));
          const { grads } = valueAndGrad(loss)(tensor(drawn(table, 1).data, table));
          const { sums, magnitudes } = reference.gatherVjp(g, table, array(shape, indices));
          const bound = magnitudes.data.map((m) => (indices.length + 1) * roundoff * m);
          expectWithin(readTensor(grads), sums.data, bound, `gradient of [${table}] by [${shape}]`);
        }),
      );
  });

  it("takes nothing from an empty table", () => {
    scope(() => {
      const none = tensor(new Float32Array(0), [0, 3]);
      expect(gather(none, tensor(new Int32Array(0))).shape).toEqual([0, 3]);
      expect(() => gather(none, tensor(new Int32Array([0])))).toThrow(ShapeError);
    });
  });

  it("names the first index outside the table", () => {
    scope(() => {
      const table = tensor(new Float32Array(6), [3, 2]);
      for (const bad of [3, -1, 2 ** 31 - 1, -(2 ** 31)]) {
        const indices = tensor(new Int32Array([0, 2, bad, 5]));
        expect(() => gather(table, indices)).toThrow(ShapeError);
        expect(() => gather(table, indices)).toThrow(`gather: indices[2] is ${bad}; it must be from 0 to 2`);
      }
    });
  });

  it("refuses a scalar table, a u8 table, and indices that are not i32", () => {
    scope(() => {
      const indices = tensor(new Int32Array([0]));
      expect(() => gather(tensor(1), indices)).toThrow(ShapeError);
      expect(() => gather(tensor(1), indices)).toThrow(
        "gather: the table is a scalar; it needs at least one dimension",
      );
      expect(() => gather(tensor(new Uint8Array(2)), indices)).toThrow(DTypeError);
      expect(() => gather(tensor(new Uint8Array(2)), indices)).toThrow("gather: the table is u8");
      expect(() => gather(tensor([1, 2]), tensor([0]))).toThrow(DTypeError);
      expect(() => gather(tensor([1, 2]), tensor([0]))).toThrow(
        'gather: indices [1] is f32, expected i32; convert with cast(indices, "i32")',
      );
    });
  });
});
