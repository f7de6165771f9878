// Weights that are codes with a scale for each row: those of f32 csr in all but their bytes, which tests/ops/sparse.test.ts proves.
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { matmul } from "../../src/ops/matmul.js";
import { type QTensor, quantizeAffine, quantized } from "../../src/ops/quantized.js";
import { sparse } from "../../src/ops/sparse.js";
import { int4, int8 } from "../../src/quantize/affine.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { deterministic, draw, expectSame, pick, random, zeroLeaks } from "../grid.js";
import { roundHalfEven } from "../reference/quantized.js";
import { watched } from "../watch.js";
import { provesFiles, refuses, sparsely } from "./sparseProofs.js";

zeroLeaks();

const T = { transposeB: true } as const;
const f32 = Math.fround;
const someBits = [2, 3, 4, 5, 6, 7, 8];

/** Each number over its row's scale, rounded to the nearest integer, times the scale. */
function rounded(w: Float32Array, k: number, bits: number): Float32Array {
  return w.map((value, i) => {
    const row = w.subarray(Math.floor(i / k) * k, Math.floor(i / k) * k + k);
    const scale = f32(Math.max(...row.map(Math.abs)) / (2 ** (bits - 1) - 1)) || 1;
    return value === 0 ? 0 : f32(roundHalfEven(f32(value / scale)) * scale);
  });
}

describe.each(someBits)("codes of %i bits", (bits) => {
  test("are the nearest, with zeros exact; those that are 0 are not stored", () => {
    const next = random(bits);
    for (let seed = 0; seed < 20; seed++) {
      const [n, k] = [1 + pick(next, 9), 1 + pick(next, 70)];
      const w = sparsely("csr", [n, k], [0, 0.1, 0.6, 1][seed % 4]!, seed, draw("logNormal", n * k, seed));
      scope(() => {
        const stored = sparse(tensor(w, [n, k]), { bits });
        const expected = rounded(w, k, bits).map((value) => value + 0);
        expectSame(readTensor(stored.dense()), expected, `[${n}, ${k}], seed ${seed}`);
        const count = expected.filter((value) => value !== 0).length;
        expect(stored.format).toEqual({ kind: "csr", count, bits });
        const up = (bytes: number) => Math.ceil(bytes / 16) * 16;
        expect(stored.bytes).toBe(2 * up(count) + up(4 * n) + up(4 * n + 4));
      });
    }
  });

  test("multiply as f32 csr does, to the bit: one row, few and a batch, in any slices, with bias and activation", () => {
    const next = random(bits);
    for (const [m, k, n] of [
      [1, 1, 1],
      [1, 9, 7],
      [1, 300, 9],
      [3, 67, 6],
      [5, 33, 17],
      [17, 70, 3],
      [35, 12, 9],
      [20, 600, 5],
    ] as const) {
      const w = sparsely("csr", [n, k], 0.4, k);
      const [x, bias] = [draw("normal", m * k, 1), draw("normal", n, 2)];
      for (const activation of [undefined, "relu"] as const) {
        const run = (w: () => Tensor) =>
          scope(() => readTensor(matmul(tensor(x, [m, k]), w(), { ...T, bias: tensor(bias), activation })));
        const coded = () => sparse(tensor(w, [n, k]), { layout: "csr", bits });
        const made = watched(() => run(coded), 4 * pick(next, 4));
        expectSame(
          made,
          run(() => sparse(coded().dense(), { layout: "csr" })),
          `[${m}, ${k}, ${n}]`,
        );
      }
    }
  });

  test("count places on the way over gaps of more than 255 columns", () => {
    scope(() => {
      const [n, k] = [3, 1500];
      const w = new Float32Array(n * k);
      for (const at of [0, 256, 1499, 2 * k + 1499]) w[at] = at === 256 ? -1 : 1;
      const stored = sparse(tensor(w, [n, k]), { bits });
      expect(stored.format.count).toBe(4 + 1 + 4 + 5);
      expectSame(readTensor(stored.dense()), w, "gaps");
      for (const m of [1, 16]) {
        const x = tensor(draw("normal", m * k, 3), [m, k]);
        expectSame(readTensor(matmul(x, stored, T)), readTensor(matmul(x, sparse(tensor(w, [n, k])), T)), `${m} rows`);
      }
    });
  });

  provesFiles("csr", { layout: "csr", bits });
});

describe("a quantized matrix", () => {
  const [n, k] = [9, 70];
  const w = () => tensor(sparsely("csr", [n, k], 0.2, 5), [n, k]);
  const sources: readonly [string, number, () => QTensor][] = [
    ["int8", 8, () => int8().pack(w())],
    ["int4", 4, () => int4().pack(w())],
    ["int4 per tensor", 4, () => int4({ per: "tensor" }).pack(w())],
    ["2 bits", 2, () => quantizeAffine(w(), 0.5, undefined, { bits: 2 })],
    ["2 bits with zero points", 3, () => quantizeAffine(w(), 0.5, [-2, -1, 0, 1, -2, -1, 0, 1, 0], { bits: 2 })],
    ["4 bits without a sign", 4, () => quantizeAffine(w(), 0.3, undefined, { bits: 4, signed: false })],
  ];

  test.each(sources)("of %s keeps its codes: the same numbers, to the bit", (_, bits, make) => {
    scope(() => {
      const q = make();
      const stored = sparse(q);
      expect(stored.format).toMatchObject({ kind: "csr", bits });
      const dense = readTensor(q.dense()).map((value) => value + 0);
      expectSame(readTensor(stored.dense()), dense, "dense");
      expect(stored.format.count).toBe(dense.filter((value) => value !== 0).length);
    });
  });

  test("has the codes that the bits of f32 get", async () => {
    await deterministic(() =>
      scope(() => {
        for (const [bits, scheme] of [
          [8, int8()],
          [4, int4()],
        ] as const)
          expectSame(
            readTensor(sparse(w(), { bits }).dense()),
            readTensor(sparse(scheme.pack(w())).dense()),
            `${bits} bits`,
          );
      }),
    );
  });

  test.each<[string, () => QTensor, RegExp]>([
    ["groups", () => int4({ group: 32 }).pack(w()), /a scale for every 32 columns, not for each row/],
    ["zero points of 8 bits", () => int8({ symmetric: false }).pack(w()), /codes of 8 bits with zero points need 9/],
    ["products of integers", () => int8().pack(w()).reading("dynamic"), /its products are of integers/],
  ])("with %s is refused", (_, make, message) => {
    scope(() => {
      expect(() => sparse(make())).toThrow(ArgumentError);
      expect(() => sparse(make())).toThrow(message);
    });
  });
});

test("rows of zeros, of tiny and of huge numbers, and none at all, are what they are", () => {
  scope(() => {
    const w = Float32Array.from([0, 0, -0, 2 ** -149, 0, -(2 ** -130), 3e38, 1e37, -3e38]);
    const stored = sparse(tensor(w, [3, 3]), { bits: 8 });
    const [zeros, tiny, huge] = [0, 1, 2].map((row) => readTensor(stored.dense()).slice(row * 3, row * 3 + 3));
    expect(zeros).toEqual(new Float32Array(3));
    expect(tiny!.every((value) => Math.abs(value) < 2 ** -126)).toBe(true);
    for (const [i, value] of huge!.entries()) expect(Math.abs(value - w[6 + i]!)).toBeLessThan(1.2e36);
    for (const shape of [
      [0, 3],
      [3, 0],
    ]) {
      const none = sparse(tensor([], shape), { bits: 4 });
      expect(matmul(tensor(new Float32Array(2 * shape[1]!), [2, shape[1]!]), none, T).shape).toEqual([2, shape[0]]);
    }
  });
});

test("what has no code, or no place for one, says so", () => {
  scope(() => {
    const w = tensor([[1, 2]]);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => sparse(tensor([[1, bad]]), { bits: 4 })).toThrow(/w\[1\] is (NaN|Infinity); only finite numbers/);
    for (const bits of [1, 9, 2.5, "4"]) expect(() => sparse(w, { bits: bits as number })).toThrow(ArgumentError);
    expect(() => sparse(w, { layout: "bitmap", bits: 4 })).toThrow(/codes are stored as csr, not as "bitmap"/);
    const q = quantized([1, 2], 1, undefined, [1, 2], { bits: 4 });
    expect(() => sparse(q, { bits: 4 })).toThrow(/w is quantized, to 4 bits; leave out bits/);
    expect(() => sparse(q, { layout: "2:4" })).toThrow(/codes are stored as csr/);
  });
});

describe("a file of codes", () => {
  const bad = /scale 2 is (NaN|Infinity|0|-1); it must be finite and above 0/;
  for (const scale of [Number.NaN, Number.POSITIVE_INFINITY, 0, -1])
    refuses("csr", `a scale of ${scale}`, ({ scales }) => scales.fill(scale, 2, 3), bad, 4);
  refuses("csr", "codes beyond f32", ({ scales }) => scales.fill(3e38), /number \d+ is .*; it must be finite/, 4);
  refuses("csr", "a code of 8", ({ values }) => values.fill(8, 3, 4), /a code is 8; it must be of 4 bits/, 4);
  refuses("csr", "a code of −9", ({ values }) => values.fill(-9, 3, 4), /a code is -9; it must be of 4 bits/, 4);
  refuses("csr", "a column past the end", ({ places }) => places.fill(200, 0, 1), /columns must rise/, 4);
  refuses("csr", "a first row that starts late", ({ starts }) => starts.set([1], 0), /rows go from 1|ends at/, 4);
  refuses("csr", "rows past the end", ({ starts }) => starts.set([999], 5), /not from 0 to/, 4);
  refuses("csr", "rows that go back", ({ starts }) => starts.set([-1], 1), /ends at -1/, 4);
  for (const bits of [1, 9, 4.5, "4"])
    refuses("csr", `${JSON.stringify(bits)} bits`, (_, format) => Object.assign(format, { bits }), /bits is/, 4);
  refuses("csr", "another count", (_, format) => Object.assign(format, { count: 3 }), /values"? must be I8 \[3\]/, 4);
});
