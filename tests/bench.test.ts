import { describe, expect, test } from "vitest";

// The bench is plain JavaScript, and its peers may not be installed: what is its own is tried here, with ourselves as the only one.
const from = (name: string) => import(new URL(`../bench/${name}.mjs`, import.meta.url).href);
const { works } = await from("works");
const { compare, race } = await from("race");
const { goals, judge } = await from("goals");
const { resultsOf } = await from("results");
const { rowOf } = await from("row");
const { peak } = await from("peak");
const { ours } = await from("peers/ours");

interface Work {
  work: string;
  shape: number[];
}
const gives = (name: string, values: number[]) => ({ name, result: () => values });

describe("works", () => {
  test("have names of their own", () => {
    const names = works.map(({ work, shape }: Work) => `${work} ${shape}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test("have a row for each shape that a goal asks for", () => {
    for (const { works: names, shapes = [undefined] } of goals)
      for (const name of names)
        for (const shape of shapes) {
          const found = works.some(
            (one: Work) => one.work === name && (shape ?? one.shape).join() === one.shape.join(),
          );
          expect(found, `${name} ${shape}`).toBe(true);
        }
  });

  test("give rows of one form", async () => {
    const own = await ours("simd");
    for (const [name, unit] of [
      ["matmul 64,64,64", "GFLOP/s"],
      ["a call: matmul 4,4,4", "µs"],
      ["sparse 2:4 1,1024,1024", "GFLOP/s"],
      ["training step 32,32", "ms"],
    ]) {
      const work = works.find((one: Work) => `${one.work} ${one.shape}` === name);
      const row = await rowOf(work, [own], "simd", 20);
      expect(row).toMatchObject({ work: work.work, shape: work.shape, host: process.version, binary: "simd", unit });
      expect(row.ours).toBeGreaterThan(0);
      expect(row.spread.ours[0]).toBeLessThanOrEqual(row.ours);
      expect(row.spread.ours[1]).toBeGreaterThanOrEqual(row.ours);
      const [other] = Object.values(row.peers) as (number | undefined)[];
      expect(row.best).toBe(other ?? null);
      expect(row.ratio).toBe(other === undefined ? null : row.ours / other);
      expect(row.share).toBe(row.peak === undefined ? undefined : row.ours / row.peak);
    }
  });
});

describe("contenders", () => {
  test("must give one result", async () => {
    const within = (i: number) => (i === 0 ? 0.5 : 0);
    await compare([gives("ours", [1, 2]), gives("a peer", [1.5, 2])], within);
    for (const [wrong, said] of [
      [[1.6, 2], "element 0 is 1 of ours, 1.6 of a peer"],
      [[1, Number.NaN], "element 1"],
      [[1], "1 elements, not 2"],
    ] as const)
      await expect(compare([gives("ours", [1, 2]), gives("a peer", [...wrong])], within)).rejects.toThrow(said);
    await compare([gives("ours", [1, 2]), { ...gives("a peer", [1]), agrees: 1 }]);
  });

  test("take turns, and those that are awaited are", async () => {
    let awaited = 0;
    const later = () => new Promise<void>((resolve) => setImmediate(() => resolve(void awaited++)));
    const [quick, slow] = await race([{ run: () => undefined }, { run: later }], 20);
    expect(quick).toHaveLength(slow.length);
    expect(awaited).toBeGreaterThanOrEqual(slow.length);
    expect(quick).toEqual([...quick].sort((a, b) => a - b));
  });

  test("measure the peak with a kernel that runs", async () => {
    const limit = await peak("simd");
    expect(limit.run()).toBeUndefined();
    expect(limit.amount).toBeGreaterThan(0);
  });
});

describe("results", () => {
  const row = { work: "a", shape: [1], host: "v24.0.0", unit: "GOP/s", ours: 3, peers: { "tfjs-wasm": 2 }, best: 2 };
  const rows = ["simd", "relaxed"].map((binary) => ({
    ...{ ...row, binary, ratio: 1.5, peak: 4, share: 0.75 },
    spread: { ours: [1, 4], "tfjs-wasm": [2, 2] },
  }));

  test("hold a goal at its figure, not below", () => {
    const goal = { goal: "a", works: ["a"], shapes: [[1]] };
    expect(judge({ ...goal, simd: 1.5 }, rows, "simd")).toMatchObject({ wanted: 1.5, found: 1.5, holds: true });
    expect(judge({ ...goal, simd: 1.51 }, rows, "simd")).toMatchObject({ holds: false });
    expect(judge({ ...goal, relaxed: 1.5, share: 0.76 }, rows, "relaxed")).toMatchObject({ share: 0.75, holds: false });
    expect(judge({ ...goal, relaxed: 1.5, share: 0.76 }, rows, "simd")).toBeUndefined();
    expect(judge({ ...goal, most: 2.9 }, rows, "simd")).toMatchObject({ found: 3, holds: false });
    expect(judge({ ...goal, shapes: [[2]], simd: 1 }, rows, "simd")).toBeUndefined();
  });

  test("name the hosts, the peers, and those that did not run", () => {
    const head = {
      host: "v24.0.0",
      binary: "simd",
      versions: { "tfjs-wasm": "4.22.0" },
      absent: { "jax-js": "no, really" },
    };
    const page = resultsOf([head], rows, new Date(0));
    for (const part of [
      "Node 24.0.0",
      "1970-01-01",
      "tfjs-wasm 4.22.0",
      "jax-js did not run on plain SIMD: no, really.",
    ])
      expect(page).toContain(part);
    expect(page).toContain("| a 1 | 3.00 (1.00–4.00) GOP/s | tfjs-wasm 2.00 (2.00–2.00) | 1.50 | 75 % |");
  });
});
