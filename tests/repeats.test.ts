// Every step of compression over and over: the memory is as it was after each, and grows no further. And two compressions at once.
import { expect, test } from "vitest";
import * as s from "../src/index.js";
import { heap, memory } from "../src/runtime/heap.js";
import type { Tree } from "../src/tree.js";
import { draw, zeroLeaks } from "./grid.js";

zeroLeaks();

const data = s.dataset(
  draw("normal", 60, 1),
  Uint8Array.from({ length: 20 }, (_, i) => i % 2),
  { inputShape: [3] },
);
const optimizer = s.optim.adam({ lr: 1e-2 });
const build = (width: number) =>
  s.nn.sequential([s.nn.linear(3, width), s.nn.relu(), s.nn.linear(width, 2)], { seed: 1 });

type Step = (model: s.Model, masks: s.Masks) => unknown | Promise<unknown>;
const calibration = data;
const steps: Readonly<Record<string, Step>> = {
  magnitude: (model) => s.prune(model, s.magnitude({ sparsity: 0.5, scope: "global" })),
  neurons: (model) => s.prune(model, s.magnitude({ count: 1, unit: "neuron" })),
  wanda: (model) => s.prune(model, s.wanda({ pattern: [2, 4], calibration })),
  taylor: (model) => s.prune(model, s.taylor({ sparsity: 0.5, data })),
  saliency: (model) => s.prune(model, s.saliency({ sparsity: 0.5, calibration })),
  randomly: (model) => s.prune(model, s.randomly({ sparsity: 0.5, seed: 1 })),
  sparseGpt: (model) => s.sparseGpt(model, { sparsity: 0.5, calibration }),
  obs: (model) => s.obs(model, { sparsity: 0.5, calibration }),
  applyMasks: s.applyMasks,
  finetune: (model, masks) => s.finetune(model, { masks, data, optimizer }),
  gradual: (model) =>
    s.finetune(model, { prune: s.magnitude({}), schedule: s.cubic({ to: 0.5, end: 1 }), data, optimizer, epochs: 2 }),
  shrink: (model) => {
    const masks = s.prune(model, s.magnitude({ count: 1, unit: "neuron" }));
    return [masks, s.shrink(model, { masks })];
  },
  pack: (model, masks) => s.pack(model, { masks, layout: "csr" }).model,
  receipt: (model) => void s.receipt(model, model),
  sparsity: async (model) => void (await s.sparsity(model)),
  int8: (model) => s.quantize(model, { weights: s.int8(), activations: s.int8(), calibration }),
  gptq: (model) => s.quantize(model, { weights: s.int4({ group: 2 }), method: s.gptq(), calibration }),
  awq: (model) => s.quantize(model, { weights: s.int4(), method: s.awq(), calibration }),
  kl: (model) => s.quantize(model, { weights: s.int8({ range: s.ranges.kl() }) }),
  nf4: (model) => s.quantize(model, { weights: s.nf4() }),
  fp8: (model) => s.quantize(model, { weights: s.fp8() }),
  binary: (model) => s.quantize(model, { weights: s.binary({ input: "sign", scaled: true }) }),
  ternary: (model) => s.quantize(model, { weights: s.ternary() }),
  async qat(model) {
    const training = s.qat(model, { weights: s.int2(), scales: "learned" });
    await s.train(training, { data, optimizer }).finish();
    return [training.params as Tree, training.finish()];
  },
  compressed: async (model) => {
    const own = model.with({});
    const wire = s.codecs.compressed(s.codecs.topK({ k: 2 }), optimizer);
    await s.train(own, { data, optimizer: wire }).finish();
    return own;
  },
  distill: (model) => {
    const small = build(2);
    const hints = [{ teacher: "1.relu", student: "1.relu", regressor: true }];
    return s.distill(model, small, { data, hints, optimizer, generations: 2 }).then((taught) => [small, taught]);
  },
  inherit: (model) => s.inherit(model, { widths: { "0.linear": 3 }, calibration }),
  fitLayers: (model) => {
    const small = build(2);
    return [small, s.fitLayers(model, small, { calibration })];
  },
  files: (model) => {
    const packed = s.quantize(model, { weights: s.int4() });
    return [packed, s.fromBytes(s.toBytes(packed))];
  },
  gzip: async (model) => {
    const packed = s.quantize(model, { weights: s.int4() });
    return [packed, await s.fromFile(await s.toFile(packed))];
  },
  evaluate: async (model) => void (await s.evaluate(model, data)),
  lasso: () => {
    const { x, y } = data.batch([0, 1, 2, 3, 4]);
    const { coefficients, intercept } = s.linear.lasso(x, x, { alpha: 0.1 });
    return [x, y, coefficients, intercept];
  },
};

/** Steps that take a while: races of kernels, histograms. */
const measured: ReadonlySet<string> = new Set(["pack", "receipt", "kl"]);

/** Frees what a step gave: models, tensors, lists and records of them. */
function free(made: unknown): void {
  if (made instanceof s.Model || made instanceof s.Tensor) made.dispose();
  else if (typeof made === "object" && made !== null) for (const part of Object.values(made)) free(part);
}

test.each(Object.entries(steps))("%s", async (name, step) => {
  const model = build(4);
  const masks = s.prune(model, s.magnitude({ sparsity: 0.5 }));
  const { tensors, bytes } = memory();
  let size = 0;
  const times = measured.has(name) ? 4 : 50;
  for (let i = 0; i < times; i++) {
    free(await step(model, masks));
    expect(memory(), `${name}, ${i}`).toMatchObject({ tensors, bytes, collected: 0 });
    if (i === 2) size = heap.memory.buffer.byteLength;
  }
  expect(heap.memory.buffer.byteLength).toBe(size);
  free([model, masks]);
});

/** Pruned as it is trained, trained with rounded weights, taught, quantized; a turn of the event loop after each step. */
async function compression(seed: number): Promise<Uint8Array> {
  const often = { data, optimizer, batchSize: 4, epochs: 2, seed, report: 1 };
  const made: unknown[] = [];
  const kept = <T>(one: T): T => {
    made.push(one);
    return one;
  };
  const model = kept(build(4 + seed));
  const pruned = kept(
    await s.finetune(model, { ...often, prune: s.magnitude({}), schedule: s.cubic({ to: 0.5, end: 4 }) }),
  );
  const training = kept(s.qat(pruned, { weights: s.int4(), activations: s.int8(), calibration }));
  for await (const _ of s.train(training, often)) await new Promise((resolve) => setTimeout(resolve));
  const teacher = kept(training.finish());
  const hints = [{ teacher: "1.relu", student: "1.relu", regressor: true }];
  const taught = kept(await s.distill(teacher, kept(build(3)), { ...often, hints }));
  const small = kept(s.quantize(taught, { weights: s.int8(), method: s.gptq(), calibration }));
  const file = await s.toFile(small);
  for (const one of made) (one as s.Model).dispose();
  return file;
}

test("two compressions that take turns give the bytes that each gives alone, and leave nothing", async () => {
  const { tensors, bytes } = memory();
  const alone = [await compression(1), await compression(2)];
  expect(memory()).toMatchObject({ tensors, bytes });
  expect(await Promise.all([compression(1), compression(2)])).toEqual(alone);
  expect(memory()).toMatchObject({ tensors, bytes, collected: 0 });
});
