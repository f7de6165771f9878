import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ArgumentError, SpokeshaveError } from "../../src/errors.js";
import { journal } from "../../src/search/journal.js";
import { randomSampler } from "../../src/search/samplers/random.js";
import { type SearchOptions, search } from "../../src/search/search.js";
import { asha } from "../../src/search/stoppers/asha.js";
import { threads } from "../../src/search/threads.js";

const folder = mkdtempSync(join(tmpdir(), "spokeshave-threads-"));
afterAll(() => rmSync(folder, { recursive: true }));
const objective = (name: string) => new URL(`objectives/${name}.mjs`, import.meta.url);

/** Threads that live: each search must end all of its own. */
let [started, exited] = [0, 0];
const threadsOf = process.getBuiltinModule.bind(process);
class Watched extends Worker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    started++;
    this.on("exit", () => exited++);
  }
}
beforeEach(() => {
  vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) =>
    name === "worker_threads" ? { Worker: Watched } : threadsOf(name)) as typeof process.getBuiltinModule);
});
afterEach(() => {
  vi.restoreAllMocks();
  expect(exited).toBe(started);
});

type Curve = { rate: number; end: string };
const curves: SearchOptions<Curve> = {
  space: (draw) => ({ rate: draw.float("rate", 0.01, 1), end: "none" }),
  stopper: asha(),
  batch: 6,
  trials: 36,
  seed: 5,
};

describe("threads", () => {
  it("1, 2 or 4, give the study that no thread gives, TPE and halving included", async () => {
    const { default: inline } = await import(objective("curves").href);
    const whole = JSON.stringify(await search(inline, curves));
    for (const state of ["done", "stopped", "failed"]) expect(whole).toContain(`"${state}"`);
    for (const workers of [1, 2, 4])
      expect(JSON.stringify(await search(threads(objective("curves"), { workers }), curves))).toBe(whole);
  });

  it("train with the library that their module imports", async () => {
    const space: SearchOptions<{ lr: number; hidden: number }>["space"] = (draw) => ({
      lr: draw.float("lr", 1e-3, 1, { log: true }),
      hidden: draw.int("hidden", 2, 8),
    });
    const [one, two] = await Promise.all(
      [1, 2].map((workers) =>
        search(threads(objective("training"), { workers }), { space, trials: 12, seed: 1, stopper: asha() }),
      ),
    );
    expect(JSON.stringify(two)).toBe(JSON.stringify(one));
    expect(one!.best.curve).toHaveLength(9);
    expect(one!.best.values[0]).toBeLessThan(one!.best.curve[0]!);
  });

  it.each([
    ["exit", "exit code 3"],
    ["outside", "Error: outside"],
    ["rejection", "Error: nobody's"],
  ])("that end by %s are replaced; their trial fails at the third time, alone", async (end, why) => {
    const space: SearchOptions<Curve>["space"] = (draw) => {
      const rate = draw.float("rate", 0.01, 1);
      return { rate, end: rate > 0.8 ? end : "none" };
    };
    // tpe() would learn to keep away.
    const options = { ...curves, space, sampler: randomSampler(), trials: 18 };
    const [one, ...others] = await Promise.all(
      [1, 2, 4].map((workers) => search(threads(objective("curves"), { workers }), options)),
    );
    for (const other of others) expect(JSON.stringify(other)).toBe(JSON.stringify(one));
    const failed = one!.trials.filter(({ state }) => state === "failed");
    const [crashed, broken] = [true, false].map((ends) => failed.filter(({ curve }) => (curve.length === 3) === ends));
    expect(crashed!.length).toBeGreaterThan(2);
    for (const { error, params } of crashed!) {
      expect(params.end).toBe(end);
      expect(error).toBe(`SpokeshaveError: its thread ended 3 times under it, the last time with ${why}`);
    }
    for (const { error } of broken!) expect(error).toBe("RangeError: broken");
  });

  it.each([1, 2, 3])("that end under a trial %i times: it is counted once, or failed", async (times) => {
    const file = join(folder, `flaky${times}`);
    const space: SearchOptions<{ x: number; file: string; times: number }>["space"] = (draw) => ({
      ...{ file, times },
      x: draw.float("x", 0, 1),
    });
    const path = join(folder, `flaky${times}.jsonl`);
    const study = await search(threads(objective("flaky"), { workers: 2 }), {
      ...{ space, trials: 7, storage: journal(path) },
    });
    for (const { number, state, curve, params } of study.trials) {
      const fails = number % 3 === 1 && times === 3;
      expect(state).toBe(fails ? "failed" : "done");
      expect(curve).toEqual([1, 2, 3, 4, 5].slice(0, fails ? 2 : 5).map((step) => params.x / step));
    }
    expect(readFileSync(path, "utf8").split("\n")).toHaveLength(9);
    expect(readFileSync(file, "utf8").split("\n")).toHaveLength(2 * times + 1);
  });

  it("are told of an abort, end their trials through return(), and are gone", async () => {
    const file = join(folder, "sleepers");
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 300);
    const study = await search(threads(objective("sleeper"), { workers: 2 }), {
      ...{ space: () => ({ file, spin: false }), trials: 4, signal: abort.signal },
    });
    expect(study.stopped).toBe("signal");
    expect(study.trials).toEqual([]);
    expect(readFileSync(file, "utf8").split("\n").sort()).toEqual(["", "0 true", "1 true"]);
  });

  it("that do not listen to it are ended", async () => {
    const file = join(folder, "spinners");
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 300);
    const study = await search(threads(objective("sleeper"), { workers: 2 }), {
      ...{ space: () => ({ file, spin: true }), trials: 4, signal: abort.signal },
    });
    expect(study.stopped).toBe("signal");
    expect(existsSync(file)).toBe(false);
  });

  it("end when the search fails", async () => {
    const failing = search(threads(objective("curves"), { workers: 2 }), {
      ...curves,
      onTrial: () => {
        throw new Error("mine");
      },
    });
    await expect(failing).rejects.toThrow("mine");
  });

  it("run for one search at a time", async () => {
    const executor = threads(objective("curves"), { workers: 1 });
    const ends = await Promise.allSettled([search(executor, curves), search(executor, curves)]);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    await search(executor, curves);
  });
});

describe("modules", () => {
  const written = (name: string, text: string) => {
    const path = join(folder, `${name}.mjs`);
    writeFileSync(path, text);
    return pathToFileURL(path);
  };
  const space: SearchOptions<{ x: number; f?: unknown }>["space"] = (draw) => ({ x: draw.float("x", 0, 1) });

  it.each([
    [
      "that are not there",
      () => new URL("missing.mjs", pathToFileURL(`${folder}/`)),
      /missing\.mjs cannot be loaded: .*Cannot find/,
    ],
    ["with a syntax error", () => written("syntax", "export default ("), /cannot be loaded: SyntaxError/],
    ["that throw", () => written("throws", 'throw new Error("mine")'), /cannot be loaded: Error: mine/],
    ["that exit", () => written("exits", "process.exit(4)"), /ended its thread while it was loaded: exit code 4/],
    ["without default export", () => written("named", "export const f = 1"), /has undefined as its default export/],
    ["of something else", () => written("number", "export default 3"), /has number as its default export/],
  ])("%s are refused at once", async (_, url, message) => {
    const refused = search(threads(url(), { workers: 2 }), { space, storage: journal(join(folder, "never.jsonl")) });
    await expect(refused).rejects.toThrow(ArgumentError);
    await expect(refused).rejects.toThrow(message);
    expect(existsSync(join(folder, "never.jsonl"))).toBe(false);
  });

  it.each([
    ["a function", "export default ({ x }) => x"],
    ["an async one", "export default async ({ x }) => x"],
    ["a generator that returns", "export default async function* ({ x }) { yield x / 2; return x; }"],
  ])("may export %s", async (name, text) => {
    const study = await search(threads(written(name.replaceAll(" ", ""), text), { workers: 2 }), { space, trials: 5 });
    expect(study.trials.map(({ values }) => values[0])).toEqual(study.trials.map(({ params }) => params.x));
  });

  it("that throw anything fail as they do without threads", async () => {
    const text = `
      class Mine extends Error { name = "Mine" }
      const all = ["text", 3, null, undefined, new Mine("mine"), new TypeError("type"), { a: 1 }];
      export default (_, { number }) => { if (number < 7) throw all[number]; return number === 7 ? Symbol("s") : 1; };`;
    const url = written("throwing", text);
    const { default: inline } = await import(url.href);
    const options = { space, trials: 9, batch: 9 };
    const [here, there] = [await search(inline, options), await search(threads(url, { workers: 2 }), options)];
    expect(JSON.stringify(there.trials.slice(0, 7))).toBe(JSON.stringify(here.trials.slice(0, 7)));
    expect(there.trials[7]).toMatchObject({ state: "failed", error: expect.stringContaining("could not be cloned") });
    expect(there.trials[8]!.state).toBe("done");
  });

  it("get plain data only", async () => {
    const url = written("plain", "export default ({ x }) => x");
    const refused = search(threads(url, { workers: 1 }), { space: () => ({ f: () => 1 }), trials: 4 });
    await expect(refused).rejects.toThrow(SpokeshaveError);
    await expect(refused).rejects.toThrow(/could not be cloned/);
  });

  it("must be URLs, workers a count", () => {
    expect(() => threads("./objective.mjs")).toThrow(/the module is "\.\/objective\.mjs"; it must be a URL/);
    expect(() => threads(objective("curves"), { workers: 0 })).toThrow(/workers is 0/);
  });
});
