import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import type { SearchObjective, Values } from "../../src/search/objective.js";
import type { Sampler } from "../../src/search/sampler.js";
import { grid } from "../../src/search/samplers/grid.js";
import { randomSampler } from "../../src/search/samplers/random.js";
import { type SearchOptions, search } from "../../src/search/search.js";
import type { Draw } from "../../src/search/space.js";
import type { Stopper } from "../../src/search/stopper.js";
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

  test("goes on in the middle of a batch, in whatever order its trials were kept", async () => {
    const whole = await search(loss, options);
    for (const lost of [0, 5, 6, 19]) {
      const kept = whole.trials.filter(({ number }) => number !== lost).map(({ params: _, ...record }) => record);
      const storage = { open: () => kept.reverse(), append: () => undefined };
      expect(JSON.stringify(await search(loss, { ...options, storage }))).toBe(JSON.stringify(whole));
    }
  });

  test("refuses to go on as another search, or in another space", async () => {
    const storage = memoryStorage();
    await search(loss, { ...options, storage });
    const again = (other: object) => search(loss, { ...options, storage, ...other });
    await expect(again({ seed: 2 })).rejects.toThrow(/holds a study with seed 1, this search has 2/);
    await expect(again({ batch: 2 })).rejects.toThrow(/with batch 4/);
    await expect(again({ sampler: randomSampler() })).rejects.toThrow(/with sampler "tpe"/);
    await expect(again({ direction: "maximize" })).rejects.toThrow(/with directions/);
    await expect(again({ space: () => 1 })).rejects.toThrow(/go on with the space it began with/);
    const narrow = (draw: Draw) => ({ ...space(draw), lr: draw.float("lr", 1, 2) });
    await expect(again({ space: narrow })).rejects.toThrow(ArgumentError);
  });

  test("draws nothing from an empty space, and runs it all the same", async () => {
    const study = await search(() => 3, { space: () => "fixed", trials: 6 });
    expect(study.trials.map(({ params, values }) => [params, ...values])).toEqual(new Array(6).fill(["fixed", 3]));
    expect((await search(() => 3, { space: () => "fixed", trials: 0 })).trials).toEqual([]);
  });

  test("takes a sampler of one's own, which sees what is done and what runs", async () => {
    const seen: string[] = [];
    const sampler: Sampler = {
      name: "mine",
      draw({ number, name, history, mates, draws, distribution, random }) {
        seen.push(`${number} ${name}: ${history.map(({ values }) => values)}; ${mates.length}; ${Object.keys(draws)}`);
        expect(random.next()).toBeLessThan(1);
        return distribution.at(number / 10);
      },
      ended: ({ number }) => number === 5,
    };
    const two = (draw: Draw) => draw.int("a", 0, 9) + draw.int("b", 0, 9);
    const study = await search((sum) => sum, { space: two, sampler, batch: 2, direction: "maximize" });
    expect(study.stopped).toBe("sampler");
    expect(study.trials.map(({ params }) => params)).toEqual([0, 2, 4, 6, 8]);
    // Turned: less is better.
    expect(seen.slice(4, 8)).toEqual(["2 a: 0,-2; 0; ", "2 b: 0,-2; 0; a", "3 a: 0,-2; 1; ", "3 b: 0,-2; 1; a"]);
    const wrong = { ...sampler, draw: () => 99 };
    await expect(search((sum) => sum, { space: two, sampler: wrong })).rejects.toThrow(/"a" is to be 99/);
  });
});

describe("a trial", () => {
  const one = (draw: Draw) => draw.int("x", 0, 99);

  test.each<[string, SearchObjective<number>, RegExp]>([
    ["throws", () => Promise.reject(new RangeError("no")), /^RangeError: no$/],
    ["throws no error", () => Promise.reject("no"), /^"no"$/],
    ["gives NaN", () => Number.NaN, /gave NaN; it must give finite numbers/],
    ["gives Infinity", () => Number.POSITIVE_INFINITY, /gave Infinity/],
    ["gives nothing", () => undefined as never, /returned nothing/],
    ["gives null", () => null as never, /gave null/],
    ["gives a text", () => "5" as never, /gave "5"/],
    ["gives two values", () => [1, 2], /gave 2 values, direction has 1/],
    ["yields nothing", async function* () {}, /returned nothing/],
    [
      "yields NaN",
      async function* () {
        yield 1;
        yield Number.NaN;
        expect.unreachable();
      },
      /gave NaN/,
    ],
  ])("that %s fails, and the search goes on", async (_, objective, error) => {
    const odd: SearchObjective<number> = (x, context) => (context.number === 2 ? objective(x, context) : x);
    const study = await search(odd, { space: one, trials: 8 });
    expect(study.trials.map(({ state }) => state)).toEqual(
      [2, 2, 1, 2, 2, 2, 2, 2].map((i) => ["", "failed", "done"][i]),
    );
    expect(study.trials[2]!.error).toMatch(error);
    expect(study.trials[2]!.values).toEqual([]);
    await expect(search(objective, { space: one })).rejects.toThrow(/all of the first 4 trials failed/);
  });

  test("is judged by what it yields: the last counts, or what it returns", async () => {
    async function* last(x: number) {
      yield x + 2;
      yield x + 1;
    }
    async function* returned(x: number) {
      yield* last(x);
      return x;
    }
    for (const [objective, add] of [
      [last, 1],
      [returned, 0],
    ] as const) {
      const { trials } = await search(objective, { space: one, trials: 4 });
      for (const { params, values, curve } of trials)
        expect([values, curve]).toEqual([[params + add], [params + 2, params + 1]]);
    }
  });

  test("ends where the stopper says, its finally blocks run", async () => {
    let closed = 0;
    async function* objective(x: number) {
      try {
        for (let step = 1; step <= 5; step++) yield x + step;
      } finally {
        closed++;
      }
    }
    const stopper: Stopper = {
      name: "third",
      stop: ({ step, value, curve, number }) => {
        expect(curve).toHaveLength(step);
        expect(curve[step - 1]).toBe(value);
        return step === 3 && number % 2 === 1;
      },
    };
    const { trials, best } = await search(objective, { space: one, stopper, trials: 8 });
    expect(closed).toBe(8);
    for (const { number, state, curve, values, params } of trials)
      expect([state, curve.length, values]).toEqual(
        number % 2 === 1 ? ["stopped", 3, [params + 3]] : ["done", 5, [params + 5]],
      );
    expect(best.state).toBe("done");
  });

  test("has a seed of its own, the same in every run", async () => {
    const seeds = async (seed: number) => {
      const found: number[] = [];
      await search((_, context) => found.push(context.seed), { space: one, trials: 8, seed });
      return found;
    };
    const found = await seeds(1);
    expect(found.every(Number.isSafeInteger)).toBe(true);
    expect(new Set([...found, ...(await seeds(2))]).size).toBe(16);
    expect(await seeds(1)).toEqual(found);
  });
});

describe("several objectives", () => {
  const objective = (x: number) => [x, (x - 5) * (x - 5)];
  const space = (draw: Draw) => draw.int("x", 0, 9);

  test("give a front, in their directions", async () => {
    const sampler = grid();
    const low = await search(objective, { space, sampler, direction: ["minimize", "minimize"] });
    expect(low.front.map(({ params }) => params)).toEqual([0, 1, 2, 3, 4, 5]);
    const high = await search(objective, { space, sampler, direction: ["maximize", "minimize"] });
    expect(high.front.map(({ params }) => params)).toEqual([5, 6, 7, 8, 9]);
    expect(high.front[0]!.values).toEqual([5, 0]);
    expect(() => high.best).toThrow(/there are 2 objectives; see study.front/);
  });

  test("may be yielded one by one for the stopper, and all in the end", async () => {
    const steps = async function* (x: number) {
      yield x;
      return objective(x);
    };
    const { trials } = await search(steps, { space, trials: 4, direction: ["minimize", "minimize"] });
    for (const { params, curve, values } of trials) expect([curve, values]).toEqual([[params], objective(params)]);
  });
});

describe("the end of a search", () => {
  const space = (draw: Draw) => draw.float("x", 0, 1);

  test("comes by a signal: what runs does not count, and a later search is as if nothing had been", async () => {
    const whole = await search((x) => x, { space, trials: 20 });
    const storage = memoryStorage();
    const stop = new AbortController();
    const objective = (x: number, { number }: { number: number }) => {
      if (number === 9) stop.abort();
      return x;
    };
    const first = await search(objective, { space, trials: 20, storage, signal: stop.signal });
    expect([first.stopped, first.trials.length]).toEqual(["signal", 9]);
    expect(JSON.stringify(await search((x) => x, { space, trials: 20, storage }))).toBe(JSON.stringify(whole));
    const none = await search(objective, { space, signal: stop.signal });
    expect([none.stopped, none.trials]).toEqual(["signal", []]);
    expect(() => none.best).toThrow(/none of 0 trials is done/);
  });

  test("tells what runs, and waits for it", async () => {
    let told = false;
    const objective = (_: number, { signal }: { signal: AbortSignal }) =>
      new Promise<number>((resolve) => {
        signal.addEventListener("abort", () => {
          told = true;
          resolve(1);
        });
      });
    const study = await search(objective, { space, maxMs: 20 });
    expect([study.stopped, study.trials, told]).toEqual(["maxMs", [], true]);
  });

  test("comes by the clock, also where the objective never waits", async () => {
    const began = performance.now();
    const study = await search((x) => x, {
      space,
      trials: Number.POSITIVE_INFINITY,
      maxMs: 60,
      sampler: randomSampler(),
    });
    expect(study.stopped).toBe("maxMs");
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test("comes by an error of the storage or of onTrial", async () => {
    const bad = () => {
      throw new Error("full");
    };
    let closed = 0;
    const storage = { open: () => [], append: bad, close: () => void closed++ };
    await expect(search((x) => x, { space, storage })).rejects.toThrow("full");
    await expect(search((x) => x, { space, onTrial: bad })).rejects.toThrow("full");
    expect(closed).toBe(1);
  });

  test("is told trial by trial", async () => {
    const told: number[] = [];
    const study = await search((x) => x, { space, trials: 6, onTrial: ({ number }) => void told.push(number) });
    expect(told).toEqual([0, 1, 2, 3, 4, 5]);
    expect(study.stopped).toBe("trials");
  });
});
