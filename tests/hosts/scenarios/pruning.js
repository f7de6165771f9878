// What falls, what is left and how it is stored. Layouts are chosen by rule: under `deterministic` no clock may.
import { drawn } from "./numbers.js";

export function pruning(s, examples) {
  const each = (of) => Object.fromEntries(of);
  const { optim } = s;
  const ways = {
    "magnitude of half": () => s.magnitude({ sparsity: 0.5 }),
    "magnitude of nine tenths, globally": () => s.magnitude({ sparsity: 0.9, scope: "global" }),
    "magnitude by rows": () => s.magnitude({ sparsity: 0.7, scope: "row" }),
    "2:4": () => s.magnitude({ pattern: [2, 4] }),
    "4:8": () => s.magnitude({ pattern: [4, 8] }),
    blocks: () => s.magnitude({ sparsity: 0.6, unit: [1, 4], norm: 2 }),
    columns: () => s.magnitude({ count: 3, unit: "column", norm: Number.POSITIVE_INFINITY }),
    neurons: () => s.magnitude({ sparsity: 0.4, unit: "neuron" }),
    random: () => s.randomly({ sparsity: 0.5, seed: 3 }),
    wanda: (data) => s.wanda({ sparsity: 0.5, calibration: data }),
    taylor: (data) => s.taylor({ sparsity: 0.5, data }),
    saliency: (data) => s.saliency({ sparsity: 0.5, calibration: data }),
  };
  return {
    ...each(
      Object.entries(ways).map(([name, way]) => [
        name,
        async () => {
          const { model, data } = await examples.trained();
          const masks = s.prune(model, way(data));
          const pruned = s.applyMasks(model, masks);
          return [masks, pruned, await s.sparsity(pruned), s.shrink(model, { masks })];
        },
      ]),
    ),
    "masks within masks": async () => {
      const { model } = await examples.trained();
      const half = s.prune(model, s.magnitude({ sparsity: 0.5 }));
      return s.prune(model, s.magnitude({ sparsity: 0.8, scope: "global" }), { within: half });
    },
    "equal scores": () => s.select({ w: s.ones([9, 17]) }, { sparsity: 0.3, scope: "row" }),
    sparseGpt: async () => {
      const { model, data } = await examples.trained();
      return [{ sparsity: 0.5 }, { pattern: [2, 4], block: 32 }].map((options) =>
        s.sparseGpt(model, { ...options, calibration: data }),
      );
    },
    obs: async () => {
      const { model, data } = await examples.trained([9]);
      return s.obs(model, { sparsity: 0.5, calibration: data });
    },
    finetune: async () => {
      const { model, data } = await examples.trained();
      const masks = s.prune(model, s.magnitude({ sparsity: 0.8 }));
      return s.finetune(model, { masks, data, optimizer: optim.sgd({ lr: 0.05, momentum: 0.9 }), batchSize: 48 });
    },
    "pruned as it is trained": async () => {
      const { model, data } = await examples.trained();
      const schedule = s.cubic({ to: 0.8, end: 15, every: 2 });
      const optimizer = optim.adam();
      return s.finetune(model, { prune: s.magnitude({}), schedule, data, optimizer, epochs: 2, batchSize: 48 });
    },
    ...each(
      ["magnitude of nine tenths, globally", "2:4", "blocks"].map((name) => [
        `${name}, packed`,
        async () => {
          const { model, data } = await examples.trained();
          return s.pack(model, { masks: s.prune(model, ways[name](data)) }).model;
        },
      ]),
    ),
    "packed, larger": () => {
      const w = s.proxL0(drawn(s, [64, 96], 1), { lambda: 0.35 });
      const model = s.nn.sequential([s.nn.linear(96, 64, { bias: false })], { seed: 1 }).with({ "0.linear.weight": w });
      return s.pack(model).model;
    },
    "quantized, then packed": async () => {
      const { model } = await examples.trained();
      const pruned = s.applyMasks(model, s.prune(model, s.magnitude({ sparsity: 0.9 })));
      return s.pack(s.quantize(pruned, { weights: s.int8() })).model;
    },
  };
}
