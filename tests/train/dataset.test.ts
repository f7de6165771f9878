import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/errors.js";
import { scope } from "../../src/scope.js";
import { readTensor } from "../../src/tensor.js";
import { type Dataset, dataset, shuffled } from "../../src/train/dataset.js";
import { zeroLeaks } from "../grid.js";

zeroLeaks();

const ten = () =>
  dataset(
    Float32Array.from({ length: 20 }, (_, i) => i),
    Uint8Array.from({ length: 10 }, (_, i) => i),
    { inputShape: [2] },
  );

/** The labels of all examples, in order. */
function labels(data: Dataset): number[] {
  return scope(() => Array.from(readTensor(data.batch(Array.from({ length: data.size }, (_, i) => i)).y)));
}

describe("a dataset", () => {
  test("gives examples by index, in any order, twice if asked", () => {
    scope(() => {
      const { x, y } = ten().batch([3, 0, 3]);
      expect([x.shape, Array.from(readTensor(x))]).toEqual([
        [3, 2],
        [6, 7, 0, 1, 6, 7],
      ]);
      expect([y.dtype, Array.from(readTensor(y))]).toEqual(["i32", [3, 0, 3]]);
    });
  });

  test("scales bytes, keeps input and target shapes", () => {
    scope(() => {
      const data = dataset(new Uint8Array([0, 51, 255, 102]), new Float32Array([1, 2, 3, 4]), {
        inputShape: [1, 2],
        targetShape: [2],
        scale: 1 / 255,
      });
      const { x, y } = data.batch([1]);
      expect([x.shape, y.shape, y.dtype]).toEqual([[1, 1, 2], [1, 2], "f32"]);
      expect(readTensor(x)[0]).toBeCloseTo(1, 6);
      expect(readTensor(x)[1]).toBeCloseTo(0.4, 6);
      expect(Array.from(readTensor(y))).toEqual([3, 4]);
    });
  });

  test("takes and splits without overlap, by seed", () => {
    const data = ten();
    expect(labels(data.take(3))).toEqual([0, 1, 2]);
    expect(labels(data.take(99, { start: 8 }))).toEqual([8, 9]);
    const [rest, held] = data.split({ holdOut: 0.3, seed: 5 });
    expect([rest.size, held.size]).toEqual([7, 3]);
    expect([...labels(rest), ...labels(held)].sort()).toEqual(labels(data));
    expect(labels(data.split({ holdOut: 3, seed: 5 })[1])).toEqual(labels(held));
    const [, deeper] = rest.split({ holdOut: 2, seed: 1 });
    for (const label of labels(deeper)) expect(labels(held)).not.toContain(label);
  });

  test("says what does not fit", () => {
    expect(() => dataset(new Float32Array(7), new Uint8Array(3), { inputShape: [2] })).toThrow(ShapeError);
    expect(() => ten().batch([10])).toThrow(/example 10 is asked for; there are 0 to 9/);
    expect(() => ten().split({ holdOut: 11, seed: 1 })).toThrow(ArgumentError);
    expect(dataset(new Float32Array(0), new Uint8Array(0)).size).toBe(0);
  });
});

test("an epoch's order is a permutation, its own, and the same for the same seed", () => {
  const order = shuffled(100, 1, 0);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(shuffled(100, 1, 0)).toEqual(order);
  expect(shuffled(100, 1, 1)).not.toEqual(order);
  expect(shuffled(100, 2, 0)).not.toEqual(order);
});
