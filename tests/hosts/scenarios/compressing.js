// The parts searched together. Receipts hold times; they are left out.

export function compressing(s, examples) {
  return {
    "a small search": async () => {
      const { model, data } = await examples.trained([16]);
      const found = await s.compress(model, {
        ...{ data: data.take(300), budget: { bytes: 2000 }, trials: 6, finish: 2, epochs: 2, seed: 1 },
      });
      const { best, dense, study } = found;
      return [
        { error: dense.error, bytes: dense.bytes },
        study.trials,
        study.front,
        { error: best.error, bytes: best.bytes, settings: best.settings, curve: best.curve },
        best.model,
      ];
    },
  };
}
