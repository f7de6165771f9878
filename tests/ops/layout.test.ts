import { describe, expect, it } from "vitest";
import { ArgumentError, DisposedError, ShapeError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { assign, copy, reshape, type SliceRange, slice, transpose } from "../../src/ops/layout.js";
import { sum } from "../../src/ops/reduce.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { expectSame, pick, random, zeroLeaks } from "../grid.js";
import * as reference from "../reference/layout.js";
import { drawn, dtypes, expectBits, moved, positions, shapes, values } from "../values.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Every order of 0..rank−1, or some of them where there are many. */
function orders(rank: number): number[][] {
  if (rank === 0) return [[]];
  const all = orders(rank - 1).flatMap((order) =>
    Array.from({ length: rank }, (_, at) => [...order.slice(0, at), rank - 1, ...order.slice(at)]),
  );
  return all.length <= 24 ? all : all.filter((_, i) => i % 7 === 0);
}

/** Checks a move of values on each dtype, aligned and not, against where the reference says that each went. */
function expectMoved(
  shape: readonly number[],
  op: (x: Tensor) => Tensor,
  truth: ReturnType<typeof positions>,
  about: string,
): void {
  for (const [i, dtype] of dtypes.entries())
    watched(
      () =>
        scope(() => {
          const source = values(dtype, positions(shape).data.length, i + 1);
          const y = op(tensor(source, shape, { dtype }));
          expect(y.shape, about).toEqual(truth.shape);
          expect(y.dtype).toBe(dtype);
          expectBits(readTensor(y), moved(source, truth), `${dtype} ${about}`);
        }),
      i * 4,
    );
}

describe("transpose", () => {
  it("moves every bit to its place, for each order of the axes", () => {
    for (const shape of shapes)
      for (const order of orders(shape.length)) {
        const truth = reference.transpose(positions(shape), order);
        expectMoved(shape, (x) => transpose(x, order), truth, `transpose [${shape}] by [${order}]`);
      }
  });

  it("reverses the axes by default, and counts negative ones from the end", () => {
    scope(() => {
      const x = tensor(new Float32Array(24), [2, 3, 4]);
      expect(transpose(x).shape).toEqual([4, 3, 2]);
      expect(transpose(x, [-1, 0, 1]).shape).toEqual([4, 2, 3]);
    });
  });

  it("refuses what is no permutation", () => {
    scope(() => {
      const x = tensor(new Float32Array(6), [2, 3]);
      for (const axes of [[0], [0, 0], [1, -1], [0, 1, 1]]) expect(() => transpose(x, axes)).toThrow(ShapeError);
      expect(() => transpose(x, [0, 0])).toThrow(
        "transpose: axes [0,0] do not name each of the 2 dimensions of [2, 3] once",
      );
      expect(() => transpose(x, [0, 2])).toThrow("transpose: axis 2 is outside a tensor of rank 2");
      expect(() => transpose(x, [0, 0.5])).toThrow(ShapeError);
    });
  });
});

describe("slice", () => {
  /** A bound around the axis: inside, at its ends, far outside, or none. */
  const bounds = (size: number): (number | undefined)[] => [
    undefined,
    0,
    1,
    size - 1,
    size,
    size + 9,
    -1,
    -size,
    -size - 9,
  ];

  it("takes Python's elements for every start, end and step of one axis", () => {
    for (const size of [0, 1, 2, 5, 9])
      for (const start of bounds(size))
        for (const end of bounds(size))
          for (const step of [1, 2, 4, -1, -3]) {
            const range: SliceRange = {
              ...(start !== undefined && { start }),
              ...(end !== undefined && { end }),
              step,
            };
            const truth = reference.slice(positions([size]), [range]);
            scope(() => {
              const y = slice(tensor(Int32Array.from({ length: size }, (_, i) => i)), [range]);
              expect([...readTensor(y)], `0..${size - 1} by ${JSON.stringify(range)}`).toEqual([...truth.data]);
            });
          }
  });

  it("moves every bit to its place, along several axes at once", () => {
    const next = random(1);
    for (const shape of shapes)
      for (let n = 0; n < 6; n++) {
        const ranges = shape.slice(0, pick(next, shape.length + 1)).map((size): SliceRange => {
          const [start, end] = [pick(next, 2 * size + 3) - size - 1, pick(next, 2 * size + 3) - size - 1];
          const step = [1, 1, 2, 3, -1, -2][pick(next, 6)]!;
          return step === 1 && next() < 0.3 ? {} : { start, end, step };
        });
        const truth = reference.slice(positions(shape), ranges);
        expectMoved(shape, (x) => slice(x, ranges), truth, `slice [${shape}] by ${JSON.stringify(ranges)}`);
      }
  });

  it("has the adjoint of the reference, with strides, gaps and nothing at all", () => {
    const cases: [number[], SliceRange[]][] = [
      [[9], [{ start: 2, end: 8, step: 3 }]],
      [[9], [{ start: 7, step: -2 }]],
      [[9], [{ start: 5, end: 5 }]],
      [
        [4, 5],
        [{ start: 1 }, { end: -1 }],
      ],
      [
        [4, 5],
        [{}, { step: -1 }],
      ],
      [
        [3, 4, 5],
        [{ start: 2 }, {}, { start: 1, step: 2 }],
      ],
      [[], []],
    ];
    for (const [shape, ranges] of cases)
      watched(() =>
        scope(() => {
          const x = drawn(shape, 3);
          const g = drawn(reference.slice(x, ranges).shape, 4);
          const loss = (t: Tensor) => sum(mul(slice(t, ranges), tensor(g.data, g.shape)));
          const { grads } = valueAndGrad(loss)(tensor(x.data, shape));
          const truth = reference.sliceVjp(g, shape, ranges);
          expectSame(readTensor(grads), truth.data, `slice [${shape}] by ${JSON.stringify(ranges)}, gradient`);
        }),
      );
  });

  it("refuses a step of 0, fractions, and more ranges than axes", () => {
    scope(() => {
      const x = tensor(new Float32Array(6), [2, 3]);
      expect(() => slice(x, [{ step: 0 }])).toThrow(ArgumentError);
      expect(() => slice(x, [{ step: 0 }])).toThrow("slice: step 0; steps are integers other than 0");
      for (const bad of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(() => slice(x, [{ start: bad }])).toThrow(ArgumentError);
        expect(() => slice(x, [{}, { end: bad }])).toThrow(`slice: bound ${bad}; bounds are integers`);
      }
      expect(() => slice(x, [{}, {}, {}])).toThrow(ShapeError);
      expect(() => slice(x, [{}, {}, {}])).toThrow("slice: 3 ranges for [2, 3], which has 2 axes");
    });
  });
});

describe("reshape", () => {
  it("gives the same numbers another shape, in the same storage", () => {
    for (const [from, to, solved] of [
      [[6], [2, 3], [2, 3]],
      [
        [2, 3],
        [3, -1],
        [3, 2],
      ],
      [[2, 3], [-1], [6]],
      [[], [1, 1], [1, 1]],
      [[1], [], []],
      [
        [0, 3],
        [5, 0],
        [5, 0],
      ],
      [
        [0, 3],
        [-1, 3],
        [0, 3],
      ],
    ] as const)
      for (const dtype of dtypes)
        scope(() => {
          const source = values(dtype, positions(from).data.length, 1);
          const x = tensor(source, from, { dtype });
          const y = reshape(x, to);
          expect(y.shape).toEqual(solved);
          expect(y.pointer).toBe(x.pointer);
          expectBits(readTensor(y), source, `reshape [${from}] to [${to}]`);
        });
  });

  it("refuses another number of elements", () => {
    scope(() => {
      const x = tensor([1, 2, 3, 4, 5, 6]);
      expect(() => reshape(x, [4])).toThrow(ShapeError);
      expect(() => reshape(x, [4])).toThrow("reshape: [6] has 6 elements, [4] has 4; they must be equal");
      expect(() => reshape(x, [4, -1])).toThrow("reshape: [6] has 6 elements, which [4, -1] does not divide");
      for (const shape of [[-1, -1], [-2, -3], [1.5, 4], [0, -1], [Number.NaN]])
        expect(() => reshape(x, shape), `[${shape}]`).toThrow(ShapeError);
    });
  });

  it("of a disposed tensor is refused", () => {
    const x = tensor([1]);
    x.dispose();
    expect(() => reshape(x, [1])).toThrow(DisposedError);
  });
});

describe("assign", () => {
  it("writes every bit over the target, on every dtype, and nothing beside it", () => {
    for (const shape of shapes)
      for (const [i, dtype] of dtypes.entries())
        watched(
          () =>
            scope(() => {
              const source = values(dtype, positions(shape).data.length, i);
              const [to, from] = [
                tensor(values(dtype, source.length, 9), shape, { dtype }),
                tensor(source, shape, { dtype }),
              ];
              assign(to, from);
              expectBits(readTensor(to), source, `assign ${dtype} [${shape}]`);
              expectBits(readTensor(from), source, "the source");
            }),
          i * 4,
        );
  });

  it("changes the views of the target, and takes a tensor itself", () => {
    scope(() => {
      const x = tensor([1, 2, 3, 4]);
      const view = reshape(x, [2, 2]);
      assign(x, tensor([5, 6, 7, 8]));
      expect([...readTensor(view)]).toEqual([5, 6, 7, 8]);
      assign(x, reshape(view, [4]));
      expect([...readTensor(x)]).toEqual([5, 6, 7, 8]);
    });
  });

  it("refuses another shape or dtype", () => {
    scope(() => {
      const x = tensor([[1, 2]]);
      expect(() => assign(x, tensor([1, 2]))).toThrow(ShapeError);
      expect(() => assign(x, tensor([1, 2]))).toThrow(
        "assign: the target is Tensor(f32 [1, 2]), the source Tensor(f32 [2]); both need one shape and dtype",
      );
      expect(() => assign(x, tensor([[1, 2]], [1, 2], { dtype: "i32" }))).toThrow("the source Tensor(i32 [1, 2])");
    });
  });
});

describe("copy", () => {
  it("has the same bits in storage of its own", () => {
    for (const shape of shapes) expectMoved(shape, copy, positions(shape), `copy [${shape}]`);
    scope(() => {
      const x = tensor([1, 2]);
      expect(copy(x).pointer).not.toBe(x.pointer);
    });
  });
});
