import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { add } from "../../src/ops/binary.js";
import { matmul } from "../../src/ops/matmul.js";
import { relu, sigmoid, tanh } from "../../src/ops/unary.js";
import { kernels } from "../../src/runtime/kernels.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { cuts, withArena } from "../arena.js";
import { deterministic, draw, expectSame, expectWithin, pick, random, roundoff, specials, zeroLeaks } from "../grid.js";
import { type Reference, reference, sizeOf } from "../reference/array.js";
import { forward, product, products } from "../reference/matmul.js";

zeroLeaks();

/** [transposeA, transposeB] */
const transposes = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;
type Sizes = readonly [m: number, k: number, n: number];

const shapeOf = (rows: number, columns: number, transposed: boolean): [number, number] =>
  transposed ? [columns, rows] : [rows, columns];

/** |c − exact| ≤ (k + 1) · 2⁻²⁴ · Σ|a·b|, per element; c comes from matrices given as f32 and f64 alike. */
function expectProduct(
  [m, k, n]: Sizes,
  [transposeA, transposeB]: readonly [boolean, boolean],
  [a, a64]: readonly [Float32Array, Float64Array],
  [b, b64]: readonly [Float32Array, Float64Array],
  about: string,
): void {
  const c = scope(() =>
    readTensor(
      matmul(tensor(a, shapeOf(m, k, transposeA)), tensor(b, shapeOf(k, n, transposeB)), { transposeA, transposeB }),
    ),
  );
  const { sums, magnitudes } = product(a64, b64, [m, k, n], { transposeA, transposeB });
  for (let i = 0; i < magnitudes.length; i++) magnitudes[i]! *= (k + 1) * roundoff;
  expectWithin(c, sums, magnitudes, about);
}

/** A long run of numbers from which operands are cut. */
function pool(seed: number): (count: number, at: number) => readonly [Float32Array, Float64Array] {
  const length = 1 << 14;
  const pools = (["normal", "uniform", "logNormal"] as const).map((distribution) => {
    const values = draw(distribution, length, seed);
    return [values, Float64Array.from(values)] as const;
  });
  return (count, at) => {
    const [values, doubles] = pools[at % pools.length]!;
    const start = (at * 1013) % (length - count);
    return [values.subarray(start, start + count), doubles.subarray(start, start + count)];
  };
}

describe.each(transposes)("transposeA %s, transposeB %s", (transposeA, transposeB) => {
  test("11 808 shapes: all of m 1..12, n 1..24, k 0..40", () => {
    const seed = 1;
    const cut = pool(seed);
    let shapes = 0;
    for (let m = 1; m <= 12; m++)
      for (let n = 1; n <= 24; n++)
        for (let k = 0; k <= 40; k++) {
          const about = `[${m}, ${k}] · [${k}, ${n}], seed ${seed}, case ${shapes}`;
          expectProduct([m, k, n], [transposeA, transposeB], cut(m * k, shapes), cut(k * n, shapes + 7), about);
          shapes++;
        }
    expect(shapes).toBe(11_808);
  });

  test("large and odd shapes: around the tile, primes, long and thin", () => {
    const large: Sizes[] = [
      [3, 64, 7],
      [4, 64, 8],
      [5, 64, 9],
      [1, 1009, 1],
      [1, 1, 1009],
      [1009, 1, 1],
      [1, 784, 300],
      [127, 131, 137],
      [100, 300, 10],
      [128, 128, 128],
      [255, 257, 63],
      [65, 1024, 33],
      [1024, 33, 9],
    ];
    for (const [i, [m, k, n]] of large.entries()) {
      const operand = (count: number, seed: number) => {
        const values = draw("normal", count, seed);
        return [values, Float64Array.from(values)] as const;
      };
      const about = `[${m}, ${k}] · [${k}, ${n}], seed ${i}`;
      expectProduct([m, k, n], [transposeA, transposeB], operand(m * k, i), operand(k * n, i + 50), about);
    }
  });

  test("bias and activations equal the ops one by one; k = 0 gives the bias, nothing gives nothing", () => {
    const sizes: Sizes[] = [
      [5, 7, 9],
      [4, 8, 16],
      [1, 1, 1],
      [3, 33, 21],
      [4, 0, 11],
      [0, 3, 4],
      [3, 4, 0],
      [0, 0, 5],
      [2, 0, 0],
    ];
    for (const [seed, [m, k, n]] of sizes.entries())
      scope(() => {
        const a = tensor(draw("normal", m * k, seed), shapeOf(m, k, transposeA));
        const b = tensor(draw("normal", k * n, seed + 9), shapeOf(k, n, transposeB));
        const bias = tensor(draw("normal", n, seed + 18));
        const options = { transposeA, transposeB };
        const plain = matmul(a, b, options);
        expect(plain.shape).toEqual([m, n]);
        if (k === 0) expectSame(readTensor(plain), new Float32Array(m * n), "k = 0");
        for (const shift of [undefined, bias])
          for (const [activation, op] of [
            ["relu", relu],
            ["sigmoid", sigmoid],
            ["tanh", tanh],
            [undefined, undefined],
          ] as const) {
            const shifted = shift === undefined ? plain : add(plain, shift);
            const y = matmul(a, b, { ...options, bias: shift, activation });
            const about = `[${m}, ${k}, ${n}], ${shift && "bias"}, ${activation}, seed ${seed}`;
            expect(y.shape, about).toEqual([m, n]);
            expectSame(readTensor(y), readTensor(op === undefined ? shifted : op(shifted)), about);
          }
      });
  });

  test("special values: what IEEE 754 says of the sum written out", () => {
    const next = random(5);
    const few = specials.filter((v) => !Number.isFinite(v) || Math.abs(v) < 1e38);
    for (let round = 0; round < 400; round++) {
      const [m, k, n] = [1 + pick(next, 6), 1 + pick(next, 9), 1 + pick(next, 18)];
      // Few, so that not every sum is NaN, and none near overflow, which f64 would not see.
      const fill = (count: number) =>
        Float32Array.from({ length: count }, () => (next() < 0.06 ? few[pick(next, few.length)]! : next() * 4 - 2));
      const [a, b] = [fill(m * k), fill(k * n)];
      const [a64, b64] = [Float64Array.from(a), Float64Array.from(b)];
      const { sums, magnitudes } = product(a64, b64, [m, k, n], { transposeA, transposeB });
      const c = scope(() =>
        readTensor(
          matmul(tensor(a, shapeOf(m, k, transposeA)), tensor(b, shapeOf(k, n, transposeB)), {
            transposeA,
            transposeB,
          }),
        ),
      );
      for (let i = 0; i < c.length; i++) {
        const about = `round ${round}, [${m}, ${k}, ${n}] at ${i}`;
        const bound = (k + 1) * (roundoff * magnitudes[i]! + 2 ** -149);
        expectWithin([c[i]!], [sums[i]!], bound, about);
      }
    }
  });
});

test("no sum is −0, and the plain binary adds in the order of k, bit for bit", async () => {
  await deterministic(({ binary }) => {
    expect(binary).toBe("simd");
    for (const [seed, [m, k, n]] of (
      [
        [7, 31, 19],
        [4, 5, 8],
        [3, 3, 3],
      ] as Sizes[]
    ).entries())
      for (const distribution of ["normal", "logNormal", "special"] as const) {
        const [a, b] = [draw(distribution, m * k, seed), draw(distribution, k * n, seed + 1)];
        const expected = Float32Array.from({ length: m * n }, (_, e) => {
          let sum = 0;
          for (let p = 0; p < k; p++)
            sum = Math.fround(sum + Math.fround(a[Math.floor(e / n) * k + p]! * b[p * n + (e % n)]!));
          return sum;
        });
        const c = scope(() => readTensor(matmul(tensor(a, [m, k]), tensor(b, [k, n]))));
        expectSame(c, expected, `${distribution}, seed ${seed}`);
      }
    const zeros = scope(() => readTensor(matmul(tensor([[-0, -0]]), tensor([[1], [1]]))));
    expectSame(zeros, [0], "−0 · 1 − 0 · 1");
  });
});

const T = { transposeA: true };
const U = { transposeB: true };
const both = { ...T, ...U };

test.each<[number[], number[], { transposeA?: boolean; transposeB?: boolean }]>([
  [[5], [5], {}],
  [[5], [5], both],
  [[5], [5, 9], {}],
  [[5], [9, 5], U],
  [[3, 5], [5], {}],
  [[5, 3], [5], T],
  [[4, 3, 5], [5], {}],
  [[5], [4, 5, 3], {}],
  [[0], [0], {}],
  [[4, 3, 5], [5, 9], {}],
  [[4, 3, 5], [9, 5], U],
  [[4, 5, 3], [5, 9], T],
  [[3, 5], [4, 5, 9], {}],
  [[5, 3], [4, 9, 5], both],
  [[4, 3, 5], [4, 5, 9], {}],
  [[4, 5, 3], [4, 9, 5], both],
  [[1, 3, 5], [4, 5, 9], {}],
  [[4, 3, 5], [1, 5, 9], {}],
  [[2, 1, 3, 5], [4, 5, 9], {}],
  [[2, 1, 3, 5], [1, 4, 5, 9], {}],
  [[2, 3, 3, 5], [2, 3, 5, 2], {}],
  [[2, 3, 3, 5], [3, 17, 5], U],
  [[1, 1, 3, 5], [5, 9], {}],
  [[0, 3, 5], [5, 9], {}],
  [[0, 3, 5], [0, 5, 9], {}],
  [[0, 3, 5], [1, 5, 9], {}],
  [[2, 0, 5], [2, 5, 9], {}],
  [[2, 3, 0], [2, 0, 9], {}],
  [[2, 3, 5], [2, 5, 0], {}],
])("vectors and batches: %j · %j, %j", (aShape, bShape, options) => {
  const [a, b] = [normal(aShape, 1), normal(bShape, 2)];
  const asRow = aShape.length > 1 ? aShape : options.transposeA ? [...aShape, 1] : [1, ...aShape];
  const asColumn = bShape.length > 1 ? bShape : options.transposeB ? [1, ...bShape] : [...bShape, 1];
  const { sums, magnitudes } = products({ ...a, shape: asRow }, { ...b, shape: asColumn }, options);
  const shape = [...sums.shape];
  if (bShape.length === 1) shape.pop();
  if (aShape.length === 1) shape.splice(bShape.length === 1 ? -1 : -2, 1);
  const k = asRow.at(options.transposeA ? -2 : -1)!;
  scope(() => {
    const c = matmul(toTensor(a), toTensor(b), options);
    expect(c.shape).toEqual(shape);
    expectWithin(readTensor(c), sums.data, (i) => (k + 1) * roundoff * magnitudes.data[i]!, "seeds 1, 2");
  });
});

function normal(shape: readonly number[], seed: number): Reference {
  return reference(shape, draw("normal", sizeOf(shape), seed));
}

function toTensor(x: Reference): Tensor {
  return tensor(Float32Array.from(x.data), x.shape);
}

test("bias and activation go to every batch", () => {
  const [a, b, bias] = [normal([2, 3, 4, 5], 3), normal([3, 5, 6], 4), normal([6], 5)];
  for (const activation of ["relu", "sigmoid", "tanh"] as const) {
    const expected = forward(a, b, { bias, activation });
    scope(() => {
      const y = matmul(toTensor(a), toTensor(b), { bias: toTensor(bias), activation });
      expectWithin(readTensor(y), expected.data, 2e-6, activation);
    });
  }
});

test("one tensor may be both operands, and the bias", () => {
  scope(() => {
    for (const n of [1, 4, 9, 17]) {
      const x = normal([n, n], n);
      const t = toTensor(x);
      for (const [transposeA, transposeB] of transposes) {
        const options = { transposeA, transposeB };
        const apart = matmul(toTensor(x), toTensor(x), options);
        expectSame(readTensor(matmul(t, t, options)), readTensor(apart), `[${n}, ${n}], ${JSON.stringify(options)}`);
      }
      expectSame(readTensor(t), Float32Array.from(x.data), "the operand afterwards");
      const v = toTensor(normal([n], n));
      const apart = matmul(toTensor(normal([n], n)), t, { bias: toTensor(normal([n], n)) });
      expectSame(readTensor(matmul(v, t, { bias: v })), readTensor(apart), `bias [${n}]`);
    }
  });
});

describe("kernel: rows in slices, anywhere in memory, the same bits, and no byte beside the output", () => {
  const next = random(9);
  test.each([
    [1, 1, 1],
    [3, 5, 7],
    [4, 8, 8],
    [5, 3, 9],
    [9, 17, 24],
    [7, 0, 5],
    [13, 4, 31],
  ] as Sizes[])("m %i, k %i, n %i", (m, k, n) => {
    for (const batches of [1, 3])
      for (const [transposeA, transposeB] of transposes)
        for (const activation of [0, 1, 2, 3])
          withArena((arena) => {
            const { matmul_f32: multiply, matmul_pack_f32: pack } = kernels();
            const panels = Math.ceil(n / 8);
            const [rows, size] = [batches * m, batches * m * n * 4];
            const shift = () => pick(next, 16);
            const a = arena.put(draw("normal", rows * k, m), shift());
            const b = arena.put(draw("normal", batches * k * n, n), shift());
            const bias = activation === 0 ? 0 : arena.put(draw("normal", n, k), shift());
            const about = `${batches} batches, ${transposeA}, ${transposeB}, activation ${activation}`;
            const packing = [k, n, transposeB ? 1 : n, transposeB ? k : 1, k * n] as const;
            const bytes = batches * panels * k * 32;
            const packed = arena.room(bytes, shift());
            arena.writes(packed, packed + bytes, `${about}, pack`, () =>
              pack(packed, b, ...packing, 0, batches * panels),
            );
            for (const slices of cuts(batches * panels)) {
              const to = arena.room(bytes);
              for (const [begin, end] of slices)
                arena.writes(to + begin * k * 32, to + end * k * 32, `${about}, panels ${begin} to ${end}`, () =>
                  pack(to, b, ...packing, begin, end),
                );
              expect(arena.copy(to, bytes), about).toEqual(arena.copy(packed, bytes));
            }
            const [mStride, kStride] = transposeA ? [1, m] : [k, 1];
            const batch = panels * 8 * k;
            const run = (out: number, begin: number, end: number) =>
              multiply(out, a, packed, bias, m, k, n, mStride, kStride, 8, m * k, batch, activation, begin, end);
            const whole = arena.room(size, shift());
            arena.writes(whole, whole + size, about, () => run(whole, 0, rows));
            for (const slices of cuts(rows)) {
              const to = arena.room(size, shift());
              for (const [begin, end] of slices)
                arena.writes(to + begin * n * 4, to + end * n * 4, `${about}, rows ${begin} to ${end}`, () =>
                  run(to, begin, end),
                );
              expect(arena.copy(to, size), `${about}, slices ${JSON.stringify(slices)}`).toEqual(
                arena.copy(whole, size),
              );
            }
          }, 1 << 18);
  });
});

describe("errors name both shapes and the fix", () => {
  const of = (...shape: number[]) => tensor(new Float32Array(sizeOf(shape)), shape);
  test.each<[string, () => unknown, typeof ShapeError | typeof DTypeError | typeof ArgumentError]>([
    ["inner sizes differ: a is [3, 4], b is [5, 2]; b needs 4 rows", () => matmul(of(3, 4), of(5, 2)), ShapeError],
    [
      "inner sizes differ: a is [3, 4] transposed, b is [5, 2] transposed; b needs 3 columns",
      () => matmul(of(3, 4), of(5, 2), both),
      ShapeError,
    ],
    [
      "inner sizes differ: a is [2, 3, 4], b is [5, 2]; b needs 4 rows",
      () => matmul(of(2, 3, 4), of(5, 2)),
      ShapeError,
    ],
    ["inner sizes differ: a is [4], b is [5]; b needs 4 elements", () => matmul(of(4), of(5)), ShapeError],
    ["inner sizes differ: a is [4], b is [2, 5, 4]; b needs 4 rows", () => matmul(of(4), of(2, 5, 4)), ShapeError],
    ["a is [], b is [4]; a scalar is multiplied with mul()", () => matmul(of(), of(4)), ShapeError],
    ["shapes [2] and [3] do not broadcast", () => matmul(of(2, 4, 4), of(3, 4, 4)), ShapeError],
    [
      "bias is [3], the result has 2 columns; bias needs [2]",
      () => matmul(of(3, 4), of(4, 2), { bias: of(3) }),
      ShapeError,
    ],
    [
      'b [4, 2] is i32, expected f32; convert with cast(b, "f32")',
      () => matmul(of(3, 4), tensor(new Int32Array(8), [4, 2])),
      DTypeError,
    ],
    ["expected a tensor, got object", () => matmul(of(3, 4), [[1]] as never), DTypeError],
    [
      'activation is "gelu"; it must be one of "none", "relu", "sigmoid", "tanh"',
      () => matmul(of(3, 4), of(4, 2), { activation: "gelu" as never }),
      ArgumentError,
    ],
  ])("%s", (message, call, type) => {
    scope(() => {
      expect(call).toThrow(type);
      expect(call).toThrow(`matmul: ${message}`);
    });
  });
});
