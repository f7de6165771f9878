import { describe, expect, test } from "vitest";
import { importance } from "../../src/report/importance.js";

const numbers = Array.from({ length: 40 }, (_, i) => ((i * 17) % 40) / 40);

describe("a setting", () => {
  test("that decides alone explains nearly everything, whichever way", () => {
    expect(importance(numbers, numbers)).toBeGreaterThan(0.9);
    expect(
      importance(
        numbers,
        numbers.map((value) => (value - 0.5) ** 2),
      ),
    ).toBeGreaterThan(0.6);
    expect(
      importance(
        numbers.map((value) => value > 0.5),
        numbers.map((value) => Number(value > 0.5)),
      ),
    ).toBe(1);
    expect(
      importance(
        numbers.map((value) => (value > 0.5 ? "relu" : "tanh")),
        numbers,
      ),
    ).toBeGreaterThan(0.7);
  });

  test("that has nothing to do with it explains next to nothing", () => {
    const other = numbers.map((_, i) => (i * 9) % 40);
    expect(importance(other, numbers)).toBeLessThan(0.1);
  });

  test("is judged by ranks: one hopeless trial changes little", () => {
    const results = numbers.map((value, i) => (i === 3 ? 1e9 : value));
    expect(importance(numbers, results)).toBeGreaterThan(0.75);
  });

  test("explains nothing where nothing differs, or there is too little to tell", () => {
    for (const [settings, results] of [
      [[], []],
      [[1], [5]],
      [
        [1, 2],
        [5, 6],
      ],
      [
        [1, 1, 1],
        [1, 2, 3],
      ],
      [
        [1, 2, 1, 2],
        [5, 5, 5, 5],
      ],
      [
        ["a", "b", "c"],
        [1, 2, 3],
      ],
    ] as const)
      expect(importance(settings, results)).toBe(0);
  });
});

test("ε² by hand: two groups of two, ranks 0 1 | 2 3", () => {
  // Between 4, within 1, of 5 in all; 1 − (1 / 2) · (3 / 5).
  expect(importance(["a", "a", "b", "b"], [10, 20, 30, 40])).toBeCloseTo(0.7, 12);
});
