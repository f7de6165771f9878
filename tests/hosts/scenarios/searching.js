// Searches: what is proposed, what is stopped, what is kept.

export function searching(s, examples) {
  const each = (of) => Object.fromEntries(of);
  const space = (draw) => ({
    ...{
      x: draw.float("x", -5, 5),
      lr: draw.float("lr", 1e-5, 1, { log: true }),
      n: draw.int("n", 1, 64, { log: true }),
    },
    ...(draw.choice("kind", ["a", "b", "c"]) === "b" ? { y: draw.float("y", 0, 1, { step: 0.125 }) } : {}),
  });
  /** All that can be told without a clock and without the host's functions: products and sums. */
  const valley = ({ x, lr, n, y = 0.5 }) => (x - 1) * (x - 1) + lr * lr + 1 / n + y * (1 - y);
  const steps = (small) => (draw) => ({ a: draw.int("a", 0, small), b: draw.choice("b", [10, 20, 30]) });
  /** Ever better, at different speeds: what stoppers see. */
  async function* curve(params) {
    let loss = 10 + valley(params);
    for (let t = 0; t < 9; t++) yield (loss = loss * 0.7 + valley(params) * 0.3);
    return loss;
  }
  const run = async (objective, options) => {
    const study = await s.search(objective, { space, trials: 24, seed: 5, ...options });
    return [study.trials, study.front ?? study.best];
  };
  return {
    ...each(
      Object.entries({ tpe: s.tpe, random: s.randomSampler, sobol: s.sobol }).map(([name, sampler]) => [
        name,
        () => run(valley, { sampler: sampler(), trials: 30 }),
      ]),
    ),
    grid: () => run(({ a, b }) => a * b, { space: steps(6), sampler: s.grid() }),
    "what was asked first": () =>
      run(valley, { sampler: s.enqueued([{ x: 1, lr: 0.1 }, { n: 3 }], s.tpe()), trials: 20 }),
    "two objectives": () => run(({ x, n }) => [x * x, 1 / n], { direction: ["minimize", "maximize"], trials: 30 }),
    asha: () => run(curve, { stopper: s.asha({ min: 1, factor: 3 }) }),
    median: () => run(curve, { stopper: s.median() }),
    "stopped and resumed": async () => {
      const storage = s.memoryStorage();
      await run(valley, { storage, trials: 11 });
      return [await run(valley, { storage }), await run(valley, {})];
    },
    "of training": async () => {
      const { data, validation } = await examples.digits(200);
      const objective = async ({ lr, width }, { seed }) => {
        const model = examples.network([width], 1);
        await s.train(model, { data, optimizer: s.optim.adam({ lr }), batchSize: 48, seed }).finish();
        const { loss } = await s.evaluate(model, validation);
        model.dispose();
        return loss;
      };
      return run(objective, {
        space: (draw) => ({
          lr: draw.float("lr", 1e-3, 0.1, { log: true }),
          width: draw.int("width", 4, 16, { step: 4 }),
        }),
        trials: 20,
      });
    },
  };
}
