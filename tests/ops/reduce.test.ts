import { describe, expect, test } from "vitest";
import { DTypeError, ShapeError } from "../../src/errors.js";
import { argmax, max, mean, min, norm, sum } from "../../src/ops/reduce.js";
import { kernels } from "../../src/runtime/kernels.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { cuts, withArena } from "../arena.js";
import { draw, expectSame, expectWithin, finite, roundoff, sizes, spacing, specials, zeroLeaks } from "../grid.js";
import { generate, type Reference, reference, sizeOf } from "../reference/array.js";
import * as truth from "../reference/reduce.js";

zeroLeaks();

const ops = { sum, mean, max, min, norm };
const names = Object.keys(ops) as truth.ReduceName[];

/** Greatest error per result over `count` values: one rounding each for sums of `count` terms, and one for what follows. */
function bounds(name: truth.ReduceName, x: Reference, options: truth.ReduceOptions): (i: number, y: number) => number {
  if (name === "max" || name === "min") return () => 0;
  const { members } = truth.groups(x.shape, options);
  if (name === "norm") return (i, y) => (members[i]!.length / 2 + 2) * roundoff * y;
  const magnitudes = truth.forward(
    name,
    generate(x.shape, (i) => Math.abs(x.data[i]!)),
    options,
  ).data;
  return (i) => (members[i]!.length + 1) * roundoff * magnitudes[i]! + 2 ** -149;
}

/** [shape, axes]: every set of axes of a few shapes, the grid of sizes as rows and as columns, and nothing at all. */
function cases(): [readonly number[], readonly number[] | undefined][] {
  const sets = [[5], [3, 9], [2, 4, 5], [3, 1, 4, 2], [2, 0, 3]].flatMap((shape) =>
    Array.from({ length: 2 ** shape.length }, (_, mask): [number[], number[]] => [
      shape,
      shape.map((_, i) => i).filter((i) => (mask >> i) & 1),
    ]),
  );
  const around = sizes.filter((n) => n < 2000);
  return [
    [[], undefined],
    ...sets,
    ...sizes.map((n): [number[], undefined] => [[n], undefined]),
    ...around.flatMap((n): [number[], number[]][] => [
      [[3, n], [1]],
      [[n, 3], [0]],
      [[2, 3, n], [1]],
      [[2, n, 5], [1]],
      [
        [2, n, 3],
        [0, 2],
      ],
    ]),
    [
      [2, 3, 4],
      [-1, 0],
    ],
  ];
}

describe.each(names)("%s", (name) => {
  const op = ops[name];
  const refuses = name === "max" || name === "min";
  const some = cases().filter(
    ([shape, axes]) => !refuses || truth.groups(shape, axes ? { axes } : {}).members.every((m) => m.length),
  );

  test.each(finite)("equals f64 on every shape and axis: %s numbers", (distribution) => {
    for (const [seed, [shape, axes]] of some.entries())
      for (const keepDims of [false, true]) {
        const options = { keepDims, ...(axes && { axes }) };
        const x = reference(shape, draw(distribution, sizeOf(shape), seed));
        const about = `[${shape}] over [${axes ?? "all"}], keepDims ${keepDims}, seed ${seed}`;
        const expected = truth.forward(name, x, options);
        scope(() => {
          const y = op(tensor(Float32Array.from(x.data), shape), options);
          expect([y.shape, y.dtype], about).toEqual([expected.shape, "f32"]);
          expectWithin(readTensor(y), expected.data, bounds(name, x, options), about);
        });
      }
  });

  test("axes default to all; one axis may be a number", () => {
    scope(() => {
      const values = draw("normal", 60, 1);
      const x = tensor(values, [3, 4, 5]);
      const same = (a: ReturnType<typeof op>, b: ReturnType<typeof op>, about: string) =>
        expectSame(readTensor(a), readTensor(b), about);
      same(op(x), op(x, { axes: [0, 1, 2] }), "all");
      same(op(x, { axes: 1 }), op(x, { axes: [-2] }), "one");
      expectSame(readTensor(x), values, "the input afterwards");
    });
  });

  test("special values by IEEE 754, wherever they stand", () => {
    for (const length of [1, 3, 4, 5, 17, 33])
      for (const value of specials)
        for (let at = 0; at < length; at++) {
          const row = new Float32Array(length).fill(0.5);
          row[at] = value;
          const about = `${value} at ${at} of ${length}`;
          const [want] = truth.forward(name, reference([length], row)).data;
          // In f32 the squares of large numbers overflow, and those of small ones vanish.
          const rounded = name === "norm" ? Math.fround(Math.sqrt(Math.fround(want! * want!))) : want!;
          scope(() => {
            const bound = (_: number, y: number) => length * spacing(y);
            expectWithin(readTensor(op(tensor(row))), [rounded], bound, about);
            const column = readTensor(op(tensor(row, [length, 1]), { axes: 0 }));
            expectWithin(column, [rounded], bound, `${about}, as a column`);
          });
        }
  });

  test("zeros keep the sign that the sum or the order gives them", () => {
    const signs: Record<truth.ReduceName, [number, number]> = {
      ...{ sum: [0, 0], mean: [0, 0], norm: [0, 0], max: [0, -0], min: [-0, -0] },
    };
    scope(() => {
      for (const [i, values] of [
        [-0, 0, -0],
        [-0, -0, -0],
      ].entries())
        expectSame(readTensor(op(tensor(values))), [signs[name][i]!], `${name} of ${i ? "−0s" : "both zeros"}`);
    });
  });

  test("kernel: unaligned and in slices, the same bits, and no byte beside the output", () => {
    const run = kernels()[`${name}_f32`];
    for (const inner of [1, 3, 4, 5, 9])
      for (const len of sizes.filter((n) => n < 40 && (n > 0 || !refuses)))
        withArena((arena) => {
          const outer = 3;
          const count = outer * inner;
          const x = draw("normal", count * len, len + inner);
          const [from, whole] = [arena.put(x), arena.room(count * 4)];
          const about = `[${outer}, ${len}, ${inner}]`;
          arena.writes(whole, whole + count * 4, about, () => run(whole, from, len, inner, 0, count));
          const expected = arena.copy(whole, count * 4);
          const exact = truth.forward(name, reference([outer, len, inner], x), { axes: 1 }).data;
          const bound = bounds(name, reference([outer, len, inner], x), { axes: 1 });
          expectWithin(arena.floats(whole, count), exact, bound, about);
          for (const [i, slices] of cuts(count).entries()) {
            const [input, to] = [arena.put(x, (i * 5 + 1) % 16), arena.room(count * 4, (i * 3 + 2) % 16)];
            for (const [begin, end] of slices)
              arena.writes(to + begin * 4, to + end * 4, `${about}, slice ${begin} to ${end}`, () =>
                run(to, input, len, inner, begin, end),
              );
            expect(arena.copy(to, count * 4), `${about}, slices ${JSON.stringify(slices)}`).toEqual(expected);
          }
        });
  });

  test("errors name the op, the shape and the fix", () => {
    scope(() => {
      const x = tensor(new Float32Array(6), [2, 3]);
      expect(() => op(x, { axes: 2 })).toThrow(ShapeError);
      expect(() => op(x, { axes: 2 })).toThrow(`${name}: axis 2 is outside a tensor of rank 2; it goes from -2 to 1`);
      expect(() => op(x, { axes: [0.5] })).toThrow(ShapeError);
      expect(() => op(x, { axes: [0, -2] })).toThrow(
        `${name}: axes [0,-2] of [2, 3] name one axis twice; name each once`,
      );
      const ints = tensor(new Int32Array(6), [2, 3]);
      expect(() => op(ints)).toThrow(DTypeError);
      expect(() => op(ints)).toThrow(`${name}: x [2, 3] is i32, expected f32; convert with cast(x, "f32")`);
      expect(() => op(undefined as never)).toThrow(`${name}: expected a tensor, got undefined`);
      const none = tensor(new Float32Array(0), [2, 0]);
      if (!refuses) expectSame(readTensor(op(none)), [name === "mean" ? Number.NaN : 0], "over nothing");
      else {
        expect(() => op(none, { axes: 1 })).toThrow(ShapeError);
        expect(() => op(none, { axes: 1 })).toThrow(
          `${name}: nothing to reduce: x is [2, 0]; it needs at least one element`,
        );
        expect(op(none, { axes: 0 }).shape, "of no columns").toEqual([0]);
      }
    });
  });
});

describe("argmax", () => {
  test("the first of the largest, along every axis", () => {
    for (const [seed, shape] of [[7], [3, 5], [5, 3], [2, 4, 3], [1, 17], [33, 2], [2, 1009]].entries())
      for (let axis = -shape.length; axis < shape.length; axis++) {
        // Halves, so that equals come up.
        const values = draw("normal", sizeOf(shape), seed).map((v) => Math.round(v * 2) / 2);
        const expected = truth.argmax(reference(shape, values), axis);
        scope(() => {
          const y = argmax(tensor(values, shape), { axis });
          expect([y.shape, y.dtype]).toEqual([expected.shape, "i32"]);
          expectSame(readTensor(y), expected.data, `[${shape}] along ${axis}, seed ${seed}`);
          expect(argmax(tensor(values, shape), { axis, keepDims: true }).rank).toBe(shape.length);
        });
      }
  });

  test("NaN counts as largest, the first of them; zeros are equal; −Infinity may win", () => {
    const { NaN: nan, NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number;
    scope(() => {
      const rows = [
        [1, nan, high, nan],
        [nan, 1, 2, 3],
        [-0, 0, -0, 0],
        [low, low, low, low],
        [1, high, nan, 2],
      ];
      expectSame(readTensor(argmax(tensor(rows))), [1, 0, 0, 0, 2], "specials");
    });
  });

  test("kernel: in slices, the same bits, and no byte beside the output", () => {
    withArena((arena) => {
      const [outer, len, inner] = [3, 7, 5];
      const count = outer * inner;
      const from = arena.put(draw("normal", count * len, 3), 7);
      const whole = arena.room(count * 4);
      arena.writes(whole, whole + count * 4, "whole", () => kernels().argmax_f32(whole, from, len, inner, 0, count));
      for (const slices of cuts(count)) {
        const to = arena.room(count * 4, 3);
        for (const [begin, end] of slices)
          arena.writes(to + begin * 4, to + end * 4, `slice ${begin} to ${end}`, () =>
            kernels().argmax_f32(to, from, len, inner, begin, end),
          );
        expect(arena.copy(to, count * 4)).toEqual(arena.copy(whole, count * 4));
      }
    });
  });

  test("refuses an axis without elements, and scalars", () => {
    scope(() => {
      expect(() => argmax(tensor(new Float32Array(0), [2, 0]))).toThrow("argmax: nothing to reduce: x is [2, 0]");
      expect(() => argmax(tensor([1], []))).toThrow("argmax: axis -1 of a scalar; it has no axes");
    });
  });
});

test("the gradient of max and min: equal parts to the equals, in slices, and no byte beside", () => {
  for (const [name, inner] of [
    ["max", 1],
    ["max", 3],
    ["min", 1],
    ["min", 5],
  ] as const)
    withArena((arena) => {
      const [outer, len] = [4, 9];
      const count = outer * inner;
      const values = draw("normal", count * len, inner).map((v) => Math.round(v));
      const x = reference([outer, len, inner], values);
      const g = draw("normal", count, inner + 1);
      const y = Float32Array.from(truth.forward(name, x, { axes: 1 }).data);
      const exact = truth.vjp(name, reference([outer, inner], g), x, { axes: 1 }).data;
      const [gAt, xAt, yAt] = [arena.put(g, 1), arena.put(values, 2), arena.put(y, 3)];
      for (const slices of [[[0, count] as const], ...cuts(count)]) {
        const to = arena.room(count * len * 4, 5);
        arena.writes(to, to + count * len * 4, name, () => {
          for (const [begin, end] of slices) kernels().extreme_grad_f32(to, gAt, xAt, yAt, len, inner, begin, end);
        });
        expectSame(
          arena.floats(to, count * len),
          Float32Array.from(exact).map((v) => v + 0),
          `${name}, inner ${inner}`,
        );
      }
    });
});
