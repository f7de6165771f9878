import { describe, expect, test } from "vitest";
import { bestOf, frontOf, hypervolume } from "../../src/search/front.js";
import { Random } from "../../src/search/random.js";

const same = (values: readonly number[]) => values;

describe("frontOf", () => {
  test("keeps what nothing beats, equals too", () => {
    const points = [
      [1, 3],
      [2, 2],
      [3, 3],
      [3, 1],
      [2, 2],
      [1, 4],
    ];
    expect(frontOf(points, same)).toEqual([
      [1, 3],
      [2, 2],
      [3, 1],
      [2, 2],
    ]);
    expect(frontOf([], same)).toEqual([]);
  });
});

describe("bestOf", () => {
  test("goes by value, the earlier of equals first", () => {
    const items = [3, 1, 2, 1].map((value, i) => ({ value, i }));
    expect(bestOf(items, 3, ({ value }) => [value]).map(({ i }) => i)).toEqual([1, 3, 2]);
  });

  test("goes front by front, in a front from the ends to the crowd", () => {
    const first = [
      [0, 10],
      [4, 6],
      [5, 5],
      [5.5, 4.5],
      [10, 0],
    ];
    const second = first.map((point) => point.map((value) => value + 1));
    const best = bestOf([...second, ...first], 7, same);
    expect(best.slice(0, 2)).toEqual([
      [0, 10],
      [10, 0],
    ]);
    expect(new Set(best.slice(0, 5))).toEqual(new Set(first));
    expect(best.slice(5)).toEqual([second[0], second[4]]);
  });
});

describe("hypervolume", () => {
  test.each<[string, number[][], number[], number]>([
    ["of nothing", [], [1, 1], 0],
    ["of one point", [[0.25, 0.5]], [1, 1], 0.375],
    ["of a point beyond the reference", [[2, 0]], [1, 1], 0],
    [
      "of equal points",
      [
        [0.5, 0.5],
        [0.5, 0.5],
      ],
      [1, 1],
      0.25,
    ],
    ["in one dimension", [[3], [1]], [4], 3],
    [
      "in three",
      [
        [0, 0, 0.5],
        [0.5, 0.5, 0],
      ],
      [1, 1, 1],
      0.625,
    ],
  ])("%s", (_, points, reference, volume) => {
    expect(hypervolume(points, reference)).toBeCloseTo(volume, 12);
  });

  test.each([2, 3, 4])("is the share of random points that are beaten, in %i dimensions", (d) => {
    const random = new Random(7, d);
    const draw = () => Array.from({ length: d }, () => random.next());
    const points = Array.from({ length: 12 }, draw);
    let beaten = 0;
    for (let i = 0; i < 20_000; i++) {
      const place = draw();
      if (points.some((point) => point.every((value, k) => value <= place[k]!))) beaten++;
    }
    expect(Math.abs(hypervolume(points, new Array(d).fill(1)) - beaten / 20_000)).toBeLessThan(0.015);
  });

  test("refuses what is no list of numbers of its size", () => {
    expect(() => hypervolume([[1]], [1, 1])).toThrow(/hypervolume: points/);
    expect(() => hypervolume([[Number.NaN, 1]], [1, 1])).toThrow(/NaN/);
    expect(() => hypervolume(3 as never, [1])).toThrow(/must be a list/);
  });
});
