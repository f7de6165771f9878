import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, GradientError, ShapeError } from "../../src/errors.js";
import { grad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { affineCodes, fakeQuantize, lsq } from "../../src/ops/fakeQuantize.js";
import { sum } from "../../src/ops/reduce.js";
import { straightThrough } from "../../src/ops/straightThrough.js";
import { square } from "../../src/ops/unary.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, pick, random, roundoff, sizes, specials, zeroLeaks } from "../grid.js";
import { codeOf, fake, type Sharing, scaleIndices, stepSlope } from "../reference/fakeQuantize.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Shapes and who shares a scale: around the vector, runs that do and do not divide, every axis. */
const layouts: readonly (readonly [shape: readonly number[], sharing: Sharing])[] = [
  [[], {}],
  ...sizes.map((n) => [[n], {}] as const),
  ...sizes.filter((n) => n < 100).map((n) => [[3, n], { axis: 0 }] as const),
  ...[1, 3, 4, 5, 16, 17].map((group) => [[5, 17], { group }] as const),
  ...[1, 7, 64].map((group) => [[2, 3, 9], { group }] as const),
  ...[0, 1, 2, -1].map((axis) => [[3, 5, 6], { axis }] as const),
  [[4, 0], { axis: 0 }],
  [[0, 4], { group: 2 }],
];

const codes = [
  { low: -128, high: 127 },
  { low: 0, high: 255 },
  { low: -8, high: 7 },
  { low: -2, high: 1 },
] as const;

interface Drawn {
  readonly shape: readonly number[];
  readonly sharing: Sharing;
  readonly x: Float32Array;
  readonly scales: Float32Array;
  readonly zeros: Int32Array;
  readonly index: readonly number[];
  readonly low: number;
  readonly high: number;
}

function each(fn: (drawn: Drawn, about: string) => void): void {
  for (const [i, [shape, sharing]] of layouts.entries()) {
    const { low, high } = codes[i % codes.length]!;
    const next = random(i);
    const size = shape.reduce((n, d) => n * d, 1);
    const axis = sharing.axis === -1 ? shape.length - 1 : sharing.axis;
    const { index, count } = scaleIndices(shape, { ...sharing, ...(axis !== undefined && { axis }) });
    const scales = Float32Array.from({ length: count }, () => 0.02 + next());
    const zeros = Int32Array.from({ length: count }, () => low + pick(next, high - low + 1));
    // Far enough out that every range clips, ties among them.
    const x = draw("normal", size, i).map((v, e) =>
      e % 5 === 0 ? (Math.round(v * 8) + 0.5) * scales[index[e]!]! : v * scales[index[e]!]! * (high - low),
    );
    fn({ shape, sharing, x, scales, zeros, index, low, high }, `[${shape}], ${JSON.stringify(sharing)}`);
  }
}

const ours = ({ shape, x }: Drawn): Tensor => tensor(x, shape);

test("values and codes are those of the formula, on every layout", () => {
  each((drawn, about) => {
    const { x, scales, zeros, index, sharing, low, high } = drawn;
    watched(() =>
      scope(() => {
        const options = { scale: tensor(scales), zeroPoint: tensor(zeros), low, high, ...sharing };
        const y = fakeQuantize(ours(drawn), options);
        const parameters = (e: number) => [scales[index[e]!]!, zeros[index[e]!]!] as const;
        const values = Float64Array.from(x, (v, e) => fake(v, ...parameters(e), low, high));
        expect(y.shape, about).toEqual(drawn.shape);
        expectSame(readTensor(y), values, about);
        const clipped = Float64Array.from(x, (v, e) => Math.min(Math.max(codeOf(v, ...parameters(e)), low), high));
        expectSame(readTensor(affineCodes(ours(drawn), options)), clipped, `codes of ${about}`);
      }),
    );
  });
});

test("the gradient goes through where the code lies inside, once and again", () => {
  each((drawn, about) => {
    const { x, scales, zeros, index, sharing, low, high } = drawn;
    watched(() =>
      scope(() => {
        const options = { scale: tensor(scales), zeroPoint: tensor(zeros), low, high, ...sharing };
        const w = tensor(draw("normal", x.length, 5), drawn.shape);
        const inside = Float64Array.from(x, (v, e) => {
          const code = codeOf(v, scales[index[e]!]!, zeros[index[e]!]!);
          return code >= low && code <= high ? 1 : 0;
        });
        const slope = (t: Tensor): Tensor => grad((y: Tensor) => sum(mul(fakeQuantize(y, options), w)))(t);
        const weights = readTensor(w);
        expectSame(
          readTensor(slope(ours(drawn))),
          inside.map((i, e) => (i === 1 ? weights[e]! : 0)),
          about,
        );
        const twice = grad((t: Tensor) => sum(grad((y: Tensor) => sum(square(fakeQuantize(y, options))))(t)));
        expectSame(
          readTensor(twice(ours(drawn))),
          inside.map((i) => 2 * i),
          `second order, ${about}`,
        );
      }),
    );
  });
});

test("lsq: the value without zero points, and both gradients", () => {
  each((drawn, about) => {
    const { x, scales, index, sharing, low, high } = drawn;
    watched(() =>
      scope(() => {
        const w = draw("normal", x.length, 6);
        const range = { low, high, ...sharing };
        const y = lsq(ours(drawn), tensor(scales), range);
        const values = Float64Array.from(x, (v, e) => fake(v, scales[index[e]!]!, 0, low, high));
        expectSame(readTensor(y), values, about);
        const loss = ({ t, s }: { t: Tensor; s: Tensor }): Tensor => sum(mul(lsq(t, s, range), tensor(w, drawn.shape)));
        const slopes = grad(loss)({ t: ours(drawn), s: tensor(scales) });
        const inside = Float64Array.from(x, (v, e) => {
          const quotient = Math.fround(v / scales[index[e]!]!);
          return quotient > low && quotient < high ? w[e]! : 0;
        });
        expectSame(readTensor(slopes.t), inside, `by x, ${about}`);
        const damp = 1 / Math.sqrt((x.length / scales.length) * high);
        const [exact, magnitude] = [new Float64Array(scales.length), new Float64Array(scales.length)];
        for (const [e, v] of x.entries()) {
          const term = w[e]! * stepSlope(v, scales[index[e]!]!, low, high) * damp;
          exact[index[e]!]! += term;
          magnitude[index[e]!]! += Math.abs(term);
        }
        const bound = (i: number): number => (x.length + 2) * roundoff * magnitude[i]!;
        expectWithin(readTensor(slopes.s), exact, bound, `by the scale, ${about}`);
      }),
    );
  });
});

test("special values: NaN stays, infinities are clipped, the code of NaN is 0", () => {
  scope(() => {
    const x = tensor(specials);
    const options = { scale: 0.5, low: -8, high: 7 };
    const values = specials.map((v) => (Number.isNaN(v) ? v : fake(v, 0.5, 0, -8, 7)));
    expectSame(readTensor(fakeQuantize(x, options)), values, "values");
    const clipped = specials.map((v) => (Number.isNaN(v) ? 0 : Math.min(Math.max(codeOf(v, 0.5, 0), -8), 7)));
    expectSame(readTensor(affineCodes(x, options)), clipped, "codes");
  });
});

test("straightThrough: the value of one, the gradient of the other", () => {
  for (const n of sizes)
    watched(() =>
      scope(() => {
        const [x, value, w] = [1, 2, 3].map((seed) => tensor(draw("normal", n, seed)));
        expectSame(readTensor(straightThrough(x!, value!)), readTensor(value!), `${n}`);
        const slope = grad((t: Tensor) => sum(mul(straightThrough(t, square(t)), w!)))(x!);
        expectSame(readTensor(slope), readTensor(w!), `the gradient of ${n}`);
      }),
    );
});

describe("errors name the fix", () => {
  const x = (): Tensor => tensor([[1, 2, 3]]);
  const range = { low: -8, high: 7 };
  test.each<[string, () => unknown, new (...args: never[]) => Error]>([
    [
      "fakeQuantize: scale 0 is 0; it must be finite and above 0",
      () => fakeQuantize(x(), { scale: 0, ...range }),
      ArgumentError,
    ],
    ["lsq: scale 0 is NaN", () => lsq(x(), Number.NaN, range), ArgumentError],
    [
      "affineCodes: scale 1 is -1",
      () => affineCodes(x(), { scale: tensor([1, -1, 1]), axis: 1, ...range }),
      ArgumentError,
    ],
    [
      "fakeQuantize: scale is [2], x [1, 3] takes 3 of them",
      () => fakeQuantize(x(), { scale: tensor([1, 1]), axis: 1, ...range }),
      ShapeError,
    ],
    [
      "zeroPoint is [2], x [1, 3] takes 1",
      () => fakeQuantize(x(), { scale: 1, zeroPoint: tensor([1, 1]), ...range }),
      ShapeError,
    ],
    ["x [1, 3] takes 2", () => fakeQuantize(x(), { scale: 1, group: 2, ...range }), ShapeError],
    ["both axis and group", () => fakeQuantize(x(), { scale: 1, axis: 0, group: 2, ...range }), ArgumentError],
    [
      "high is -9; it must be an integer from -8",
      () => fakeQuantize(x(), { scale: 1, low: -8, high: -9 }),
      ArgumentError,
    ],
    ["lsq: high is 0; it must be an integer from 1", () => lsq(x(), 1, { low: -1, high: 0 }), ArgumentError],
    ["x [2] is i32", () => fakeQuantize(tensor(new Int32Array(2)), { scale: 1, ...range }), DTypeError],
    ["value [2]; both need one shape", () => straightThrough(x(), tensor([1, 2])), ShapeError],
    [
      "no gradient flows to scale and zeroPoint; lsq() learns a scale",
      () => grad((s: Tensor) => sum(fakeQuantize(x(), { scale: s, ...range })))(tensor([1])),
      GradientError,
    ],
  ])("%s", (message, call, type) => {
    scope(() => {
      expect(call).toThrow(type);
      expect(call).toThrow(message);
    });
  });
});
