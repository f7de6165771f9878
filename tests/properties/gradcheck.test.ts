import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { GradientError } from "../../src/errors.js";
import { grad, stopGradient, valueAndGrad } from "../../src/grad.js";
import * as index from "../../src/index.js";
import { add, div, mul, sub } from "../../src/ops/binary.js";
import { cast } from "../../src/ops/cast.js";
import { assign, reshape } from "../../src/ops/layout.js";
import { crossEntropy } from "../../src/ops/loss.js";
import { matmul } from "../../src/ops/matmul.js";
import { max, sum } from "../../src/ops/reduce.js";
import { logSoftmax, softmax } from "../../src/ops/softmax.js";
import { exp, gelu, silu, softplus, square } from "../../src/ops/unary.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, pick, type Random, random, roundoff, zeroLeaks } from "../grid.js";
import { generate, type Reference, reference } from "../reference/array.js";
import { vjp as matmulVjp } from "../reference/matmul.js";
import { table } from "./differentiable.js";
import { type Instance, shapes, toTensor } from "./operands.js";

zeroLeaks();

const seeds = [1, 2, 3];
/** A power of two near 1e-6: x ± step is exact. */
const step = 2 ** -20;

const map = (x: Reference, fn: (v: number) => number): Reference => generate(x.shape, (i) => fn(x.data[i]!));

/** Σ w · (f(x + h) − f(x − h)) / 2h, differences first: what does not depend on x cancels exactly. */
function slopeAt({ forward, operands }: Instance, w: Reference, operand: number, at: number): number {
  const moved = (by: number): Float64Array => {
    const xs = operands.map((x, i) => (i === operand ? reference(x.shape, x.data.slice()) : x));
    xs[operand]!.data[at]! += by;
    return forward(xs).data;
  };
  const [above, below] = [moved(step), moved(-step)];
  return w.data.reduce((total, weight, i) => total + (weight * (above[i]! - below[i]!)) / (2 * step), 0);
}

/** At most `count` of the indices of x, all if there are so few. */
function some(x: Reference, count: number, next: Random): number[] {
  const { length } = x.data;
  if (length <= count) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: count }, () => pick(next, length));
}

describe.each(Object.entries(table))("%s, 20 shapes × 3 seeds", (_, instance) => {
  const each = (fn: (made: Instance, w: Reference, about: string, next: Random) => void): void => {
    for (const seed of seeds)
      for (const i of shapes.keys()) {
        const next = random(seed * 1000 + i);
        const made = instance(next, i);
        const y = made.forward(made.operands);
        const w = reference(y.shape, draw("normal", y.data.length, seed * 1000 + i));
        fn(made, w, `seed ${seed}, shape ${i}: ${JSON.stringify(made.operands.map((x) => x.shape))}`, next);
      }
  };

  test("the f64 gradient is the slope of the f64 function", () => {
    each((made, w, about, next) => {
      for (const [operand, gradient] of made.vjp(w, made.operands).entries()) {
        expect(gradient.shape, about).toEqual(made.operands[operand]!.shape);
        const at = some(gradient, 24, next);
        const slopes = at.map((i) => slopeAt(made, w, operand, i));
        const expected = at.map((i) => gradient.data[i]!);
        expectWithin(slopes, expected, (_, g) => 1e-7 + 1e-6 * Math.abs(g), `${about}, operand ${operand}`);
      }
    });
  });

  test("grad() is the f64 gradient", () => {
    each((made, w, about) => {
      const { operands, ours, roundings, vjp } = made;
      const exact = vjp(w, operands);
      const magnitudes =
        roundings &&
        vjp(
          map(w, Math.abs),
          operands.map((x) => map(x, Math.abs)),
        );
      scope(() => {
        const gradients = grad((xs: readonly Tensor[]) => sum(mul(ours(xs), toTensor(w))))(operands.map(toTensor));
        for (const [operand, gradient] of gradients.entries()) {
          const bound = (i: number, g: number) =>
            magnitudes === undefined
              ? 2e-6 * (1 + Math.abs(g))
              : (roundings![operand]! + 1) * roundoff * Math.abs(magnitudes[operand]!.data[i]!);
          expect(gradient.shape, about).toEqual(operands[operand]!.shape);
          expectWithin(readTensor(gradient), exact[operand]!.data, bound, `${about}, operand ${operand}`);
        }
      });
    });
  });
});

/** Ops whose gradient is made of ops that have one. */
const twice = Object.entries(table).filter(
  ([name]) => !/^(gelu|silu|softplus|softmax|logSoftmax|crossEntropy|max$|min$)/.test(name),
);

describe.each(twice)("second order: %s", (_, instance) => {
  test("grad() of grad() is the slope of the f64 gradient", () => {
    for (const i of shapes.keys()) {
      const next = random(7000 + i);
      const { forward, operands, ours, vjp } = instance(next, i);
      // Weights and directions above 0, so that sums over what repeats do not cancel.
      const [w, ...vs] = [forward(operands), ...operands].map((x) => map(x, () => Math.fround(0.5 + next())));
      // f = Σ w y², so that what is linear bends, too.
      const gradientAt = (by: number): readonly Reference[] => {
        const xs = operands.map((x, j) => generate(x.shape, (e) => x.data[e]! + by * vs[j]!.data[e]!));
        const y = forward(xs);
        return vjp(
          generate(y.shape, (e) => 2 * w!.data[e]! * y.data[e]!),
          xs,
        );
      };
      const [above, below] = [gradientAt(step), gradientAt(-step)];
      scope(() => {
        const f = grad((xs: readonly Tensor[]) => sum(mul(square(ours(xs)), toTensor(w!))));
        const along = (xs: readonly Tensor[]): Tensor =>
          f(xs)
            .map((g, j) => sum(mul(g, toTensor(vs[j]!))))
            .reduce((a, b) => add(a, b));
        for (const [j, h] of grad(along)(operands.map(toTensor)).entries()) {
          const exact = above[j]!.data.map((g, e) => (g - below[j]!.data[e]!) / (2 * step));
          const largest = exact.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
          const about = `seed ${7000 + i}, ${JSON.stringify(operands.map((x) => x.shape))}, operand ${j}`;
          expectWithin(readTensor(h), exact, () => 2e-6 * (1 + largest), about);
        }
      });
    }
  });
});

/**
 * Public ops without a gradient: they make numbers, integers or masks, or change a tensor in place; and signSte, whose gradient is
 * not its slope.
 */
const undifferentiable = [
  ...[
    "affineCodes",
    "argmax",
    "assign",
    "cast",
    "choleskyOfInverse",
    "equal",
    "full",
    "greater",
    "hessianDiagonal",
    "inverseHessian",
  ],
  ...["leastSquares", "less", "maskedLeastSquares", "normal", "oneHot", "ones", "permutation", "uniform", "zeros"],
  ...["intMatmul", "quantizeAffine", "quantized", "signSte", "sparse"],
  ...["projectTopK", "proxElasticNet", "proxGroupLasso", "proxL0", "proxL1", "proxL2Squared", "proxSparseGroupLasso"],
].sort();

/** Ops that round, and whose gradient goes straight through instead: their own tests compare it with its formula. */
const straight = ["fakeQuantize", "lsq", "straightThrough"];

test("every public op is in the table, or has no gradient", async () => {
  const names = readdirSync("src/ops").map((file) => file.replace(/\.ts$/, ""));
  const files = await Promise.all(names.map((name) => import(`../../src/ops/${name}.ts`)));
  const made = new Set<unknown>(files.flatMap((file) => Object.values(file)));
  const ops = Object.entries(index)
    .filter(([, value]) => typeof value === "function" && made.has(value))
    .map(([name]) => name);
  const checked = new Set([...Object.keys(table).map((name) => name.split(" ")[0]), ...straight]);
  expect(ops.filter((name) => !checked.has(name)).sort()).toEqual(undifferentiable);
});

describe("a value used again", () => {
  const gradientOf = (f: (x: Tensor) => Tensor, ...x: number[]): ArrayLike<number> =>
    scope(() => readTensor(grad(f)(tensor(x))));

  test("adds up its shares", () => {
    const xs = [-1, 0, 0.5, 2];
    const f = (x: Tensor) => sum(add(mul(x, exp(x)), sub(mul(x, x), x)));
    const exact = xs.map((x) => Math.exp(x) * (1 + x) + 2 * x - 1);
    expectWithin(gradientOf(f, ...xs), exact, (_, g) => 2e-6 * (1 + Math.abs(g)), "x eˣ + x² − x");
    const doubled = (x: Tensor) => sum(Array.from({ length: 10 }).reduce<Tensor>((y) => add(y, y), x));
    expectSame(gradientOf(doubled, 1, 2), [1024, 1024], "1024 x");
  });

  test("on both sides of one op", () => {
    const x = reference([3, 3], draw("normal", 9, 3));
    const w = reference([3, 3], draw("normal", 9, 4));
    const [left, right] = matmulVjp(w, x, x) as [Reference, Reference];
    const exact = left.data.map((g, i) => g + right.data[i]!);
    const y = scope(() => readTensor(grad((t: Tensor) => sum(mul(matmul(t, t), toTensor(w))))(toTensor(x))));
    expectWithin(y, exact, (_, g) => 2e-6 * (1 + Math.abs(g)), "x · x");
    expectSame(
      gradientOf((t) => sum(sub(t, t)), 1, 2),
      [0, 0],
      "x − x",
    );
    expectSame(
      gradientOf((t) => sum(div(t, t)), 1, 2),
      [0, 0],
      "x / x",
    );
  });
});

describe("gradients of gradients", () => {
  const d = (f: (x: Tensor) => Tensor) => (x: Tensor) => sum(grad(f)(x));
  const at = (f: (x: Tensor) => Tensor, x: number): number => scope(() => readTensor(f(tensor([x])))[0]!);

  test("any number of times", () => {
    const quartic = (x: Tensor) => sum(square(square(x)));
    const derivatives = [quartic, d(quartic), d(d(quartic)), d(d(d(quartic))), d(d(d(d(quartic))))];
    expect(derivatives.map((f) => at(f, 2))).toEqual([16, 32, 48, 48, 24]);
    expect(at(d(d(d((x) => sum(exp(x))))), 0)).toBe(1);
  });

  test("through what passes a gradient on as it is", () => {
    const shifted = (x: Tensor) => sum(square(reshape(add(x, 1), [1])));
    expect(at(d(d(shifted)), 3)).toBe(2);
    expect(
      at(
        d((x) => valueAndGrad((y: Tensor) => sum(square(y)))(x).value),
        3,
      ),
      "the value of an inner one",
    ).toBe(6);
    expect(
      at(
        d((x) => sum(mul(x, stopGradient(square(x))))),
        3,
      ),
      "a constant",
    ).toBe(9);
    expect(
      at(
        d((x) => sum(cast(x, "f32"))),
        3,
      ),
      "a cast to the dtype it has",
    ).toBe(1);
  });

  test.each([
    ["the gradient of gelu", (x: Tensor) => gelu(x)],
    ["the gradient of silu", silu],
    ["the gradient of softplus", (x: Tensor) => softplus(x)],
    ["the gradient of softmax", (x: Tensor) => square(softmax(x))],
    ["the gradient of logSoftmax", (x: Tensor) => square(logSoftmax(x))],
    ["the gradient of max and min", (x: Tensor) => square(max(x))],
  ] as const)("say so where they end: %s", (name, op) => {
    scope(() => {
      expect(() => d(d((x) => sum(op(x))))(tensor([1, 2]))).toThrow(GradientError);
      expect(() => d(d((x) => sum(op(x))))(tensor([1, 2]))).toThrow(
        `grad: ${name} has no gradient; keep it out of the function, or wrap its input in stopGradient()`,
      );
    });
  });
});

describe("contract", () => {
  test("trees go in and come out; the rest is constant; aux goes along", () => {
    scope(() => {
      const params = { layers: [{ w: tensor([2, 3]) }, { w: tensor([5]) }], unused: tensor([[1], [2]]) };
      const f = valueAndGrad((p: typeof params, x: Tensor) => {
        const y = mul(mul(p.layers[0]!.w, x), p.layers[1]!.w);
        return [sum(y), { y }] as const;
      });
      const { value, grads, aux } = f(params, tensor([7, 11]));
      expectSame(readTensor(value), [2 * 7 * 5 + 3 * 11 * 5], "value");
      expectSame(readTensor(grads.layers[0]!.w), [35, 55], "the first");
      expectSame(readTensor(grads.layers[1]!.w), [47], "the second");
      expectSame(readTensor(grads.unused), [0, 0], "the one not used");
      expect(grads.unused.shape).toEqual([2, 1]);
      expectSame(readTensor(aux.y), [70, 165], "aux");
    });
  });

  test("gradients share storage with nothing", () => {
    scope(() => {
      const [a, b] = [tensor([1], []), tensor([2], [])];
      const both = grad(({ a, b }: { a: Tensor; b: Tensor }) => add(a, b))({ a, b });
      const pointers = [a, b, both.a, both.b].map((t) => t.pointer);
      expect(new Set(pointers).size).toBe(4);
      expectSame(readTensor(grad((x: Tensor) => x)(a)), [1], "the parameter itself");
      expectSame(readTensor(grad((_: Tensor) => tensor([3], []))(a)), [0], "a constant");
    });
  });

  test("operands may be disposed of before the way back", () => {
    scope(() => {
      const g = grad((x: Tensor) => {
        const y = exp(x);
        const z = mul(y, y);
        y.dispose();
        const s = sum(z);
        z.dispose();
        return s;
      })(tensor([0, 1]));
      expectWithin(readTensor(g), [2, 2 * Math.E ** 2], 1e-5, "(e²ˣ)′");
    });
  });

  test("errors name the fix, and free the tape", () => {
    scope(() => {
      const x = tensor([1, 2]);
      const cases: [() => unknown, string][] = [
        [() => grad((y: Tensor) => exp(y))(x), "it must return an f32 scalar, e.g. mean() of it"],
        [() => grad(() => 3 as never)(x), "grad: the function returned 3"],
        [() => grad((y: Tensor) => sum(y))(tensor(new Int32Array(2))), "grad: parameter [2] is i32"],
        [() => grad(weighted)(x), "crossEntropy: no gradient flows to weight"],
      ];
      for (const [call, message] of cases) {
        const before = memory();
        expect(call).toThrow(GradientError);
        expect(call).toThrow(message);
        expect(memory().tensors - before.tensors, message).toBeLessThanOrEqual(2);
      }
      expect(() => grad(changing)(x)).toThrow("assign: changes a tensor in place");
    });
  });
});

function changing(x: Tensor): Tensor {
  assign(x, x);
  return sum(x);
}

function weighted(weight: Tensor): Tensor {
  return crossEntropy(tensor([[1, 2]]), tensor(new Int32Array([1])), { weight, reduction: "sum" });
}
