import { describe, expect, test } from "vitest";
import { grid } from "../../../src/search/samplers/grid.js";
import { search } from "../../../src/search/search.js";
import type { Draw, Space } from "../../../src/search/space.js";
import { memoryStorage } from "../../../src/search/storage.js";

const tried = async <P>(space: Space<P>, points?: number, batch = 4) => {
  const sampler = grid(points === undefined ? {} : { points });
  const study = await search(() => 0, { space, sampler, trials: 1000, batch });
  expect(study.stopped).toBe("sampler");
  return study.trials.map(({ params }) => params);
};

describe("grid", () => {
  const conditional = (draw: Draw) => {
    const kind = draw.choice("kind", ["none", "one", "two"]);
    if (kind === "none") return kind;
    const a = draw.int("a", 0, 1);
    return kind === "one" ? `${kind} ${a}` : `${kind} ${a} ${draw.float("b", 0, 1, { step: 0.5 })}`;
  };
  const all = ["none", "one 0", "one 1", ...[0, 1].flatMap((a) => [0, 0.5, 1].map((b) => `two ${a} ${b}`))];

  test.each([1, 2, 4, 100])("tries each combination of a conditional space once, in batches of %i", async (batch) => {
    expect(await tried(conditional, undefined, batch)).toEqual(all);
  });

  test("takes points of ranges without steps", async () => {
    expect(await tried((draw) => draw.float("x", 0, 1), 5)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(await tried((draw) => draw.float("x", 0, 1), 1)).toEqual([0.5]);
    const [low, middle, high] = await tried((draw) => draw.float("x", 1e-4, 1, { log: true }), 3);
    expect([low, high]).toEqual([1e-4, 1]);
    expect(middle).toBeCloseTo(1e-2, 12);
  });

  test("tries every integer of a log range, and the one of a space of one", async () => {
    expect(await tried((draw) => draw.int("n", 1, 50, { log: true }))).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    expect(await tried(() => "nothing drawn")).toEqual(["nothing drawn"]);
  });

  test("goes on where it was, and stops at `trials`", async () => {
    const storage = memoryStorage();
    const options = { space: conditional, sampler: grid(), storage };
    const first = await search(() => 0, { ...options, trials: 3 });
    expect(first.stopped).toBe("trials");
    const later = await search(() => 0, { ...options, trials: 100 });
    expect(later.trials.map(({ params }) => params)).toEqual(all);
  });

  test("says what a range without steps needs", async () => {
    await expect(search(() => 0, { space: (draw) => draw.float("x", 0, 1), sampler: grid() })).rejects.toThrow(
      /"x" has no steps; give it a step, or pass points/,
    );
    expect(() => grid({ points: 0 })).toThrow(/points is 0/);
    expect(() => grid(5 as never)).toThrow(/the options are 5/);
  });
});
