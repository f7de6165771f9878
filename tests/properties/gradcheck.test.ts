import { describe, expect, test } from "vitest";
import { grad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { sum } from "../../src/ops/reduce.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, pick, type Random, random, roundoff, zeroLeaks } from "../grid.js";
import { generate, type Reference, reference } from "../reference/array.js";
import { type Instance, shapes, table } from "./differentiable.js";

zeroLeaks();

const seeds = [1, 2, 3];
/** A power of two near 1e-6: x ± step is exact. */
const step = 2 ** -20;

const toTensor = (x: Reference): Tensor => tensor(Float32Array.from(x.data), x.shape);
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
