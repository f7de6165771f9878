import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ArgumentError,
  dataset,
  evaluate,
  init,
  type Model,
  magnitude,
  nn,
  pack,
  prune,
  receipt,
  scope,
} from "../../src/index.js";
import type { Found, FoundCandidate } from "../../src/report/found.js";
import { figures, report, reportData } from "../../src/report/index.js";
import { zeroLeaks } from "../grid.js";

zeroLeaks();

const model = (seed: number): Model =>
  nn.sequential([nn.flatten(), nn.linear(64, 40), nn.relu(), nn.linear(40, 3)], { seed });

/** Pictures of 8 × 8: what each model takes them for differs. */
const pictures = (size: number) =>
  dataset(
    Float32Array.from({ length: size * 64 }, (_, i) => ((i * 37) % 64) / 64),
    Int32Array.from({ length: size }, (_, i) => i % 3),
    { inputShape: [8, 8] },
  );

/** What `compress` would give, of models that are made here. */
function foundOf(dense: Model): Found {
  const one = (sparsity: number, trial: number): FoundCandidate =>
    scope(() => {
      const small = pack(dense, { masks: prune(dense, magnitude({ sparsity })), layout: "csr" });
      return {
        ...{ error: 0.02 + sparsity / 100, test: 0.0148, bytes: 4000 - trial, ms: 0.123456, sparsity, bits: 4, trial },
        settings: { width: 1, sparsity, bits: 4, layers: [1, 2] },
        curve: [
          { step: 10, loss: 0.5 },
          { step: 20, loss: 0.25 },
        ],
        ...{ model: small.model, receipt: receipt(small.model, dense, { batch: 8 }) },
      };
    });
  const front = [one(0.9, 2), one(0.8, 0)];
  return {
    dense: { error: 0.021, test: 0.0147, bytes: 11_000, ms: 0.5 },
    best: front[0]!,
    front,
    study: {
      trials: [
        {
          number: 0,
          state: "done",
          draws: { bytes: 4100 },
          params: { width: 1 },
          values: [0.04, 4000],
          curve: [0.07, 0.04],
        },
        { number: 1, state: "stopped", draws: { bytes: 1000.4 }, params: { width: 0.5 }, values: [], curve: [0.3] },
        { number: 2, state: "failed", draws: { bytes: 9 }, params: { width: 0.1 }, values: [], curve: [], error: "no" },
      ],
    },
  };
}

describe("the data of a report", () => {
  let dense: Model;
  let found: Found;

  beforeAll(async () => {
    await init({ deterministic: true });
    dense = model(1);
    found = foundOf(dense);
  });

  afterAll(() => {
    for (const one of [...found.front.map((each) => each.model), dense]) one.dispose();
  });

  const about = { title: "corners", budget: { bytes: 4000, drop: 0.009 }, seconds: 3 };

  test("are what compress found, in percent, and JSON keeps all of it", async () => {
    const data = await reportData(found, { ...about, model: dense, test: pictures(30), made: { seed: 1 } });
    expect(JSON.parse(JSON.stringify(data))).toEqual(data);
    expect(data.dense).toEqual({ error: 1.47, validation: 2.1, bytes: 11_000, ms: 0.5 });
    expect(data.best).toMatchObject({
      error: 1.48,
      validation: 2.9,
      bytes: 3998,
      ms: 0.1235,
      sparsity: 0.9,
      trial: 2,
    });
    expect(data.best!.settings).toEqual({ width: 1, sparsity: 0.9, bits: 4 });
    expect(data).toMatchObject(figures(found));
    expect(data.trials).toEqual([
      { number: 0, state: "done", settings: { width: 1 }, curve: [7, 4], validation: 4, bytes: 4000 },
      { number: 1, state: "stopped", settings: { width: 0.5 }, curve: [30], validation: 30, bytes: 1000 },
      { number: 2, state: "failed", settings: { width: 0.1 }, curve: [], message: "no" },
    ]);
    expect(data.layers.map(({ name, shape, kernel, size }) => [name, shape, kernel, size])).toEqual([
      ["1.linear.weight", [40, 64], "csr", { dense: 2560, best: 2560 }],
      ["3.linear.weight", [3, 40], "csr", { dense: 120, best: 120 }],
    ]);
    expect(data.losses.map(({ name }) => name)).toEqual(["best", "number 2"]);
    expect(data).toMatchObject({ errorOn: "test", batch: 8, measure: "error", kept: true });
    expect(report(data)).toContain("corners");
  });

  test("say of each picture what it is and what it is taken for", async () => {
    const { misread } = await reportData(found, { ...about, model: dense, test: pictures(30) });
    const wrong = async (one: Model) => Math.round(30 * (1 - (await evaluate(one, pictures(30))).accuracy));
    expect([misread!.dense, misread!.best]).toEqual([await wrong(dense), await wrong(found.best.model)]);
    expect(misread).toMatchObject({ width: 8, height: 8 });
    const { best, both, pictures: shown } = misread!;
    expect(best).toBeGreaterThanOrEqual(both);
    expect(shown).toHaveLength(Math.min(best, 36));
    for (const { pixels, label, best: guess } of shown) {
      expect(pixels).toMatch(/^[0-9a-f]{64}$/);
      expect(guess).not.toBe(label);
    }
    // First what the dense model reads right.
    const right = shown.map(({ label, dense: guess }) => guess === label);
    expect(right).toEqual([...right].sort((a, b) => Number(b) - Number(a)));
    expect(right.filter((one) => !one)).toHaveLength(Math.max(0, shown.length - (best - both)));
  });

  test("have no pictures where examples are none, and the names of classes where they have some", async () => {
    const flat = dataset(new Float32Array(64 * 4).fill(0.5), new Int32Array([0, 1, 2, 0]), { inputShape: [64] });
    const of = (more: object) => reportData(found, { ...about, model: dense, test: flat, ...more });
    expect((await of({})).misread).toBeUndefined();
    expect((await of({ measure: "loss", picture: [8, 8] })).misread).toBeUndefined();
    const { misread } = await of({ picture: [8, 8], classes: ["shirt", "shoe", "bag"] });
    expect(misread!.pictures.every(({ label }) => ["shirt", "shoe", "bag"].includes(label))).toBe(true);
    await expect(of({ picture: [9, 8] })).rejects.toThrow(/picture is 9 × 8, but an example is 64 numbers/);
  });

  test("say whether the budget is kept by the numbers themselves", async () => {
    const kept = async (budget: object) => (await reportData(found, { ...about, model: dense, budget })).kept;
    expect(await kept({})).toBe(true);
    expect(await kept({ bytes: 3998, ms: 0.123456 })).toBe(true);
    expect(await kept({ bytes: 3997 })).toBe(false);
    expect(await kept({ ms: 0.1 })).toBe(false);
    expect(await kept({ drop: 0.001 })).toBe(false);
  });

  test("are losses as they are where there are no labels", async () => {
    const data = await reportData(found, { ...about, model: dense, measure: "loss", losses: [{ step: 1, loss: 2 }] });
    expect(data.dense.validation).toBe(0.021);
    expect(data.losses[0]).toEqual({ name: "dense", points: [{ step: 1, loss: 2 }] });
  });

  test("cannot be made of anything else", async () => {
    for (const [wrong, options] of [
      [{}, { ...about, model: dense }],
      [undefined, { ...about, model: dense }],
      [found, undefined],
      [found, { ...about, model: {} }],
      [found, { ...about, model: dense, title: 5 }],
      [found, { ...about, model: dense, seconds: "1" }],
      [found, { ...about, model: dense, budget: null }],
    ])
      await expect(reportData(wrong as never, options as never)).rejects.toThrow(ArgumentError);
  });
});
