import { describe, expect, test } from "vitest";
import type { Values } from "../../src/search/objective.js";
import { type SearchOptions, search } from "../../src/search/search.js";
import type { Draw } from "../../src/search/space.js";
import { memoryStorage } from "../../src/search/storage.js";

const space = (draw: Draw) => {
  const layers = draw.int("layers", 1, 3);
  return {
    lr: draw.float("lr", 1e-5, 1e-1, { log: true }),
    layers,
    act: draw.choice("act", ["relu", "tanh"]),
    dropout: layers > 1 ? draw.float("dropout", 0, 0.5) : 0,
  };
};
type Params = ReturnType<typeof space>;
const loss = ({ lr, layers, dropout }: Params) => Math.abs(lr - 0.01) + layers + dropout;
const options: SearchOptions<Params> = { space, trials: 20, seed: 1 };

describe("search", () => {
  test("gives the same study for the same seed, another for another", async () => {
    const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => search(loss, { ...options, seed })));
    expect(a!.trials).toHaveLength(20);
    expect(JSON.stringify(b)).toBe(JSON.stringify(a));
    expect(JSON.stringify(c!.trials)).not.toBe(JSON.stringify(a!.trials));
  });

  test("goes on where a storage ends, as if never interrupted", async () => {
    const whole = await search(loss, options);
    const storage = memoryStorage();
    await search(loss, { ...options, storage, trials: 7 });
    const later = await search(loss, { ...options, storage });
    expect(JSON.stringify(later)).toBe(JSON.stringify(whole));
  });

  test("gives the same study for any number of workers", async () => {
    const studies = [1, 2, 4].map((workers) =>
      search(
        {
          workers,
          async run(params, { number }): Promise<Values> {
            await new Promise((resolve) => setTimeout(resolve, (7 * number) % 5));
            return loss(params);
          },
        },
        options,
      ),
    );
    const [one, ...others] = (await Promise.all(studies)).map((study) => JSON.stringify(study));
    expect(others).toEqual([one, one]);
  });
});
