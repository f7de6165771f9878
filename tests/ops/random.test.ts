import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { dropout, normal, permutation, type RandomOptions, uniform } from "../../src/ops/random.js";
import { sum } from "../../src/ops/reduce.js";
import { kernels } from "../../src/runtime/kernels.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { withArena } from "../arena.js";
import { deterministic, draw, expectSame, expectWithin, roundoff, sizes, zeroLeaks } from "../grid.js";
import * as reference from "../reference/random.js";
import { erf } from "../reference/unary.js";
import { drawn, shapes } from "../values.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Seeds and streams that use every bit of the key. */
const keys: readonly Required<RandomOptions>[] = [
  { seed: 0, stream: 0 },
  { seed: 1, stream: 0 },
  { seed: 1, stream: 1 },
  { seed: 2 ** 32, stream: 0 },
  { seed: 2 ** 53 - 1, stream: 2 ** 32 - 1 },
  { seed: 0x1234_5678_9abc, stream: 0xfedc_ba98 },
];

const count = (n: number, at: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => at(i));

describe("Philox-4x32-10", () => {
  it.each<[counter: number[], key: number[], words: number[]]>([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [new Array(4).fill(0xffffffff), new Array(2).fill(0xffffffff), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])("of the reference gives the known answer of Random123 for counter %j, key %j", (counter, key, words) => {
    expect(reference.philox(counter, key)).toEqual(words);
  });

  it("of the kernel gives the words of the reference, in any slice", () => {
    withArena((arena) => {
      for (const { seed, stream } of keys)
        for (const [begin, end] of [
          [0, 33],
          [1, 2],
          [3, 9],
          [5, 8],
          [6, 7],
          [2, 3],
          [0, 0],
          [5, 5],
          [6, 6],
          [7, 7],
          [1020, 1031],
        ] as const) {
          const out = arena.room(end * 4);
          arena.writes(out + begin * 4, out + end * 4, `bits [${begin}, ${end})`, () =>
            kernels().bits_u32(out, seed % 2 ** 32, Math.floor(seed / 2 ** 32), stream, begin, end),
          );
          const words = new Uint32Array(arena.copy(out + begin * 4, (end - begin) * 4).buffer);
          const truth = count(end - begin, (i) => reference.bitsAt(seed, stream, begin + i));
          expect([...words], `seed ${seed}, stream ${stream}, [${begin}, ${end})`).toEqual(truth);
          arena.clear();
        }
    });
  });
});

describe("uniform", () => {
  it("is the reference's number at each index, whatever the shape", () => {
    for (const key of keys)
      for (const shape of shapes)
        watched(
          () =>
            scope(() => {
              const y = uniform(shape, key);
              expect(y.shape).toEqual(shape);
              const truth = count(y.size, (i) => reference.unitAt(key.seed, key.stream, i));
              expectSame(readTensor(y), truth, `uniform [${shape}] of ${JSON.stringify(key)}`);
            }),
          (key.seed % 2) * 4,
        );
  }, 20_000);

  it("goes from low to high: low + (high − low) · u, rounded to f32", () => {
    scope(() => {
      const y = uniform([1009], { seed: 7, low: -3, high: 5 });
      const truth = count(1009, (i) => 8 * reference.unitAt(7, 0, i) - 3);
      expectWithin(readTensor(y), truth, 8 * roundoff, "uniform in [−3, 5)");
    });
  });

  it("never reaches high, even where rounding would", () => {
    for (const [low, high] of [
      [1, 1 + 2 ** -23],
      [2 ** 24, 2 ** 24 + 2],
      [1, 2],
      [-1, 0],
    ] as const)
      scope(() => {
        const y = readTensor(uniform([4099], { seed: 1, low, high }));
        expect(
          y.every((v) => v >= low && v < high),
          `[${low}, ${high})`,
        ).toBe(true);
      });
    scope(() => expect([...readTensor(uniform([3], { seed: 1, low: 2, high: 2 }))]).toEqual([2, 2, 2]));
  });

  it("refuses ends that are no range", () => {
    for (const [low, high] of [
      [1, 0],
      [Number.NaN, 1],
      [0, Number.POSITIVE_INFINITY],
      [-3e38, 3e38],
    ] as const) {
      expect(() => uniform([2], { seed: 1, low, high })).toThrow(ArgumentError);
      expect(() => uniform([2], { seed: 1, low, high })).toThrow(
        `uniform: low is ${low}, high ${high}; low may not be`,
      );
    }
  });
});

describe("normal", () => {
  it("is the reference's number at each index, whatever the shape", () => {
    for (const key of keys)
      for (const n of sizes)
        watched(
          () =>
            scope(() => {
              const truth = count(n, (i) => reference.normalAt(key.seed, key.stream, i));
              // The radius is at most 5.77; its own error and that of the cosine are a few roundoffs each.
              const y = readTensor(normal([n], key));
              expectWithin(y, truth, 5.77 * 4 * roundoff, `normal [${n}] of ${JSON.stringify(key)}`);
            }),
          (key.seed % 2) * 4,
        );
  });

  it("has the mean and standard deviation asked for", () => {
    scope(() => {
      const truth = count(1009, (i) => 3 + 0.5 * reference.normalAt(5, 2, i));
      const y = normal([1009], { seed: 5, stream: 2, mean: 3, std: 0.5 });
      expectWithin(readTensor(y), truth, 3 * 4 * roundoff, "normal of mean 3, std 0.5");
      expect([...readTensor(normal([2], { seed: 1, mean: 4, std: 0 }))]).toEqual([4, 4]);
    });
  });

  it("refuses a negative standard deviation", () => {
    for (const std of [-1, Number.NaN]) {
      expect(() => normal([2], { seed: 1, std })).toThrow(ArgumentError);
      expect(() => normal([2], { seed: 1, std })).toThrow(`normal: std is ${std}; it goes from 0`);
    }
  });
});

describe("permutation", () => {
  it("is the reference's order", () => {
    for (const { seed, stream } of keys)
      for (const n of [...sizes, 2, 6])
        watched(() =>
          scope(() => {
            const y = permutation(n, { seed, stream });
            expect(y.dtype).toBe("i32");
            expect(y.shape).toEqual([n]);
            expectSame(readTensor(y), reference.permutation(n, seed, stream), `permutation of ${n}, seed ${seed}`);
          }),
        );
  });

  it("holds each number once", () => {
    scope(() => {
      const y = readTensor(permutation(60_000, { seed: 3 }));
      expectSame(
        [...y].sort((a, b) => a - b),
        count(60_000, (i) => i),
        "sorted",
      );
    });
  });

  it("refuses a length that is none", () => {
    for (const n of [-1, 1.5, Number.NaN, 2 ** 31]) expect(() => permutation(n, { seed: 1 })).toThrow(ShapeError);
    expect(() => permutation(-1, { seed: 1 })).toThrow("permutation: shape [-1] has the size -1");
  });
});

describe("dropout", () => {
  it("keeps what the reference keeps, divided by 1 − p", () => {
    for (const { seed, stream } of keys)
      for (const p of [0, 0.1, 0.5, 0.9, 1])
        for (const n of sizes)
          watched(
            () =>
              scope(() => {
                const x = drawn([n], 1);
                const keeps = (i: number): boolean => reference.unitAt(seed, stream, i) >= Math.fround(p);
                const truth = count(n, (i) => (keeps(i) ? x.data[i]! / (1 - p) : 0));
                const y = readTensor(dropout(tensor(x.data, [n]), { p, seed, stream }));
                const bound = truth.map((v) => 3 * roundoff * Math.abs(v));
                expectWithin(y, truth, bound, `dropout of [${n}] at ${p}, seed ${seed}`);
              }),
            (seed % 2) * 4,
          );
  }, 20_000);

  it("has the same mask in the gradient", () => {
    scope(() => {
      const options = { p: 0.4, seed: 9, stream: 3 };
      const [x, g] = [draw("normal", 4099, 1), draw("normal", 4099, 2)];
      const loss = (t: Tensor) => sum(mul(dropout(t, options), tensor(g)));
      const { grads } = valueAndGrad(loss)(tensor(x));
      expectSame(readTensor(grads), readTensor(dropout(tensor(g), options)), "the gradient of dropout");
    });
  });

  it("makes a dropped NaN or Infinity 0, and keeps one that is not dropped", () => {
    scope(() => {
      const bad = draw("special", 1009, 1).map((v, i) => (i % 2 ? Number.NaN : v));
      const all = readTensor(dropout(tensor(bad), { p: 1, seed: 1 }));
      expect(all.every((v) => v === 0)).toBe(true);
      const none = readTensor(dropout(tensor(bad), { p: 0, seed: 1 }));
      expectSame(none, bad, "dropout with p = 0");
    });
  });

  it("refuses p outside of 0 to 1, and dtypes but f32", () => {
    scope(() => {
      for (const p of [-0.1, 1.1, Number.NaN]) {
        expect(() => dropout(tensor([1]), { p, seed: 1 })).toThrow(ArgumentError);
        expect(() => dropout(tensor([1]), { p, seed: 1 })).toThrow(`dropout: p is ${p}; it goes from 0 to 1`);
      }
      expect(() => dropout(tensor(new Int32Array(1)), { p: 0.5, seed: 1 })).toThrow(DTypeError);
    });
  });
});

describe("seeds", () => {
  const ops: [name: string, op: (options: RandomOptions) => Tensor][] = [
    ["uniform", (o) => uniform([33], o)],
    ["normal", (o) => normal([33], o)],
    ["permutation", (o) => permutation(33, o)],
    ["dropout", (o) => dropout(tensor(new Float32Array(133).fill(1)), { p: 0.5, ...o })],
  ];

  it.each(ops)("of %s: each seed and stream gives other numbers, the same one the same", (_, op) => {
    scope(() => {
      const texts = keys.map((key) => `${readTensor(op(key))}`);
      expect(new Set(texts).size).toBe(keys.length);
      expect(keys.map((key) => `${readTensor(op(key))}`)).toEqual(texts);
      expect(`${readTensor(op({ seed: 1 }))}`).toBe(`${readTensor(op({ seed: 1, stream: 0 }))}`);
    });
  });

  it.each(ops)("of %s outside their range are refused", (name, op) => {
    scope(() => {
      for (const seed of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, undefined as unknown as number]) {
        expect(() => op({ seed })).toThrow(ArgumentError);
        expect(() => op({ seed })).toThrow(`${name}: seed is ${seed}; it must be an integer from 0`);
      }
      for (const stream of [-1, 0.5, 2 ** 32, Number.NaN]) {
        expect(() => op({ seed: 1, stream })).toThrow(ArgumentError);
        expect(() => op({ seed: 1, stream })).toThrow(`${name}: stream is ${stream}; it must be an integer from 0`);
      }
    });
  });
});

/** The largest distance between the distribution of a sample and a distribution function (Kolmogorov & Smirnov), times √n. */
function distance(sample: Float32Array, cdf: (x: number) => number): number {
  const sorted = sample.slice().sort();
  const n = sorted.length;
  return Math.sqrt(n) * sorted.reduce((worst, x, i) => Math.max(worst, cdf(x) - i / n, (i + 1) / n - cdf(x)), 0);
}

/** Σ (counted − expected)² / expected for cells that are all equally likely. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((n, c) => n + c, 0) / counts.length;
  return counts.reduce((total, c) => total + (c - expected) ** 2 / expected, 0);
}

/** The first four moments about 0. */
function moments(sample: Float32Array): number[] {
  return [1, 2, 3, 4].map((k) => sample.reduce((total, x) => total + x ** k, 0) / sample.length);
}

// Seeds are fixed, so that each of these holds or not for good; the limits are those of a test that errs once in a thousand.
describe("statistics", () => {
  const n = 100_000;
  const limit = 1.95; // Kolmogorov's distribution
  const sigmas = 3.3;

  it("of uniform: moments, distribution, no correlation between neighbours or streams", () => {
    scope(() => {
      const x = readTensor(uniform([n], { seed: 11, low: -1, high: 1 }));
      const other = readTensor(uniform([n], { seed: 11, stream: 1, low: -1, high: 1 }));
      // E x = 0, E x² = 1/3, E x³ = 0, E x⁴ = 1/5; variances 1/3, 4/45, 1/7, 16/225.
      const expected = [0, 1 / 3, 0, 1 / 5];
      const deviations = [1 / 3, 4 / 45, 1 / 7, 16 / 225].map((v) => sigmas * Math.sqrt(v / n));
      expectWithin(moments(x), expected, deviations, "moments of uniform");
      expect(distance(x, (v) => (v + 1) / 2)).toBeLessThan(limit);
      for (const lag of [1, 2, 3, 4, 5]) {
        const product = x.subarray(lag).reduce((total, v, i) => total + v * x[i]!, 0);
        expect(Math.abs(product), `lag ${lag}`).toBeLessThan((sigmas * Math.sqrt(n)) / 3);
      }
      const across = x.reduce((total, v, i) => total + v * other[i]!, 0);
      expect(Math.abs(across)).toBeLessThan((sigmas * Math.sqrt(n)) / 3);
    });
  });

  it("of normal: moments, distribution, no correlation within a block of four", () => {
    scope(() => {
      const x = readTensor(normal([n], { seed: 12 }));
      // Variances of x, x², x³, x⁴ are 1, 2, 15, 96.
      const deviations = [1, 2, 15, 96].map((v) => sigmas * Math.sqrt(v / n));
      expectWithin(moments(x), [0, 1, 0, 3], deviations, "moments of normal");
      expect(distance(x, (v) => (1 + erf(v / Math.SQRT2)) / 2)).toBeLessThan(limit);
      for (const lag of [1, 2, 3, 4]) {
        const product = x.subarray(lag).reduce((total, v, i) => total + v * x[i]!, 0);
        expect(Math.abs(product), `lag ${lag}`).toBeLessThan(sigmas * Math.sqrt(n));
      }
      expect(Math.max(...x.map(Math.abs))).toBeLessThan(5.8);
    });
  });

  it("of permutation: every number in every place, every order, equally often", () => {
    const places = new Array<number>(64).fill(0);
    const orders = new Map<string, number>();
    for (let stream = 0; stream < 20_000; stream++)
      scope(() => {
        for (const [at, value] of readTensor(permutation(8, { seed: 13, stream })).entries()) places[at * 8 + value]!++;
        const order = `${readTensor(permutation(4, { seed: 14, stream }))}`;
        orders.set(order, (orders.get(order) ?? 0) + 1);
      });
    expect(chiSquare(places)).toBeLessThan(85.4); // 49 degrees of freedom
    expect(orders.size).toBe(24);
    expect(chiSquare([...orders.values()])).toBeLessThan(49.7); // 23 degrees of freedom
  });

  it("of dropout: the share that is dropped is p", () => {
    scope(() => {
      const x = tensor(new Float32Array(n).fill(1));
      for (const p of [0.1, 0.5, 0.9]) {
        const dropped = readTensor(dropout(x, { p, seed: 15 })).filter((v) => v === 0).length;
        expect(Math.abs(dropped - p * n), `p = ${p}`).toBeLessThan(sigmas * Math.sqrt(n * p * (1 - p)));
      }
    });
  });
});

describe("golden values", () => {
  it("do not change from release to release", async () => {
    const golden = await deterministic(() =>
      scope(() => ({
        uniform: [...readTensor(uniform([4], { seed: 42 }))],
        normal: [...readTensor(normal([4], { seed: 42 }))],
        permutation: [...readTensor(permutation(8, { seed: 42 }))],
        dropout: [...readTensor(dropout(tensor(new Float32Array(8).fill(1)), { p: 0.5, seed: 42 }))],
      })),
    );
    expect(golden).toEqual({
      uniform: [0.6129598617553711, 0.4685865044593811, 0.07323169708251953, 0.3408614993095398],
      normal: [1.234541893005371, -0.6076507568359375, 0.6118496060371399, 0.9461449980735779],
      permutation: [0, 5, 6, 3, 7, 4, 2, 1],
      dropout: [2, 0, 0, 0, 2, 0, 2, 0],
    });
  });
});
