import { describe, expect, test } from "vitest";
import { ArgumentError, DisposedError, DTypeError } from "../../src/errors.js";
import * as ops from "../../src/ops/unary.js";
import { kernels } from "../../src/runtime/kernels.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { cuts, withArena } from "../arena.js";
import { all, draw, expectSame, expectWithin, sizes, spacing, specials, zeroLeaks } from "../grid.js";
import { type Curve, unary } from "../reference/unary.js";

zeroLeaks();

interface Row {
  readonly op: keyof typeof unary;
  readonly options?: string;
  readonly call: (x: Tensor) => Tensor;
  readonly kernel: string;
  readonly p?: number;
  readonly q?: number;
  /** Greatest error of the value; 0: the f64 result, rounded once. */
  readonly error: 0 | ((x: number, y: number) => number);
  /** What the gradient kernel reads, and the derivative by it; greatest error per unit of g. */
  readonly saves?: "input" | "output";
  readonly slope?: (s: number) => number;
  readonly gradError?: 0 | ((s: number, slope: number) => number);
}

const ulps = (count: number) => (_: number, y: number) => count * spacing(y);
/** Of gelu, absolute, as its doc comment says. */
const geluError = (x: number): number => 2 ** -22 * Math.max(1, Math.abs(x));
const few = (): number => 2 ** -22;

const rows: readonly Row[] = [
  { op: "neg", call: ops.neg, kernel: "neg", error: 0 },
  { op: "abs", call: ops.abs, kernel: "abs", error: 0, saves: "input", gradError: 0 },
  { op: "exp", call: ops.exp, kernel: "exp", error: ulps(1), saves: "output", slope: (y) => y, gradError: 0 },
  { op: "log", call: ops.log, kernel: "log", error: ulps(1), saves: "input", gradError: 0 },
  { op: "sqrt", call: ops.sqrt, kernel: "sqrt", error: 0, saves: "output", slope: (y) => 0.5 / y, gradError: 0 },
  { op: "square", call: ops.square, kernel: "square", error: 0, saves: "input", gradError: 0 },
  { op: "relu", call: ops.relu, kernel: "relu", error: 0, saves: "input", gradError: 0 },
  ...[0.01, 0.5].map(
    (slope): Row => ({
      ...{ op: "leakyRelu", options: `slope ${slope}`, call: (x) => ops.leakyRelu(x, { slope }), kernel: "leaky_relu" },
      ...{ p: Math.fround(slope), error: 0, saves: "input", gradError: 0 },
    }),
  ),
  { op: "gelu", call: (x) => ops.gelu(x), kernel: "gelu", error: geluError, saves: "input", gradError: few },
  {
    ...{ op: "geluTanh", call: (x) => ops.gelu(x, { approximate: "tanh" }), kernel: "gelu_tanh" },
    ...{ error: geluError, saves: "input", gradError: few },
  },
  // e⁻ˣ overflows below −88.7: the value is 0 there, 2⁻¹²⁶ off at most, and times x 2⁻¹¹⁹.
  {
    ...{ op: "silu", call: ops.silu, kernel: "silu", error: (_, y) => 3 * spacing(y) + 2 ** -119 },
    ...{ saves: "input", gradError: few },
  },
  {
    ...{ op: "sigmoid", call: ops.sigmoid, kernel: "sigmoid", error: (_, y) => 3 * spacing(y) + 2 ** -126 },
    ...{ saves: "output", slope: (y) => y * (1 - y), gradError: (_, d) => 3 * spacing(d) },
  },
  {
    ...{ op: "tanh", call: ops.tanh, kernel: "tanh", error: ulps(2) },
    ...{ saves: "output", slope: (y) => 1 - y * y, gradError: () => 2 ** -23 },
  },
  // βx is rounded, and e^(βx) takes that up |βx| times.
  ...[
    { beta: 1, threshold: 20 },
    { beta: 2.5, threshold: 3 },
  ].map(
    ({ beta, threshold }): Row => ({
      ...{
        op: "softplus",
        options: `beta ${beta}`,
        call: (x) => ops.softplus(x, { beta, threshold }),
        kernel: "softplus",
      },
      ...{ p: beta, q: threshold, error: (x, y) => (3 + (beta === 1 ? 0 : Math.abs(beta * x))) * spacing(y) },
      ...{ saves: "input", gradError: few },
    }),
  ),
  // Its gradient kernel is that of clamp.
  { op: "signSte", call: ops.signSte, kernel: "sign", p: -1, q: 1, error: 0 },
  ...[
    { min: -0.5, max: 1 },
    { min: 0, max: Number.POSITIVE_INFINITY },
  ].map(
    ({ min, max }): Row => ({
      ...{ op: "clamp", options: `${min} to ${max}`, call: (x) => ops.clamp(x, { min, max }), kernel: "clamp" },
      ...{ p: min, q: max, error: 0, saves: "input", gradError: 0 },
    }),
  ),
];

const named = rows.map((row) => [row.options === undefined ? row.op : `${row.op}, ${row.options}`, row] as const);
const graded = named.filter(([, row]) => row.saves !== undefined);

type Run = (out: number, x: number, p: number, q: number, begin: number, end: number) => void;
type RunGrad = (out: number, g: number, s: number, p: number, q: number, begin: number, end: number) => void;

function kernel<F>(name: string): F {
  return (kernels() as unknown as Record<string, F>)[name]!;
}

/** The f64 truth of an op, rounded to f32 where the op promises to round once. */
function truth({ op, p = 0, q = 0, error }: Row, x: Float32Array): Float64Array {
  const { f }: Curve = unary[op];
  return Float64Array.from(x, (value) => (error === 0 ? Math.fround(f(value, p, q)) : f(value, p, q)));
}

function expectValues(row: Row, actual: ArrayLike<number>, x: Float32Array, about: string): void {
  const expected = truth(row, x);
  const { error } = row;
  if (error === 0) expectSame(actual, expected, about);
  else expectWithin(actual, expected, (i, y) => error(x[i]!, y), about);
}

describe.each(named)("%s", (_, row) => {
  test("equals f64 on every size and kind of numbers", () => {
    for (const [i, distribution] of all.entries())
      for (const size of sizes) {
        const seed = size * 4 + i;
        const x = draw(distribution, size, seed);
        const y = scope(() => readTensor(row.call(tensor(x))));
        expectValues(row, y, x, `${distribution} [${size}], seed ${seed}`);
      }
  });

  test("special values follow the formula, signs of zeros included", () => {
    const x = Float32Array.from(specials);
    const y = scope(() => readTensor(row.call(tensor(x))));
    expectValues(row, y, x, "specials");
    const certain = [...truth(row, x)].map((value, i) => (Number.isFinite(value) && value !== 0 ? y[i]! : value));
    expectSame(y, certain, "NaN, infinities and zeros");
  });

  test("unaligned, in place and in slices: the same bits, and no byte beside the output", () => {
    const run = kernel<Run>(`${row.kernel}_f32`);
    const { p = 0, q = 0 } = row;
    for (const size of sizes.filter((n) => n < 100))
      withArena((arena) => {
        const x = draw("normal", size, size + 1);
        const input = arena.put(x);
        const whole = arena.room(size * 4);
        arena.writes(whole, whole + size * 4, `size ${size}`, () => run(whole, input, p, q, 0, size));
        const expected = arena.copy(whole, size * 4);
        const same = (at: number, about: string) =>
          expect(arena.copy(at, size * 4), `size ${size}, ${about}`).toEqual(expected);
        for (let shift = 1; shift < 16; shift++) {
          const from = arena.put(x, shift);
          const to = arena.room(size * 4, (shift * 7) % 16);
          arena.writes(to, to + size * 4, `size ${size}, shift ${shift}`, () => run(to, from, p, q, 0, size));
          same(to, `shift ${shift}`);
        }
        const place = arena.put(x);
        arena.writes(place, place + size * 4, "in place", () => run(place, place, p, q, 0, size));
        same(place, "in place");
        for (const slices of cuts(size)) {
          const to = arena.room(size * 4);
          for (const [begin, end] of slices)
            arena.writes(to + begin * 4, to + end * 4, `slice ${begin} to ${end}`, () =>
              run(to, input, p, q, begin, end),
            );
          same(to, `slices ${JSON.stringify(slices)}`);
        }
      });
  });
});

describe.each(graded)("gradient of %s", (_, row) => {
  const run: RunGrad = (...args) => kernel<RunGrad>(`${row.kernel}_grad_f32`)(...args);
  const { op, p = 0, q = 0, saves, gradError } = row;
  const slope = row.slope ?? ((s: number) => (unary[op] as Curve).df(s, p, q));
  /** What the forward op would have saved. */
  const saved = (count: number, seed: number): Float32Array => {
    const x = draw("normal", count, seed).map((v) => (op === "log" || op === "sqrt" ? Math.abs(v) + 0.01 : v * 3));
    // Where functions bend, the doc comment says what the gradient is.
    if (gradError === 0 && op !== "log") x.set([0, -0, p, q].slice(0, count).filter(Number.isFinite));
    return saves === "output" ? x.map((v) => unary[op].f(v, p, q)) : x;
  };

  test("equals f64 on every size", () => {
    for (const size of sizes)
      withArena((arena) => {
        const s = saved(size, size + 5);
        const g = draw("normal", size, size + 6);
        const [gAt, sAt, out] = [arena.put(g), arena.put(s), arena.room(size * 4)];
        arena.writes(out, out + size * 4, `size ${size}`, () => run(out, gAt, sAt, p, q, 0, size));
        const exact = Float64Array.from(g, (value, i) => value * slope(s[i]!));
        const bound = (i: number) => {
          const d = slope(s[i]!);
          return gradError === 0 ? spacing(exact[i]!) / 2 : Math.abs(g[i]!) * gradError!(s[i]!, d) + spacing(exact[i]!);
        };
        expectWithin(arena.floats(out, size), exact, bound, `size ${size}, seeds ${size + 5}, ${size + 6}`);
      });
  });

  test("unaligned, in place and in slices: the same bits, and no byte beside the output", () => {
    for (const size of sizes.filter((n) => n < 40))
      withArena((arena) => {
        const s = saved(size, 11);
        const g = draw("normal", size, 12);
        const [gAt, sAt, whole] = [arena.put(g, 4), arena.put(s, 7), arena.room(size * 4, 13)];
        run(whole, gAt, sAt, p, q, 0, size);
        const expected = arena.copy(whole, size * 4);
        const same = (at: number, about: string) =>
          expect(arena.copy(at, size * 4), `size ${size}, ${about}`).toEqual(expected);
        for (const place of ["g", "s"]) {
          const [g2, s2] = [arena.put(g), arena.put(s)];
          const to = place === "g" ? g2 : s2;
          arena.writes(to, to + size * 4, `in place of ${place}`, () => run(to, g2, s2, p, q, 0, size));
          same(to, `in place of ${place}`);
        }
        for (const slices of cuts(size)) {
          const to = arena.room(size * 4);
          for (const [begin, end] of slices)
            arena.writes(to + begin * 4, to + end * 4, `slice ${begin} to ${end}`, () =>
              run(to, gAt, sAt, p, q, begin, end),
            );
          same(to, `slices ${JSON.stringify(slices)}`);
        }
      });
  });

  test("is finite wherever x is, and NaN only where x or g is", () => {
    withArena((arena) => {
      const s = Float32Array.from(
        specials.filter((v) => Number.isFinite(v) && (v > 0 || (op !== "log" && op !== "sqrt"))),
      );
      const values = saves === "output" ? s.map((v) => unary[op].f(v, p, q)).filter((v) => v < 1e38 && v !== 0) : s;
      const [gAt, sAt, out] = [arena.put(values.map(() => 2 ** -30)), arena.put(values), arena.room(values.length * 4)];
      run(out, gAt, sAt, p, q, 0, values.length);
      const result = arena.floats(out, values.length);
      for (const [i, y] of result.entries()) expect(y, `at ${values[i]}`).not.toBeNaN();
    });
  });
});

describe("contract", () => {
  test("any shape keeps its shape", () => {
    for (const shape of [[], [0], [3, 0, 2], [1, 1, 1], [2, 3, 5]])
      scope(() => {
        const x = tensor(
          draw(
            "normal",
            shape.reduce((n, d) => n * d, 1),
            3,
          ),
          shape,
        );
        for (const [name, row] of named) {
          const y = row.call(x);
          expect([y.shape, y.dtype], name).toEqual([shape, "f32"]);
        }
      });
  });

  test("the input keeps its numbers", () => {
    scope(() => {
      const values = draw("normal", 37, 4);
      const x = tensor(values);
      for (const [name, row] of named) {
        row.call(x);
        expectSame(readTensor(x), values, name);
      }
    });
  });

  test("the public gradients from outputs are the kernels'", () => {
    scope(() => {
      const [g, y] = [tensor([2, 2, 2]), tensor([0.5, -0.5, 0])];
      expectSame(readTensor(ops.reluGrad(g, y)), [2, 0, 0], "reluGrad");
      expectSame(readTensor(ops.sigmoidGrad(g, y)), [0.5, -1.5, 0], "sigmoidGrad");
      expectSame(readTensor(ops.tanhGrad(g, y)), [1.5, 1.5, 2], "tanhGrad");
    });
  });

  test.each(named)("%s refuses other dtypes and disposed tensors, by name", (_, row) => {
    scope(() => {
      const who = row.op === "geluTanh" ? "geluTanh" : row.op;
      const wrong = tensor(new Int32Array(6), [2, 3]);
      expect(() => row.call(wrong)).toThrow(DTypeError);
      expect(() => row.call(wrong)).toThrow(`${who}: x [2, 3] is i32, expected f32; convert with cast(x, "f32")`);
      const gone = tensor([1]);
      gone.dispose();
      expect(() => row.call(gone)).toThrow(DisposedError);
    });
  });

  test("clamp refuses crossed bounds", () => {
    scope(() => {
      expect(() => ops.clamp(tensor([1]), { min: 2, max: 1 })).toThrow(ArgumentError);
      expect(() => ops.clamp(tensor([1]), { min: 2, max: 1 })).toThrow("clamp: min 2 is above max 1; swap them");
      expect(() => ops.clamp(tensor([1]), { min: Number.NaN })).toThrow(ArgumentError);
    });
  });
});
