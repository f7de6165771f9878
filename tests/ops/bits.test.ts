import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { grad, valueAndGrad } from "../../src/grad.js";
import { add, mul } from "../../src/ops/binary.js";
import { type BitFormat, type BitTensor, packBits, roundToBits } from "../../src/ops/bits.js";
import { matmul } from "../../src/ops/matmul.js";
import { sum } from "../../src/ops/reduce.js";
import { relu, sigmoid, signSte, tanh } from "../../src/ops/unary.js";
import { sectionOf } from "../../src/packed.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import {
  deterministic,
  draw,
  expectSame,
  expectWithin,
  pick,
  type Random,
  random,
  roundoff,
  specials,
  zeroLeaks,
} from "../grid.js";
import { product, sign } from "../reference/bits.js";
import { watched } from "../watch.js";

zeroLeaks();

const binary: BitFormat = { kind: "binary", input: "f32", scaled: false };
const counting: BitFormat = { kind: "binary", input: "sign", scaled: false };
const scaling: BitFormat = { kind: "binary", input: "sign", scaled: true };
const ternary: BitFormat = { kind: "ternary" };
const formats = { binary, counting, scaling, ternary };

/** Around the panel of 16 rows, the bytes of 4 and 8 codes, whole vectors, and the 31 bytes that are summed in bytes. */
const rows = [0, 1, 2, 15, 16, 17, 33];
const columns = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 127, 128, 129, 247, 248, 249, 255, 257];

interface Drawn {
  readonly codes: number[];
  readonly scales: Float32Array;
  /** Numbers that have these codes. */
  readonly w: Float32Array;
}

function drawn(next: Random, n: number, k: number, { kind }: BitFormat): Drawn {
  const codes = Array.from({ length: n * k }, () => (kind === "ternary" ? pick(next, 3) - 1 : pick(next, 2) * 2 - 1));
  const scales = Float32Array.from({ length: n }, () => next() * 2);
  // Above the threshold 1, or not: that itself, too.
  const w = Float32Array.from(codes, (code) => code * (1.001 + next()) || (next() < 0.5 ? 1 : -next()));
  return { codes, scales, w };
}

function thresholdsOf(n: number, { kind }: BitFormat): Tensor {
  return tensor(new Float32Array(n).fill(kind === "ternary" ? 1 : -1));
}

function ours({ w, scales }: Drawn, n: number, k: number, format: BitFormat): BitTensor {
  return scope(() =>
    packBits(tensor(w, [n, k]), { thresholds: thresholdsOf(n, format), scales: tensor(scales) }, format),
  );
}

describe.each(Object.entries({ binary, ternary }))("%s codes", (_, format) => {
  test("packed, made dense and rounded in f32: the same numbers, to the bit", () => {
    for (const n of rows)
      for (const k of columns)
        watched(() =>
          scope(() => {
            const about = `[${n}, ${k}]`;
            const one = drawn(random(n * 1000 + k), n, k, format);
            const packed = ours(one, n, k, format);
            const dense = one.codes.map((code, i) => Math.fround(code * one.scales[Math.floor(i / k)]!));
            expectSame(readTensor(packed.codes()), one.codes.map(Math.fround), `${about}, codes`);
            expectSame(readTensor(packed.dense()), dense, `${about}, dense`);
            const scales = { thresholds: thresholdsOf(n, format), scales: tensor(one.scales) };
            const rounded = readTensor(roundToBits(tensor(one.w, [n, k]), scales));
            expectSame(
              rounded,
              dense.map((v) => v || 0),
              `${about}, rounded`,
            );
          }),
        );
  });

  test("take a bit each, two for ternary, in whole bytes of panels of 16 rows", () => {
    scope(() => {
      const packed = ours(drawn(random(1), 33, 129, format), 33, 129, format);
      expect(packed.sections.map(({ name, shape }) => [name, shape])).toEqual([
        ["codes", [3, format.kind === "binary" ? 17 : 33, 16]],
        ["scales", [33]],
      ]);
      expect(String(packed)).toBe(`Tensor(packed ${format.kind} [33, 129])`);
    });
  });

  test("0, −0 and the threshold itself", () => {
    scope(() => {
      const w = tensor([[0, -0, 1, -1, 2 ** -149, -(2 ** -149)]]);
      const packed = packBits(w, { thresholds: thresholdsOf(1, format), scales: tensor([1]) }, format);
      const signs = [1, 1, 1, -1, 1, -1];
      expectSame(readTensor(packed.codes()), format.kind === "binary" ? signs : [0, 0, 0, 0, 0, 0], "codes");
    });
  });
});

type Sizes = readonly [m: number, n: number, k: number];

const sizes: Sizes[] = [
  ...columns.flatMap((k): Sizes[] => [
    [1, 17, k],
    [5, 3, k],
  ]),
  ...rows.map((n): Sizes => [4, n, 129]),
  ...[0, 1, 2, 3, 4, 5, 7, 8, 9].map((m): Sizes => [m, 16, 31]),
];

describe("x as it is", () => {
  test.each(Object.entries({ binary, ternary }))("%s: within (k/2 + 5) · 2⁻²⁴ · Σ|x·w|", (_, format) => {
    for (const [i, [m, n, k]] of [...sizes, [3, 40, 1009] as Sizes].entries())
      watched(() =>
        scope(() => {
          const one = drawn(random(i), n, k, format);
          const x = draw(i % 2 ? "normal" : "logNormal", m * k, i);
          const y = readTensor(matmul(tensor(x, [m, k]), ours(one, n, k, format), { transposeB: true }));
          const { sums, magnitudes } = product(x, one.codes, [m, n, k]);
          const scale = (e: number) => one.scales[e % n]!;
          const bound = (e: number) => (k / 2 + 5) * roundoff * magnitudes[e]! * scale(e) + 2 ** -149;
          expectWithin(
            y,
            sums.map((s, e) => s * scale(e)),
            bound,
            `[${m}, ${n}, ${k}], seed ${i}`,
          );
        }),
      );
  });

  test("unaligned", () => {
    watched(
      () =>
        scope(() => {
          const [m, n, k] = [3, 17, 37];
          const one = drawn(random(3), n, k, ternary);
          const x = Float32Array.from({ length: m * k }, (_, i) => (i % 7) - 3);
          const y = readTensor(matmul(tensor(x, [m, k]), ours(one, n, k, ternary), { transposeB: true }));
          const expected = product(x, one.codes, [m, n, k]).sums.map((s, e) => Math.fround(s * one.scales[e % n]!));
          expectSame(y, expected, "small integers are exact");
        }),
      4,
    );
  });

  test("special values: as in the sum written out, and a ternary zero leaves nothing of what it meets", () => {
    const next = random(8);
    const few = specials.filter((v) => !Number.isFinite(v) || Math.abs(v) < 1e38);
    for (const format of [binary, ternary])
      for (let round = 0; round < 200; round++) {
        const [m, n, k] = [1 + pick(next, 5), 1 + pick(next, 18), 1 + pick(next, 20)];
        const one = drawn(next, n, k, format);
        const x = Float32Array.from({ length: m * k }, () =>
          next() < 0.05 ? few[pick(next, few.length)]! : pick(next, 9) - 4,
        );
        const y = scope(() =>
          readTensor(
            matmul(tensor(x, [m, k]), ours({ ...one, scales: one.scales.fill(1) }, n, k, format), { transposeB: true }),
          ),
        );
        const { sums, magnitudes } = product(x, one.codes, [m, n, k]);
        const bound = (e: number) => (k / 2 + 5) * (roundoff * magnitudes[e]! + 2 ** -149);
        expectWithin(y, sums, bound, `${format.kind}, round ${round}, [${m}, ${n}, ${k}]`);
      }
  });
});

describe("signs of x", () => {
  test("exact: scale · (k − 2 · popcount(x xor w)), rounded once", () => {
    for (const [i, [m, n, k]] of [...sizes, [3, 40, 1009] as Sizes, [2, 17, 4099] as Sizes].entries())
      watched(() =>
        scope(() => {
          const one = drawn(random(i), n, k, counting);
          const x = draw("normal", m * k, i + 1);
          const y = readTensor(matmul(tensor(x, [m, k]), ours(one, n, k, counting), { transposeB: true }));
          const { sums } = product(x.map(sign), one.codes, [m, n, k]);
          expectSame(
            y,
            sums.map((s, e) => Math.fround(s * one.scales[e % n]!)),
            `[${m}, ${n}, ${k}], seed ${i}`,
          );
        }),
      );
  });

  test("scaled: times mean |x| of the row", () => {
    for (const [i, [m, n, k]] of sizes.entries())
      watched(() =>
        scope(() => {
          const one = drawn(random(i), n, k, scaling);
          const x = draw("normal", m * k, i + 1);
          const y = readTensor(matmul(tensor(x, [m, k]), ours(one, n, k, scaling), { transposeB: true }));
          const { sums } = product(x.map(sign), one.codes, [m, n, k]);
          const means = Array.from(
            { length: m },
            (_, r) => x.subarray(r * k, (r + 1) * k).reduce((s, v) => s + Math.abs(v), 0) / k,
          );
          const exact = sums.map((s, e) => (k === 0 ? 0 : s * one.scales[e % n]! * means[Math.floor(e / n)]!));
          // Of the mean k / 8 + 4 roundings at most, of the product two.
          expectWithin(y, exact, (e) => (k / 8 + 6) * roundoff * Math.abs(exact[e]!), `[${m}, ${n}, ${k}]`);
        }),
      );
  });

  test("0 and −0 count as 1, infinities by their sign, and NaN makes its row NaN", () => {
    const inf = Number.POSITIVE_INFINITY;
    scope(() => {
      const w = ours({ codes: [], scales: Float32Array.of(0.5), w: Float32Array.of(1, 1, 1) }, 1, 3, counting);
      const x = tensor([0, -0, -1, inf, -inf, 2 ** -149, 1, Number.NaN, 1, -1, -1, -1], [4, 3]);
      expectSame(readTensor(matmul(x, w, { transposeB: true })), [0.5, 0.5, Number.NaN, -1.5], "rows");
    });
  });
});

const activations = { none: undefined, relu, sigmoid, tanh };

test.each(Object.entries(formats))("%s: bias and activations equal the ops one by one", (_, format) => {
  const few: Sizes[] = [
    [5, 21, 9],
    [4, 16, 8],
    [1, 1, 1],
    [3, 5, 0],
    [0, 3, 4],
    [3, 0, 4],
  ];
  for (const [i, [m, n, k]] of few.entries())
    watched(() =>
      scope(() => {
        const x = tensor(draw("normal", m * k, i), [m, k]);
        const w = ours(drawn(random(i), n, k, format), n, k, format);
        const bias = tensor(draw("normal", n, i + 2));
        const plain = matmul(x, w, { transposeB: true });
        expect(plain.shape).toEqual([m, n]);
        const shifted = add(plain, bias);
        for (const [name, op] of Object.entries(activations)) {
          const activation = op === undefined ? undefined : (name as "relu");
          const y = matmul(x, w, { transposeB: true, bias, activation });
          const about = `[${m}, ${n}, ${k}], ${name}`;
          expectSame(readTensor(y), readTensor(op === undefined ? shifted : op(shifted)), about);
        }
        const bent = readTensor(matmul(x, w, { transposeB: true, activation: "relu" }));
        expectSame(bent, readTensor(relu(plain)), `[${m}, ${n}, ${k}], relu without a bias`);
      }),
    );
});

test("plain and relaxed SIMD give the same bits", async () => {
  const run = () =>
    Object.values(formats).map((format, i) =>
      scope(() => {
        const x = tensor(draw("normal", 7 * 300, i), [7, 300]);
        return readTensor(matmul(x, ours(drawn(random(i), 19, 300, format), 19, 300, format), { transposeB: true }));
      }),
    );
  const here = run();
  await deterministic(() => expect(run()).toEqual(here));
});

describe("gradients", () => {
  test.each(Object.entries(formats))("%s: x and bias get those of the product with what is packed", (_, format) => {
    const [m, n, k] = [3, 5, 9];
    const one = drawn(random(2), n, k, format);
    const [x, g, bias] = [draw("normal", m * k, 3), draw("normal", m * n, 4), draw("normal", n, 5)];
    scope(() => {
      const w = ours(one, n, k, format);
      const f = ({ x, bias }: { x: Tensor; bias: Tensor }) =>
        sum(mul(matmul(x, w, { transposeB: true, bias, activation: "tanh" }), tensor(g, [m, n])));
      const { grads } = valueAndGrad(f)({ x: tensor(x, [m, k]), bias: tensor(bias) });
      const y = readTensor(matmul(tensor(x, [m, k]), w, { transposeB: true, bias: tensor(bias), activation: "tanh" }));
      const d = y.map((v, e) => g[e]! * (1 - v * v));
      const byBias = Array.from({ length: n }, (_, j) => d[j]! + d[n + j]! + d[2 * n + j]!);
      expectWithin(readTensor(grads.bias), byBias, 1e-5, "bias");
      const signs = format.kind === "binary" && format.input === "sign";
      const byX = Array.from(x, (v, e) => {
        const [row, p] = [Math.floor(e / k), e % k];
        let back = 0;
        for (let j = 0; j < n; j++) back += d[row * n + j]! * one.scales[j]! * one.codes[j * k + p]!;
        if (signs && format.scaled) back *= x.subarray(row * k, (row + 1) * k).reduce((s, v) => s + Math.abs(v), 0) / k;
        return signs && Math.abs(v) > 1 ? 0 : back;
      });
      expectWithin(readTensor(grads.x), byX, 1e-5, "x");
    });
  });

  test("of rounding: straight through; of the sign: where |x| ≤ 1", () => {
    scope(() => {
      const scales = { thresholds: tensor([1]), scales: tensor([3]) };
      const straight = grad((w: Tensor) => sum(mul(roundToBits(w, scales), tensor([[1, 2, 3, 4]]))));
      expectSame(readTensor(straight(tensor([[5, 0.5, -0.5, -5]]))), [1, 2, 3, 4], "straight through");
      const slope = grad((x: Tensor) => sum(mul(signSte(x), tensor([1, 2, 3, 4, 5, 6]))));
      expectSame(readTensor(slope(tensor([-1, 1, 0, -0, 1.001, -2]))), [1, 2, 3, 4, 0, 0], "hard tanh");
    });
  });
});

test("between the sections lies 0: the same matrix, the same bytes", () => {
  scope(() => {
    const one = drawn(random(1), 3, 5, binary);
    const [a, b] = [ours(one, 3, 5, binary), ours(one, 3, 5, binary)];
    const bytes = (w: BitTensor) => w.sections.map((section) => [...sectionOf(w, section)]);
    expect(bytes(a)).toEqual(bytes(b));
    expect(a.bytes).toBe(32);
  });
});

test("makes no sense of other formats", () => {
  scope(() => {
    const scales = { thresholds: tensor([1]), scales: tensor([1]) };
    const of = (format: unknown) => () => packBits(tensor([[1]]), scales, format as BitFormat);
    expect(of({ kind: "binary", input: "sings", scaled: false })).toThrow(ArgumentError);
    expect(of({ kind: "binary", input: "sign", scaled: 1 })).toThrow(/scaled is 1; it must be true or false/);
  });
});

// Last: it makes the memory large, which watched() looks through.
test("signs, all 1 × all −1, at every size and up to the largest k, 65,535; above it is refused", () => {
  for (const k of [...columns, 256, 511, 512, 4096, 65534, 65535])
    for (const [a, b] of [
      [1, 1],
      [1, -1],
      [-1, 1],
      [-1, -1],
    ] as const)
      scope(() => {
        const [m, n] = [5, 17];
        const x = tensor(new Float32Array(m * k).fill(a), [m, k]);
        const w = ours(
          { codes: [], scales: new Float32Array(n).fill(1), w: new Float32Array(n * k).fill(b) },
          n,
          k,
          counting,
        );
        const y = readTensor(matmul(x, w, { transposeB: true }));
        expectSame(y, new Float32Array(m * n).fill(k === 0 ? 0 : a * b * k), `${a} × ${b}, k ${k}`);
      });
  const wide = tensor(new Float32Array(65536), [1, 65536]);
  const scales = { thresholds: tensor([-1]), scales: tensor([1]) };
  expect(() => packBits(wide, scales, counting)).toThrow(/at most 65535 are counted, take input "f32"/);
  packBits(wide, scales, binary).dispose();
  for (const t of [wide, scales.thresholds, scales.scales]) t.dispose();
});
