// Rounding by chance gives the gradient on average: what is decoded, over many draws, and how far its mean may lie off by chance.
import { describe, expect, test } from "vitest";
import { roundToLevels } from "../../../src/ops/codec.js";
import { qsgd, ternGrad } from "../../../src/quantize/codecs/index.js";
import { readLevels, writeLevels } from "../../../src/quantize/codecs/levels.js";
import { Reader, Writer } from "../../../src/quantize/codecs/message.js";
import { scope } from "../../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../../src/tensor.js";
import { draw, zeroLeaks } from "../../grid.js";

zeroLeaks();

const [size, draws] = [64, 4000];
/** Of both signs, and none so small that it is hardly ever drawn. */
const x = draw("uniform", size, 1).map((v) => v + Math.sign(v) / 2);

/**
 * How far the mean of each number over the draws lies off x, in standard errors. A number between two levels `unit` apart, a share f
 * above the lower, has the variance unit² · f (1 − f).
 */
function deviations(unit: number, decoded: (draw: number) => ArrayLike<number>): number[] {
  const sums = new Float64Array(size);
  for (let n = 0; n < draws; n++) for (const [i, value] of Array.from(decoded(n)).entries()) sums[i]! += value;
  return Array.from(x, (exact, i) => {
    const share = (Math.abs(exact) / unit) % 1;
    const error = unit * Math.sqrt((share * (1 - share)) / draws);
    const off = sums[i]! / draws - exact;
    // What always lies on a level is right to rounding.
    return Math.abs(off) < 1e-6 ? 0 : off / error;
  });
}

/**
 * No number further off than 5 standard errors, which happens by chance once in 27,000 runs of 64 numbers; nor all together: the sum of
 * the 64 squares is 64 on average, with a deviation of √128, and beyond 64 + 5 √128 = 121 about as seldom.
 */
function unbiased(z: readonly number[]): boolean {
  return z.every((v) => Math.abs(v) < 5) && z.reduce((sum, v) => sum + v * v, 0) < 64 + 5 * Math.sqrt(128);
}

const length = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));

describe.each([
  ["ternGrad", () => ternGrad({ seed: 1 }), Math.max(...x.map(Math.abs))],
  ["qsgd, 1 level", () => qsgd({ levels: 1, seed: 2 }), length],
  ["qsgd, 4 levels", () => qsgd({ levels: 4, seed: 3 }), length / 4],
  ["qsgd, 255 levels", () => qsgd({ levels: 255, seed: 4 }), length / 255],
] as const)("%s", (_, make, unit) => {
  test(`the mean of ${draws} draws is the gradient, within chance`, () => {
    scope(() => {
      const codec = make();
      const grads = tensor(x);
      const state = codec.init(grads);
      const z = deviations(unit, () => scope(() => readTensor(codec.decode(codec.encode(grads, state), grads))));
      expect(unbiased(z), `deviations ${z.map((v) => v.toFixed(1))}`).toBe(true);
      // Draws that were alike would not vary.
      expect(z.filter((v) => v !== 0).length).toBeGreaterThan(size / 2);
    });
  });
});

test("the test sees a bias of three hundredths of a level", () => {
  scope(() => {
    const grads = tensor(x);
    const [levels, largest] = [4, 8];
    const decoded = (n: number, shift: number) =>
      scope(() => {
        const uniforms = draw("uniform", size, n).map((v) => (v + 1) / 2 + shift);
        const to = new Writer();
        const codes = readTensor(roundToLevels(grads, tensor(uniforms), { levels, largest }));
        writeLevels(to, codes, { who: "test", levels, largest });
        return readTensor(readLevels(new Reader("test", to.done()), grads.shape) as Tensor<"f32">);
      });
    expect(unbiased(deviations(largest / levels, (n) => decoded(n, 0)))).toBe(true);
    expect(unbiased(deviations(largest / levels, (n) => decoded(n, 0.03)))).toBe(false);
  });
});
