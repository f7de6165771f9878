import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Budget, BudgetError } from "../../src/compress/budget.js";
import { type CompressOptions, compress, type Progress } from "../../src/compress/compress.js";
import { ArgumentError, DTypeError, SpokeshaveError } from "../../src/errors.js";
import { fromFile, toBytes, toFile } from "../../src/files/model.js";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { sparsity } from "../../src/prune/masks.js";
import { int8 } from "../../src/quantize/affine.js";
import { quantize } from "../../src/quantize/quantize.js";
import { init } from "../../src/runtime/embedded.js";
import { memoryStorage } from "../../src/search/storage.js";
import { type Dataset, dataset } from "../../src/train/dataset.js";
import { evaluate } from "../../src/train/evaluate.js";
import { zeroLeaks } from "../grid.js";
import { quadrants, teller } from "./points.js";

zeroLeaks();

const [data, validation, test_] = [quadrants(800), quadrants(300), quadrants(200)];
let model: Model;
beforeAll(async () => {
  await init();
  model = await teller(data);
});
afterAll(() => model.dispose());

const short = { trials: 6, finish: 2, epochs: 8, seed: 1 } as const;

function run(budget: Budget, more: Partial<CompressOptions> = {}) {
  return compress(model, { data, validation, budget, ...short, ...more });
}

const errorOf = async (one: Model, on: Dataset) => 1 - (await evaluate(one, on)).accuracy;
const free = ({ front }: { readonly front: readonly { readonly model: Model }[] }) => {
  for (const one of front) one.model.dispose();
};

describe("compress", () => {
  test("gives a smaller model within the budget, and says the truth about it", async () => {
    const before = toBytes(model);
    const found = await run({ bytes: 3000, drop: 0.1 }, { test: test_ });
    const { best, dense, front, study, receipt } = found;
    expect(toBytes(model)).toEqual(before);
    expect(dense.bytes).toBe(before.length);
    expect(dense.error).toBe(await errorOf(model, validation));
    expect(dense.test).toBe(await errorOf(model, test_));
    expect(front).toContain(best);
    expect(best.bytes).toBeLessThanOrEqual(3000);
    expect(best.error).toBeLessThanOrEqual(dense.error + 0.1);
    expect(receipt).toBe(best.receipt);
    expect(dense.ms).toBe(receipt.denseMs);
    for (const one of front) {
      const file = await toFile(one.model);
      expect(file.length).toBe(one.bytes);
      const again = await fromFile(file);
      expect(await errorOf(again, validation)).toBe(one.error);
      expect(await errorOf(again, test_)).toBe(one.test);
      const { zeros, size } = await sparsity(again);
      expect(zeros / size).toBe(one.sparsity);
      expect(one.ms).toBe(one.receipt.ms);
      expect(one.settings).toEqual(study.trials[one.trial]!.params);
      expect(one.curve.length).toBeGreaterThan(50);
      for (const { loss } of one.curve) expect(loss).toBeGreaterThan(0);
      again.dispose();
    }
    for (const a of front)
      for (const b of front) {
        const better = a.error <= b.error && a.bytes <= b.bytes && a.ms <= b.ms;
        expect(better && (a.error < b.error || a.bytes < b.bytes || a.ms < b.ms)).toBe(false);
      }
    free(found);
  });

  test("holds out a part of the data where no validation is given", async () => {
    const found = await compress(model, { data, budget: { bytes: 4000 }, ...short });
    expect(found.dense.error).toBe(await errorOf(model, data.split({ holdOut: 80, seed: 1 })[1]));
    free(found);
  });

  test("takes the smallest file where only the drop is limited", async () => {
    const found = await run({ drop: 0.2 }, { finish: 4 });
    const fits = found.front.filter(({ error }) => error <= found.dense.error + 0.2);
    expect(found.best.bytes).toBe(Math.min(...fits.map(({ bytes }) => bytes)));
    free(found);
  });

  test("finds the same with the same seed, and something else with another", async () => {
    const [a, b, c] = [await run({ bytes: 3000 }), await run({ bytes: 3000 }), await run({ bytes: 3000 }, { seed: 2 })];
    expect(b.study.trials).toEqual(a.study.trials);
    expect(toBytes(b.best.model)).toEqual(toBytes(a.best.model));
    expect(c.study.trials).not.toEqual(a.study.trials);
    for (const found of [a, b, c]) free(found);
  });

  test("tells how far it is", async () => {
    const seen: Progress[] = [];
    const found = await run({ bytes: 3000 }, { onProgress: (progress) => seen.push(progress) });
    expect(seen.flatMap(({ trial }) => trial?.number ?? [])).toEqual([0, 1, 2, 3, 4, 5]);
    const made = seen.flatMap(({ candidate }) => candidate ?? []);
    expect(made.length).toBe(2);
    for (const { done, of } of seen) expect(done).toBeLessThanOrEqual(of);
    expect(seen.at(-1)).toMatchObject({ phase: "finish", done: 2, of: 2 });
    free({ front: [...new Set([...made, ...found.front])] });
  });
});

describe("what cannot be", () => {
  test("an impossible budget names the best reached, and holds it", async () => {
    const failure = await run({ bytes: 100 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BudgetError);
    const { message, reached } = failure as BudgetError;
    expect(message).toContain("bytes 100");
    expect(message).toContain(`bytes ${reached.best.bytes}`);
    expect(await errorOf(reached.best.model, validation)).toBe(reached.best.error);
    free(reached);
  });

  test("more bytes than the dense model has are no reason to fail", async () => {
    const found = await run({ bytes: 1e9 });
    expect(found.best.bytes).toBeLessThan(found.dense.bytes);
    free(found);
  });

  test("one class is learned", async () => {
    const [one, other] = [quadrants(200, 1), quadrants(100, 1)];
    const sure = await teller(one);
    const found = await compress(sure, { data: one, validation: other, budget: { bytes: 2500 }, ...short });
    expect(found.best.error).toBe(0);
    free(found);
    sure.dispose();
  });

  test.each<[string, Partial<CompressOptions>, RegExp]>([
    ["no data", { data: undefined as never }, /data is undefined; it must be a dataset/],
    ["empty data", { data: data.take(0) }, /data has no examples/],
    ["empty validation", { validation: data.take(0) }, /validation has no examples/],
    ["an empty budget", { budget: {} }, /the budget is empty; limit bytes, ms or drop/],
    ["an unknown limit", { budget: { size: 3 } as Budget }, /budget has a limit "size"/],
    ["NaN bytes", { budget: { bytes: Number.NaN } }, /budget.bytes is NaN/],
    ["no trials", { trials: 0 }, /trials is 0/],
    ["no function", { onProgress: 3 as never }, /onProgress is 3; it must be a function/],
  ])("%s is refused", async (_, more, message) => {
    const failure = await compress(model, { data, validation, budget: { bytes: 3000 }, ...short, ...more }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ArgumentError);
    expect((failure as Error).message).toMatch(message);
  });

  test("NaN in data is named, wherever it is", async () => {
    const bad = dataset(new Float32Array(40).fill(Number.NaN), new Uint8Array(20), { inputShape: [2] });
    await expect(run({ bytes: 3000 }, { data: bad })).rejects.toThrow(/the loss on the data is NaN/);
    await expect(run({ bytes: 3000 }, { validation: bad })).rejects.toThrow(/the loss on the validation data is NaN/);
  });

  test("one example cannot be split", async () => {
    await expect(compress(model, { data: data.take(1), budget: { bytes: 3000 } })).rejects.toThrow(/has one example/);
  });

  test("a packed model is refused", async () => {
    const small = quantize(model, { weights: int8() });
    await expect(compress(small, { data, budget: { bytes: 3000 } })).rejects.toThrow(DTypeError);
    small.dispose();
  });
});

describe("stopping", () => {
  test("by a signal keeps the trials, and the next one goes on to the same", async () => {
    const whole = await run({ bytes: 3000 });
    const storage = memoryStorage();
    const halt = new AbortController();
    const onProgress = ({ done }: Progress) => done === 5 && halt.abort();
    const failure = run({ bytes: 3000 }, { storage, signal: halt.signal, onProgress });
    await expect(failure).rejects.toThrow(SpokeshaveError);
    await expect(failure).rejects.toThrow(/stopped after [45] of 6 trials/);
    const found = await run({ bytes: 3000 }, { storage });
    expect(found.study.trials).toEqual(whole.study.trials);
    expect(toBytes(found.best.model)).toEqual(toBytes(whole.best.model));
    for (const one of [found, whole]) free(one);
  });

  test("by time still makes a candidate", async () => {
    const found = await run({ bytes: 3000 }, { trials: 1000, maxMs: 1500 });
    expect(found.study.stopped).toBe("maxMs");
    expect(found.study.trials.length).toBeLessThan(1000);
    free(found);
  });
});

test("targets that are no labels need a loss", async () => {
  const x = Float32Array.from({ length: 512 }, (_, i) => i / 256 - 1);
  const line = dataset(
    x,
    x.map((v) => Math.abs(v)),
    { targetShape: [1] },
  );
  const net = nn.sequential([nn.linear(1, 16), nn.relu(), nn.linear(16, 1)], { seed: 1 });
  const found = await compress(net, { data: line, loss: nn.mse, budget: { bytes: 1500 }, ...short });
  expect(found.best.error).toBeLessThan(found.dense.error);
  free(found);
  net.dispose();
});
