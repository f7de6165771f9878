import { describe, expect, test } from "vitest";
import { randomSampler } from "../../../src/search/samplers/random.js";
import { tpe } from "../../../src/search/samplers/tpe.js";
import { search } from "../../../src/search/search.js";
import type { Draw, Space } from "../../../src/search/space.js";
import { zdt1, zdt2 } from "../../reference/problems.js";
import { median, medianVolume, twenty } from "../medians.js";

/** A space of every kind of draw, of which half depends on a choice. */
const mixed = (draw: Draw) => {
  const kind = draw.choice("kind", ["line", "disc", "far", "flat"]);
  const lr = draw.float("lr", 1e-6, 1, { log: true });
  const layers = draw.int("layers", 1, 8);
  if (kind === "line") return { kind, lr, layers, x: draw.float("x", -4, 4) };
  if (kind === "disc") return { kind, lr, layers, x: draw.float("y", -4, 4), z: draw.float("z", -4, 4) };
  return { kind, lr, layers, x: 9 };
};
type Mixed = { kind: string; lr: number; layers: number; x: number; z?: number };
const loss = ({ kind, lr, layers, x, z = 0 }: Mixed) =>
  (Math.log10(lr) + 3) ** 2 + (layers - 5) ** 2 / 4 + (x - 1) ** 2 + (z - 2) ** 2 / 2 + (kind === "disc" ? 0 : 2.5);

async function half<P>(of: (params: P) => number, space: Space<P>, sampler = tpe(), seeds = twenty): Promise<number> {
  const found: number[] = [];
  for (const seed of seeds) found.push((await search(of, { space, sampler, seed, trials: 100 })).best.values[0]!);
  return median(found);
}

describe("tpe", () => {
  test("finds its way in a space of choices, integers and conditions", async () => {
    const [own, random] = [await half(loss, mixed), await half(loss, mixed, randomSampler())];
    console.log(`mixed space: TPE ${own.toFixed(3)}, random ${random.toFixed(3)}`);
    expect(own).toBeLessThan(random / 3);
  });

  test("sees what goes together", async () => {
    // Either is as good as the other alone; only the pair tells.
    const options = ["a", "b", "c", "d", "e", "f"] as const;
    const pair = (draw: Draw) => [draw.choice("p", options), draw.choice("q", options), draw.float("x", 0, 1)] as const;
    const of = ([p, q, x]: ReturnType<typeof pair>) => (p === q ? 0 : 1) + Math.abs(x - options.indexOf(p) / 5);
    const [own, random] = [await half(of, pair), await half(of, pair, randomSampler())];
    console.log(`pairs: TPE ${own.toFixed(4)}, random ${random.toFixed(4)}`);
    expect(own).toBeLessThan(random / 2);
  });

  test.each([
    ["zdt1", zdt1],
    ["zdt2", zdt2],
  ])("beats random and NSGA-II on %s", async (name, of) => {
    const problem = { of, bounds: Array.from({ length: 6 }, () => [0, 1] as const) };
    const own = await medianVolume(problem, tpe());
    const random = await medianVolume(problem, randomSampler());
    console.log(`${name}: TPE ${own.toFixed(2)}, random ${random.toFixed(2)}`);
    // Half of the studies of NSGA-II reach 10.03 and 9.40.
    expect(own).toBeGreaterThan(name === "zdt1" ? 10.03 : 9.4);
    expect(own).toBeGreaterThan(random);
  });

  test("learns from failures, and maximizes", async () => {
    const study = await search(
      (x) => {
        if (x > 0) throw new Error("infeasible");
        return -(x + 1) * (x + 1);
      },
      { space: (draw: Draw) => draw.float("x", -5, 5), trials: 100, direction: "maximize", seed: 3 },
    );
    expect(study.best.values[0]).toBeGreaterThan(-1e-3);
    expect(study.trials.slice(50).filter(({ state }) => state === "failed").length).toBeLessThan(15);
  });

  test("draws where there is one value, and more names than Sobol has axes", async () => {
    const study = await search((xs) => xs.reduce((sum, x) => sum + x * x, 0), {
      space: (draw: Draw) => [
        draw.int("one", 3, 3),
        ...Array.from({ length: 70 }, (_, i) => draw.float(`x${i}`, -1, 1)),
      ],
      trials: 24,
    });
    expect(study.trials).toHaveLength(24);
  });

  test("goes on when no trial is ever done", async () => {
    const objective = (_: number, { number }: { number: number }) => {
      if (number > 0) throw new Error("no");
      return 1;
    };
    const study = await search(objective, { space: (draw: Draw) => draw.float("x", 0, 1), trials: 40 });
    expect(study.trials.map(({ state }) => state).filter((state) => state === "failed")).toHaveLength(39);
  });
});
