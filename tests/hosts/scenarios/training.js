// Training with everything that draws random numbers, that stops and goes on, and what it writes.
import { draw, integers } from "./numbers.js";

export function training(s, examples) {
  const each = (of) => Object.fromEntries(of);
  const { nn, optim } = s;
  const run = async (model, options) => {
    const steps = [];
    for await (const { ms, ...step } of s.train(model, options)) steps.push(step);
    return [model, steps];
  };
  const usual = { epochs: 3, batchSize: 48, seed: 1 };
  const rules = {
    sgd: () => optim.sgd({ lr: 0.1, momentum: 0.9, nesterov: true }),
    adamW: () => optim.adamW({ lr: optim.oneCycle(1e-2, 33) }),
    rmsprop: () => optim.rmsprop({ lr: 1e-3, momentum: 0.5 }),
    "L1, clipped": () =>
      optim.chain(optim.clipByNorm(1), optim.sgd({ lr: 0.1 }), optim.proximal({ lr: 0.1, l1: 1e-3 })),
  };
  const activations = ["relu", "tanh", "sigmoid", "gelu", "silu", "leakyRelu", "softplus", "sign"];
  const initializers = { kaiming: nn.kaiming, glorot: nn.glorot };

  return {
    ...each(
      Object.entries(rules).map(([name, rule]) => [
        `three epochs of ${name}`,
        async () => run(examples.network(), { ...(await examples.digits()), ...usual, optimizer: rule() }),
      ]),
    ),
    ...each(
      activations.map((activation) => [
        `through ${activation}`,
        async () => {
          const layers = [nn.linear(64, 17), nn[activation](), nn.dropout(0.1), nn.linear(17, 10)];
          const { data } = await examples.digits(130);
          return run(nn.sequential(layers, { seed: 3 }), { data, optimizer: optim.adam(), batchSize: 32, seed: 2 });
        },
      ]),
    ),
    ...each(
      Object.entries(initializers).flatMap(([name, of]) =>
        ["uniform", "normal"].map((distribution) => [
          `a model of ${name} ${distribution}`,
          () => nn.sequential([nn.linear(17, 9, { weight: of({ distribution }) })], { seed: 5 }),
        ]),
      ),
    ),
    "a regression": () => {
      const data = s.dataset(draw(700, 1), draw(100, 2), { inputShape: [7] });
      const model = nn.sequential([nn.linear(7, 5), nn.tanh(), nn.linear(5, 1), nn.flatten()], { seed: 1 });
      const loss = (output, target) => s.mse(s.reshape(output, target.shape), target);
      return run(model, { data, loss, optimizer: optim.adam(), epochs: 2, batchSize: 33 });
    },
    "stopped, saved and resumed": async () => {
      const { data } = await examples.digits();
      const options = () => ({ data, ...usual, optimizer: optim.adam({ lr: 5e-3 }) });
      const model = examples.network();
      const first = s.train(model, options());
      for await (const step of first) if (step.epoch === 1) break;
      const bytes = s.stateToBytes(first.state);
      first.dispose();
      const again = s.fromBytes(s.toBytes(model));
      await s.train(again, { ...options(), state: s.stateFromBytes(bytes) }).finish();
      const whole = examples.network();
      await s.train(whole, options()).finish();
      return [bytes, again, whole];
    },
    "stopped early": async () =>
      run(examples.network(), {
        ...(await examples.digits(200)),
        ...{ optimizer: optim.sgd({ lr: 0.5 }), epochs: 5, batchSize: 48, earlyStopping: { patience: 1 } },
      }),
    "figures of a model": async () => {
      const { model, data } = await examples.trained();
      return [
        await s.evaluate(model, data, { batchSize: 77, metrics: { half: (x, y) => s.mul(s.crossEntropy(x, y), 0.5) } }),
        await s.confusion(model, data, { classes: 10 }),
      ];
    },
    "splits and batches": async () => {
      const { data } = await examples.digits();
      const [rest, held] = data.split({ holdOut: 0.3, seed: 4 });
      const [, few] = held.split({ holdOut: 7, seed: 5 });
      const own = s.dataset(Uint8Array.from(integers(90, 256, 1)), integers(30, 3, 2), {
        inputShape: [3],
        scale: 1 / 255,
      });
      return [rest.size, held.batch([0, 5, 9]), few.batch([6, 0]), own.batch([29, 3])];
    },
  };
}
