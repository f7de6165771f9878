import { describe, expect, test } from "vitest";
import { sobol } from "../../../src/search/samplers/sobol.js";
import { sobolAxes, sobolBits, sobolPlace } from "../../../src/search/samplers/sobolPoints.js";
import { search } from "../../../src/search/search.js";

const axes = Array.from({ length: sobolAxes }, (_, axis) => axis);

describe("Sobol's points", () => {
  test("begin as they should", () => {
    const first = [0, 1, 2, 3, 4].map((i) => axes.slice(0, 5).map((axis) => sobolBits(i, axis) / 2 ** 32));
    // By number, not by Gray code, as SciPy's of 1.17: 0, 1, 3, 2 and 6 are its first five.
    expect(first.slice(0, 4)).toEqual([
      [0, 0, 0, 0, 0],
      [0.5, 0.5, 0.5, 0.5, 0.5],
      [0.25, 0.75, 0.75, 0.75, 0.25],
      [0.75, 0.25, 0.25, 0.25, 0.75],
    ]);
  });

  test("spread each block of 2^k evenly over every axis, scrambled or not", () => {
    for (const place of [
      (i: number, axis: number) => sobolBits(i, axis) / 2 ** 32,
      (i: number, axis: number) => sobolPlace(i, axis, 5),
    ])
      for (const axis of axes)
        for (const size of [1, 2, 8, 64, 256])
          for (const block of [0, 1, 5]) {
            const cells = Array.from({ length: size }, (_, i) => Math.floor(place(block * size + i, axis) * size));
            expect(new Set(cells).size, `axis ${axis}, block ${block} of ${size}`).toBe(size);
          }
  });

  test("fill every elementary interval of the first two axes: a (0, 6, 2)-net, scrambled too", () => {
    for (let rows = 0; rows <= 6; rows++) {
      const boxes = new Set<string>();
      for (let i = 0; i < 64; i++)
        boxes.add([rows, 6 - rows].map((bits, axis) => Math.floor(sobolPlace(i, axis, 9) * 2 ** bits)).join());
      expect(boxes.size).toBe(64);
    }
  });

  test("lie elsewhere for another seed, within (0, 1)", () => {
    const places = (seed: number) => axes.flatMap((axis) => [0, 1, 2].map((i) => sobolPlace(i, axis, seed)));
    expect(places(1)).toEqual(places(1));
    expect(places(1)).not.toEqual(places(2));
    expect(Math.min(...places(1))).toBeGreaterThan(0);
    expect(Math.max(...places(1))).toBeLessThan(1);
  });
});

describe("sobol()", () => {
  test("draws each choice equally often", async () => {
    const study = await search(() => 0, {
      space: (draw) => draw.choice("c", ["a", "b", "c", "d"]),
      sampler: sobol(),
      trials: 32,
    });
    for (const option of ["a", "b", "c", "d"])
      expect(study.trials.filter(({ params }) => params === option)).toHaveLength(8);
  });

  test("says that it has no more than 64 axes", async () => {
    const run = (names: number) =>
      search(() => 0, {
        space: (draw) =>
          axes
            .concat(0)
            .slice(0, names)
            .map((_, i) => draw.float(`x${i}`, 0, 1)),
        sampler: sobol(),
        trials: 2,
      });
    await expect(run(64)).resolves.toBeDefined();
    await expect(run(65)).rejects.toThrow(/more than 64 names/);
  });
});
