import { describe, expect, test } from "vitest";
import { logisticLoss } from "../../src/ops/logistic.js";
import { doubles } from "../../src/ops/system.js";
import { scope } from "../../src/scope.js";
import { tensor } from "../../src/tensor.js";
import { draw, expectWithin, pick, random, zeroLeaks } from "../grid.js";
import * as reference from "../reference/logistic.js";
import { watched } from "../watch.js";

zeroLeaks();

function ours(
  x: Float32Array,
  labels: Int32Array,
  weights: readonly number[],
  model: Float64Array,
  [n, k, free]: readonly [number, number, number],
): ReturnType<typeof logisticLoss> {
  return scope(() => {
    const data = { x: tensor(x, [n, k]), labels: tensor(labels), weights: doubles(Float64Array.from(weights)) };
    return logisticLoss({ ...data, classes: weights.length, free }, model);
  });
}

describe("logisticLoss", () => {
  test("agrees with plain loops, in any slices", () => {
    const seed = 3;
    const next = random(seed);
    for (const n of [1, 7, 8, 9, 65])
      for (const k of [0, 1, 3, 4, 5, 8, 17, 33])
        for (const classes of [2, 3, 10]) {
          const free = classes === 2 ? 1 : classes;
          const x = draw("normal", n * k, n + k);
          const labels = Int32Array.from({ length: n }, () => pick(next, classes));
          const weights = Array.from({ length: classes }, () => next() + 0.5);
          const model = Float64Array.from(draw("normal", free * (k + 1), k));
          const sizes = [n, k, free] as const;
          const got = watched(() => ours(x, labels, weights, model, sizes), (n * 8) % 16);
          const want = reference.logisticLoss(x, labels, weights, model, sizes);
          const about = `[${n}, ${k}], ${classes} classes`;
          const bound = 1e-14 * (n + k) * 10;
          expectWithin([got.loss], [want.loss], bound * (1 + want.loss), `${about}, loss`);
          expectWithin(got.gradient, want.gradient, bound, `${about}, gradient`);
        }
  });

  test("neither overflows nor loses small losses where logits are large", () => {
    for (const classes of [2, 3]) {
      const free = classes === 2 ? 1 : 3;
      const model = new Float64Array(2 * free);
      model[2 * free - 1] = 1;
      const sizes = [2, 1, free] as const;
      const far = ours(
        Float32Array.of(2000, -2000),
        Int32Array.of(classes - 1, classes - 1),
        [1, 1, 1].slice(0, classes),
        model,
        sizes,
      );
      // The first row is right, the second wrong by 2000; with three classes two are equally right.
      expect(far.loss).toBeCloseTo(classes === 2 ? 2000 : 2000 + Math.log(2), 10);
      expect([...far.gradient].every(Number.isFinite)).toBe(true);
      const near = ours(
        Float32Array.of(30, 31),
        Int32Array.of(classes - 1, classes - 1),
        [1, 1, 1].slice(0, classes),
        model,
        sizes,
      );
      expect(near.loss).toBeGreaterThan(0);
    }
  });
});
