import { describe, expect, it } from "vitest";
import { GradientError, OutOfMemoryError, SpokeshaveError } from "../src/errors.js";
import { grad, stopGradient, valueAndGrad } from "../src/grad.js";
import * as spokeshave from "../src/index.js";
import { add, mul, sub } from "../src/ops/binary.js";
import { greater } from "../src/ops/compare.js";
import { assign, reshape, slice } from "../src/ops/layout.js";
import { crossEntropy } from "../src/ops/loss.js";
import { matmul } from "../src/ops/matmul.js";
import { argmax, mean, sum } from "../src/ops/reduce.js";
import { exp, relu, square } from "../src/ops/unary.js";
import { where } from "../src/ops/where.js";
import { heap, memory } from "../src/runtime/heap.js";
import { currentScope, scope } from "../src/scope.js";
import { recording } from "../src/tape.js";
import { readTensor, type Tensor, tensor } from "../src/tensor.js";
import { zeroLeaks } from "./grid.js";

zeroLeaks();

/** Runs `fn` and asserts that no tensor, byte, scope or tape is left over; what it returns is disposed of. */
function clean(fn: () => readonly Tensor[] | undefined): void {
  const before = memory();
  for (const t of fn() ?? []) t.dispose();
  expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  expect(recording()).toBe(false);
  expect(currentScope()).toBe(undefined);
}

const values = (t: Tensor): number[] => [...readTensor(t)];

describe("valueAndGrad leaves nothing behind", () => {
  it("but the value and the gradients", () => {
    clean(() => {
      const [w, x] = [
        tensor([
          [1, 2],
          [3, 4],
        ]),
        tensor([[1, -1]]),
      ];
      const { value, grads } = valueAndGrad((p: Tensor) => mean(relu(matmul(x, p))))(w);
      expect(memory().tensors).toBe(4);
      return [w, x, value, grads];
    });
  });

  const half = (x: Tensor): Tensor => mul(exp(x), square(x));
  it.each<[name: string, fn: (x: Tensor) => unknown, error: new (...args: never[]) => Error, text: string]>([
    [
      "the function throws midway",
      (x) => {
        half(x);
        throw new RangeError("mine");
      },
      RangeError,
      "mine",
    ],
    [
      "it returns no scalar",
      half,
      GradientError,
      "grad: the function returned Tensor(f32 [2]); it must return an f32 scalar",
    ],
    ["it returns nothing", (x) => void half(x), GradientError, "grad: the function returned undefined; it must return"],
    ["it returns a number", (x) => half(x).size, GradientError, "grad: the function returned 2"],
    ["it returns a Promise", async (x) => sum(half(x)), GradientError, "grad: the function returned [object Promise]"],
    ["it returns integers", (x) => argmax(half(x)), GradientError, "grad: the function returned Tensor(i32 [])"],
    ["it returns an empty pair", (x) => [void half(x)], GradientError, "grad: the function returned undefined"],
    ["what it returns is disposed of", (x) => scope(() => void sum(half(x))), GradientError, "returned undefined"],
    [
      "an op on the way refuses its gradient",
      (x) => crossEntropy(tensor([[1, 2]]), tensor(new Int32Array([0])), { weight: half(x), reduction: "sum" }),
      GradientError,
      "crossEntropy: no gradient flows to weight",
    ],
    ["an op in place is called", (x) => void assign(x, half(x)), SpokeshaveError, "assign: changes a tensor in place"],
  ])("when %s", (_, fn, error, text) => {
    clean(() => {
      const x = tensor([1, 2]);
      expect(() => valueAndGrad(fn as () => Tensor)(x)).toThrow(error);
      expect(() => valueAndGrad(fn as () => Tensor)(x)).toThrow(text);
      expect(values(x)).toEqual([1, 2]);
      return [x];
    });
  });

  it("when a parameter is not f32", () => {
    clean(() => {
      const x = tensor(new Int32Array([1, 2]));
      expect(() => valueAndGrad((t: Tensor) => sum(t))(x)).toThrow(GradientError);
      expect(() => valueAndGrad((t: Tensor) => sum(t))(x)).toThrow(
        "grad: parameter [2] is i32; gradients are taken of f32",
      );
      return [x];
    });
  });

  it("when a gradient of a gradient fails within", () => {
    clean(() => {
      const x = tensor([1, 2]);
      const inner = (t: Tensor): Tensor => sum(grad((u: Tensor) => mul(sum(u), tensor([1, 2])))(t));
      expect(() => grad(inner)(x)).toThrow(GradientError);
      return [x];
    });
  });

  it("when memory runs out on the way back", () => {
    clean(() => {
      const x = tensor(new Float32Array(64));
      const { limitBytes } = heap;
      const loss = (t: Tensor): Tensor => {
        const y = sum(exp(exp(exp(t))));
        heap.limitBytes = memory().heapBytes;
        // Takes what is left, so that the first gradient does not fit.
        for (let bytes = 2 ** 16; bytes >= 16; bytes >>= 1)
          try {
            for (;;) tensor(new Uint8Array(bytes));
          } catch {}
        return y;
      };
      expect(() => grad(loss)(x)).toThrow(OutOfMemoryError);
      heap.limitBytes = limitBytes;
      return [x];
    });
  });
});

describe("the tape", () => {
  it("keeps what the way back needs, though the function disposes of it", () => {
    clean(() => {
      const x = tensor([1, 2]);
      const slope = grad((t: Tensor) => {
        const y = exp(t);
        const z = mul(y, y);
        y.dispose();
        const total = scope(() => sum(add(z, z)));
        z.dispose();
        return total;
      })(x);
      const expected = values(x).map((v) => 4 * Math.exp(2 * v));
      for (const [i, g] of values(slope).entries()) expect(g / expected[i]!).toBeCloseTo(1, 6);
      return [x, slope];
    });
  });

  it("keeps a parameter that the function disposes of, too", () => {
    clean(() => {
      const x = tensor([1, 2]);
      const slope = grad((t: Tensor) => {
        const y = square(t);
        t.dispose();
        return sum(y);
      })(x);
      expect(x.disposed).toBe(true);
      expect(values(slope)).toEqual([2, 4]);
      return [slope];
    });
  });

  it("lets go of each step as soon as the way back is through it", () => {
    clean(() => {
      const x = tensor(new Float32Array(2 ** 18));
      const size = x.size * 4;
      let forward = 0;
      const slope = grad((t: Tensor) => {
        let y = t;
        for (let i = 0; i < 20; i++) y = mul(y, 0.5);
        const total = sum(y);
        forward = memory().bytes;
        return total;
      })(x);
      // The gradient of a step, that of the one before, and what a rule makes on the way.
      expect(memory().peakBytes - forward).toBeLessThan(5 * size);
      return [x, slope];
    });
  });

  it("records nothing outside of grad, and nothing that does not depend on the parameters", () => {
    clean(() => {
      expect(recording()).toBe(false);
      const [x, c] = [tensor([1, 2]), tensor([3, 4])];
      const before = memory().tensors;
      let during = 0;
      const slope = grad((t: Tensor) => {
        expect(recording()).toBe(true);
        const constant = scope(() => mul(square(c), exp(c)));
        during = memory().tensors - before;
        return sum(mul(t, constant));
      })(x);
      expect(during).toBe(1); // the constant: no handles
      return [x, c, slope];
    });
  });

  it("follows views, slices, branches and repeated use", () => {
    clean(() => {
      const x = tensor([1, 2, 3, 4]);
      const slope = grad((t: Tensor) => {
        const square = reshape(t, [2, 2]);
        const row = slice(square, [{ start: 1 }]);
        const chosen = where(greater(t, 2), mul(t, 10), mul(t, 100));
        return add(add(sum(row), sum(chosen)), sum(mul(t, t)));
      })(x);
      expect(values(slope)).toEqual([100 + 2, 100 + 4, 1 + 10 + 6, 1 + 10 + 8]);
      return [x, slope];
    });
  });

  it("nests: each derivative of x⁴", () => {
    clean(() => {
      const x = tensor(2);
      const derivatives = [(t: Tensor): Tensor => mul(mul(t, t), mul(t, t))];
      for (let order = 1; order <= 4; order++) derivatives.push(grad(derivatives[order - 1]!));
      const y = derivatives.map((f) => scope(() => f(x)));
      expect(y.map((t) => values(t)[0])).toEqual([16, 32, 48, 48, 24]);
      return [x, ...y];
    });
  });
});

describe("stopGradient", () => {
  it("is the same value as a constant", () => {
    clean(() => {
      const x = tensor([1, 2]);
      const slope = grad((t: Tensor) => sum(mul(t, stopGradient(square(t)))))(x);
      expect(values(slope)).toEqual([1, 4]);
      const none = grad((t: Tensor) => sum(stopGradient(t)))(x);
      expect(values(none)).toEqual([0, 0]);
      const still = stopGradient(x);
      expect(still.pointer).toBe(x.pointer);
      return [x, slope, none, still];
    });
  });

  it("ends the way back where an op has no gradient", () => {
    clean(() => {
      const x = tensor([[1, 2]]);
      const labels = tensor(new Int32Array([1]));
      const weighted = (w: Tensor): Tensor =>
        crossEntropy(tensor([[1, 2]]), labels, { weight: stopGradient(reshape(w, [2])) });
      const slope = grad((t: Tensor) => add(weighted(t), sum(t)))(x);
      expect(values(slope)).toEqual([1, 1]);
      return [x, labels, slope];
    });
  });
});

describe("what comes back", () => {
  it("aux: tensors in it live on, and any other value is passed through", () => {
    clean(() => {
      const x = tensor([1, 2]);
      const fn = (t: Tensor): readonly [Tensor, { y: Tensor; note: string }] => {
        const y = exp(t);
        return [sum(y), { y, note: "seen" }];
      };
      const { value, grads, aux } = valueAndGrad(fn)(x);
      expect(aux.note).toBe("seen");
      expect(values(aux.y)).toEqual(values(grads));
      const plain = valueAndGrad((t: Tensor) => sum(t))(x);
      expect(plain.aux).toBe(undefined);
      return [x, value, grads, aux.y, plain.value, plain.grads];
    });
  });

  it("gradients have the form of the parameters, zeros where nothing flowed; names are data", () => {
    clean(() => {
      const named = { w: tensor([[1, 2]]), list: [tensor([3]), tensor([4])] as const, toString: tensor([5]) };
      const params = Object.assign(Object.create(null), { ...named, ["__proto__"]: tensor([6]) }) as typeof named;
      const { value, grads } = valueAndGrad((p: typeof named) => add(sum(p.w), sum(p.list[1])))(params);
      expect(Object.keys(grads).sort()).toEqual(Object.keys(params).sort());
      expect(values(grads.w)).toEqual([1, 1]);
      expect(values(grads.list[0])).toEqual([0]);
      expect(values(grads.list[1])).toEqual([1]);
      expect(values(grads.toString)).toEqual([0]);
      const all = [params, grads].flatMap((p) => [p.w, ...p.list, p.toString]);
      const odd = [params, grads].map(
        (p) => Object.entries(p).find(([name]) => name === "__proto__")?.[1] as Tensor | undefined,
      );
      return [value, ...all, ...odd.filter((t) => t !== undefined)];
    });
  });

  it("other arguments are passed on and get no gradient", () => {
    clean(() => {
      const [w, x] = [tensor([2]), tensor([5])];
      const both = valueAndGrad((p: Tensor, data: Tensor, factor: number) => sum(mul(mul(p, data), factor)));
      const { value, grads } = both(w, x, 3);
      expect([values(value), values(grads)]).toEqual([[30], [15]]);
      return [w, x, value, grads];
    });
  });

  it("gradients own their storage: none shares it with another, a parameter, the value or aux", () => {
    type Pair = readonly [Tensor, Tensor];
    const cases: [name: string, fn: (p: Pair) => Tensor | readonly [Tensor, unknown]][] = [
      ["a sum, whose gradient is shared", ([a, b]) => sum(add(a, b))],
      ["a difference", ([a, b]) => sum(sub(a, b))],
      ["a view", ([a, b]) => sum(add(reshape(a, [2, 1]), reshape(b, [2, 1])))],
      ["the value itself", ([a, b]) => [sum(mul(a, b)), [a, b]]],
      ["nothing", ([a]) => sum(stopGradient(a))],
    ];
    for (const [name, fn] of cases)
      for (const tied of [false, true])
        clean(() => {
          const a = tensor([1, 2]);
          const params: Pair = [a, tied ? a : tensor([3, 4])];
          const { value, grads } = valueAndGrad(fn as (p: Pair) => Tensor)(params);
          const pointers = [...new Set([...params, value]), ...grads].map((t) => t.pointer);
          expect(new Set(pointers).size, `${name}, tied: ${tied}`).toBe(pointers.length);
          for (const g of grads) expect(g.storage.refs).toBe(1);
          assign(grads[0], params[0]);
          return [...new Set(params), value, ...grads];
        });
  });

  it("a parameter returned as it is has the gradient 1, and the value is another handle", () => {
    clean(() => {
      const x = tensor([7]);
      const { value, grads } = valueAndGrad((t: Tensor) => t)(x);
      expect(value).not.toBe(x);
      expect([values(value), values(grads)]).toEqual([[7], [1]]);
      return [x, value, grads];
    });
  });

  it("belongs to the scope around", () => {
    clean(() => {
      scope(() => {
        const { grads } = valueAndGrad((t: Tensor) => sum(t))(tensor([1]));
        expect(values(grads)).toEqual([1]);
      });
      return undefined;
    });
  });
});

describe("what takes numbers out of its sight refuses those that are traced:", () => {
  const s = spokeshave;
  const fixed = (): Tensor => tensor([1, 2, 3, 5], [2, 2]);
  const pack = (scheme: spokeshave.WeightScheme) => (w: Tensor) => scheme.pack(w);
  const withWeight = (w: Tensor) =>
    new s.Model(s.nn.sequential([s.nn.linear(2, 2)]).graph, { "0.linear.weight": w, "0.linear.bias": tensor([0, 0]) });

  it.each<[string, (w: Tensor) => unknown]>([
    ["sparse", s.sparse],
    ["quantizeAffine", (w) => s.quantizeAffine(w, 1, 0, { bits: 8 })],
    ["scales of quantizeAffine", (w) => s.quantizeAffine(fixed(), w, undefined, { bits: 8, group: 1 })],
    ["scales of quantized", (w) => s.quantized([1, 2, 3, 4], w, undefined, [2, 2], { bits: 8, group: 1 })],
    ["int8().pack", pack(s.int8())],
    ["a percentile", (w) => s.ranges.percentile(99).of(w, { low: 0, high: 3, symmetric: false })],
    ["int4 of ranges.kl()", pack(s.int4({ range: s.ranges.kl() }))],
    ["nf4().pack", pack(s.nf4())],
    ["f16().pack", pack(s.f16())],
    ["fp8().pack", pack(s.fp8())],
    ["binary().pack", pack(s.binary())],
    ["ternary().pack", pack(s.ternary())],
    ["leastSquares", (x) => s.leastSquares(x, fixed()).weight],
    ["targets of leastSquares", (y) => s.leastSquares(fixed(), y).weight],
    ["maskedLeastSquares", (w) => s.maskedLeastSquares(fixed(), w, tensor(new Uint8Array(4), [2, 2]))],
    ["inverseHessian", (x) => s.inverseHessian(x)],
    ["choleskyOfInverse", (x) => s.choleskyOfInverse(x)],
    ["hessianDiagonal", s.hessianDiagonal],
    ["ridge", (x) => s.linear.ridge(x, fixed()).coefficients],
    ["targets of lasso", (y) => s.linear.lasso(fixed(), y).coefficients],
    ["logisticRegression", (x) => s.linear.logisticRegression(x, tensor(new Int32Array([0, 1]))).coefficients],
    ["a codec", (g) => s.codecs.topK({ k: 1 }).encode([g], s.codecs.topK({ k: 1 }).init([fixed()]))],
    ["shrink", (w) => s.shrink(withWeight(w))],
    ["quantize", (w) => s.quantize(withWeight(w), { weights: s.int8() })],
    ["gptq", (w) => s.quantize(withWeight(w), { weights: s.int8(), method: s.gptq(), calibration: fixed() })],
    [
      "sparseGpt",
      (w) => s.sparseGpt(withWeight(w), { sparsity: 0.5, calibration: fixed() }).model.params["0.linear.weight"],
    ],
  ])("%s", (_, fn) => {
    clean(() => {
      const w = fixed();
      for (const from of [(x: Tensor) => x, square])
        expect(() =>
          grad((x: Tensor) => {
            const made = fn(from(x));
            return sum(made instanceof spokeshave.Packed ? made.dense() : (made as Tensor));
          })(w),
        ).toThrow(GradientError);
      // A constant is no loss.
      const apart = (x: Tensor): Tensor => {
        fn(stopGradient(x));
        return sum(x);
      };
      grad(apart)(w).dispose();
      return [w];
    });
  });
});
