import { describe, expect, test } from "vitest";
import { DTypeError, ShapeError } from "../../src/errors.js";
import { equal, greater, less } from "../../src/ops/compare.js";
import { kernels } from "../../src/runtime/kernels.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { cuts, withArena } from "../arena.js";
import { all, draw, expectSame, pick, random, sizes, specials, zeroLeaks } from "../grid.js";
import { reference, sizeOf } from "../reference/array.js";
import { type CompareName, compare, forward } from "../reference/compare.js";
import { broadcasts, pairings } from "./broadcasts.js";

zeroLeaks();

const ops = { equal, greater, less };

/** Rounded to quarters, so that equals come up. */
const coarse = (values: Float32Array): Float32Array =>
  values.map((v) => (Number.isFinite(v) ? Math.round(v * 4) / 4 : v));

describe.each(Object.keys(compare) as CompareName[])("%s", (name) => {
  const op = ops[name];

  test("every size and kind of numbers", () => {
    for (const [i, distribution] of all.entries())
      for (const size of sizes) {
        const seed = size * 8 + i * 2;
        const [a, b] = [coarse(draw(distribution, size, seed)), coarse(draw(distribution, size, seed + 1))];
        const y = scope(() => readTensor(op(tensor(a), tensor(b))));
        const expected = forward(name, reference([size], a), reference([size], b));
        expectSame(y, expected.data, `${distribution} [${size}], seed ${seed}`);
      }
  });

  test("every pair of special values: NaN compares false, −0 equals 0", () => {
    const x = Float32Array.from(specials);
    const y = scope(() => readTensor(op(tensor(x, [x.length, 1]), tensor(x))));
    const expected = forward(name, reference([x.length, 1], x), reference([x.length], x));
    expectSame(y, expected.data, "specials");
  });

  test("broadcasts, to u8 of the common shape", () => {
    for (const [seed, [aShape, bShape]] of broadcasts().entries()) {
      const a = coarse(draw("normal", sizeOf(aShape), seed));
      const b = coarse(draw("normal", sizeOf(bShape), seed + 1000));
      const expected = forward(name, reference(aShape, a), reference(bShape, b));
      const about = `${JSON.stringify([aShape, bShape])}, seed ${seed}`;
      scope(() => {
        const y = op(tensor(a, aShape), tensor(b, bShape));
        expect([y.shape, y.dtype], about).toEqual([expected.shape, "u8"]);
        expectSame(readTensor(y), expected.data, about);
      });
    }
  });

  test("numbers are scalars; one tensor may be both operands", () => {
    scope(() => {
      const values = [-1, 0, 0.5, Number.NaN];
      const x = tensor(values);
      const want = (f: (v: number) => number) => values.map(f);
      expectSame(
        readTensor(op(x, 0)),
        want((v) => compare[name](v, 0)),
        "on the right",
      );
      expectSame(
        readTensor(op(0, x)),
        want((v) => compare[name](0, v)),
        "on the left",
      );
      expectSame(
        readTensor(op(x, x)),
        want((v) => compare[name](v, v)),
        "both",
      );
    });
  });

  test("kernel: unaligned and in slices, the same bytes, and no byte beside the output", () => {
    const run = kernels()[`${name}_f32`];
    const next = random(78);
    for (const cols of sizes.filter((n) => n > 0 && n < 40))
      for (const rows of [1, 3])
        for (const [about, { aRow, aCol, bRow, bCol, aSize, bSize }] of pairings(rows, cols))
          withArena((arena) => {
            const count = rows * cols;
            const [a, b] = [coarse(draw("normal", aSize, count)), coarse(draw("normal", bSize, count + 1))];
            const [aAt, bAt] = [arena.put(a, pick(next, 16)), arena.put(b, pick(next, 16))];
            const where = `${about}, ${rows} × ${cols}`;
            const expected = Array.from({ length: count }, (_, e) => {
              const [row, col] = [Math.floor(e / cols), e % cols];
              return compare[name](a[row * aRow + col * aCol]!, b[row * bRow + col * bCol]!);
            });
            for (const slices of [[[0, count] as const], ...cuts(count)]) {
              const to = arena.room(count, pick(next, 16));
              for (const [begin, end] of slices)
                arena.writes(to + begin, to + end, `${where}, slice ${begin} to ${end}`, () =>
                  run(to, aAt, bAt, cols, aRow, aCol, bRow, bCol, begin, end),
                );
              expectSame(arena.copy(to, count), expected, `${where}, slices ${JSON.stringify(slices)}`);
            }
          });
  });

  test("errors name the op, both shapes and the fix", () => {
    scope(() => {
      const [a, b] = [tensor(new Float32Array(6), [2, 3]), tensor(new Float32Array(2))];
      expect(() => op(a, b)).toThrow(ShapeError);
      expect(() => op(a, b)).toThrow(`${name}: shapes [2, 3] and [2] do not broadcast`);
      const bytes = tensor(new Uint8Array(6), [2, 3]);
      expect(() => op(a, bytes)).toThrow(DTypeError);
      expect(() => op(a, bytes)).toThrow(`${name}: b [2, 3] is u8, expected f32; convert with cast(b, "f32")`);
    });
  });
});
