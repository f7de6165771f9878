import { describe, expect, test } from "vitest";
import { DTypeError, ShapeError } from "../../src/errors.js";
import { add, div, maximum, minimum, mul, sub } from "../../src/ops/binary.js";
import { kernels } from "../../src/runtime/kernels.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { cuts, withArena } from "../arena.js";
import { all, draw, expectSame, pick, random, sizes, specials, zeroLeaks } from "../grid.js";
import { type Reference, reference, sizeOf } from "../reference/array.js";
import { type BinaryName, binary, forward } from "../reference/binary.js";
import { broadcasts, pairings } from "./broadcasts.js";

zeroLeaks();

const ops = { add, div, maximum, minimum, mul, sub };

const names = Object.keys(binary) as BinaryName[];

/** IEEE 754: the f64 result of f32 operands, rounded once, is the f32 result of each of these ops. */
function truth(name: BinaryName, a: Reference, b: Reference): Float32Array {
  return Float32Array.from(forward(name, a, b).data);
}

/** Float32Array as the f64 reference, of a shape. */
const of = (values: Float32Array, shape: readonly number[] = [values.length]): Reference => reference(shape, values);

describe.each(names)("%s", (name) => {
  const op = ops[name];

  test("equals f64 on every size and kind of numbers", () => {
    for (const [i, distribution] of all.entries())
      for (const size of sizes) {
        const seed = size * 8 + i * 2;
        const [a, b] = [draw(distribution, size, seed), draw(distribution, size, seed + 1)];
        const y = scope(() => readTensor(op(tensor(a), tensor(b))));
        expectSame(y, truth(name, of(a), of(b)), `${distribution} [${size}], seed ${seed}`);
      }
  });

  test("every pair of special values", () => {
    const x = Float32Array.from(specials);
    const y = scope(() => readTensor(op(tensor(x, [x.length, 1]), tensor(x))));
    expectSame(y, truth(name, of(x, [x.length, 1]), of(x)), "specials");
  });

  test("broadcasts", () => {
    for (const [seed, [aShape, bShape]] of broadcasts().entries()) {
      const [a, b] = [draw("normal", sizeOf(aShape), seed), draw("normal", sizeOf(bShape), seed + 1000)];
      const [y, shape] = scope(() => {
        const made = op(tensor(a, aShape), tensor(b, bShape));
        return [readTensor(made), made.shape];
      });
      const expected = forward(name, of(a, aShape), of(b, bShape));
      const about = `${JSON.stringify([aShape, bShape])}, seed ${seed}`;
      expect(shape, about).toEqual(expected.shape);
      expectSame(y, Float32Array.from(expected.data), about);
    }
  });

  test("numbers are scalars; one tensor may be both operands", () => {
    scope(() => {
      const values = draw("normal", 9, 5);
      const x = tensor(values, [3, 3]);
      const [half, nine] = [reference([], [0.5]), of(values, [3, 3])];
      expectSame(readTensor(op(x, 0.5)), truth(name, nine, half), "on the right");
      expectSame(readTensor(op(0.5, x)), truth(name, half, nine), "on the left");
      expectSame(readTensor(op(x, x)), truth(name, nine, nine), "both");
      expectSame(readTensor(x), values, "the operand afterwards");
    });
  });

  test("kernel: unaligned, in place and in slices, the same bits, and no byte beside the output", () => {
    const run = kernels()[`${name}_f32`];
    const next = random(77);
    for (const cols of sizes.filter((n) => n > 0 && n < 40))
      for (const rows of [1, 3])
        for (const [about, at] of pairings(rows, cols))
          withArena((arena) => {
            const { aRow, aCol, bRow, bCol, aSize, bSize } = at;
            const count = rows * cols;
            const [a, b] = [draw("normal", aSize, count), draw("normal", bSize, count + 1)];
            const [aAt, bAt] = [arena.put(a, pick(next, 16)), arena.put(b, pick(next, 16))];
            const whole = arena.room(count * 4, pick(next, 16));
            const where = `${about}, ${rows} × ${cols}`;
            arena.writes(whole, whole + count * 4, where, () =>
              run(whole, aAt, bAt, cols, aRow, aCol, bRow, bCol, 0, count),
            );
            const exact = (e: number) => {
              const [row, col] = [Math.floor(e / cols), e % cols];
              return Math.fround(binary[name].f(a[row * aRow + col * aCol]!, b[row * bRow + col * bCol]!));
            };
            const expected = Float32Array.from({ length: count }, (_, e) => exact(e));
            expectSame(arena.floats(whole, count), expected, where);
            for (const slices of cuts(count)) {
              const to = arena.room(count * 4, pick(next, 16));
              for (const [begin, end] of slices)
                arena.writes(to + begin * 4, to + end * 4, `${where}, slice ${begin} to ${end}`, () =>
                  run(to, aAt, bAt, cols, aRow, aCol, bRow, bCol, begin, end),
                );
              expectSame(arena.floats(to, count), expected, `${where}, slices ${JSON.stringify(slices)}`);
            }
            if (aSize === count) {
              run(aAt, aAt, bAt, cols, aRow, aCol, bRow, bCol, 0, count);
              expectSame(arena.floats(aAt, count), expected, `${where}, in place of a`);
            } else if (bSize === count) {
              run(bAt, aAt, bAt, cols, aRow, aCol, bRow, bCol, 0, count);
              expectSame(arena.floats(bAt, count), expected, `${where}, in place of b`);
            }
          });
  });

  test("errors name the op, both shapes and the fix", () => {
    scope(() => {
      const [a, b] = [tensor(new Float32Array(6), [2, 3]), tensor(new Float32Array(8), [2, 4])];
      expect(() => op(a, b)).toThrow(ShapeError);
      expect(() => op(a, b)).toThrow(
        `${name}: shapes [2, 3] and [2, 4] do not broadcast: from the right, dimension 1 is 3 and 4; sizes must be equal or 1`,
      );
      const ints = tensor(new Int32Array(6), [2, 3]);
      expect(() => op(a, ints)).toThrow(DTypeError);
      expect(() => op(a, ints)).toThrow(`${name}: b [2, 3] is i32, expected f32; convert with cast(b, "f32")`);
      expect(() => op(ints, a)).toThrow(`${name}: a [2, 3] is i32, expected f32; convert with cast(a, "f32")`);
      expect(() => op("x" as never, a)).toThrow(`${name}: expected a tensor, got string`);
    });
  });
});
