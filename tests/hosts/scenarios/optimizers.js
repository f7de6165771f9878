// Each rule and each schedule for some steps.
import { drawn } from "./numbers.js";

export function optimizers(s) {
  const { optim } = s;
  const each = (of) => Object.fromEntries(of);
  const penalty = (options) => optim.chain(optim.sgd({ lr: 0.1 }), optim.proximal({ lr: 0.1, ...options }));
  const rules = {
    sgd: optim.sgd({ lr: 0.1 }),
    momentum: optim.sgd({ lr: 0.1, momentum: 0.9, dampening: 0.1, weightDecay: 0.01 }),
    nesterov: optim.sgd({ lr: optim.cosine(0.1, 7), momentum: 0.9, nesterov: true }),
    adam: optim.adam({ lr: 0.01, weightDecay: 0.1 }),
    adamW: optim.adamW({ lr: optim.warmup(0.01, { steps: 3 }) }),
    amsgrad: optim.adam({ lr: 0.01, amsgrad: true, maximize: true }),
    rmsprop: optim.rmsprop(),
    "rmsprop, centered": optim.rmsprop({ centered: true, momentum: 0.9, weightDecay: 0.1 }),
    adagrad: optim.adagrad({ lrDecay: 0.1, initialSum: 0.1 }),
    clipByNorm: optim.chain(optim.clipByNorm(0.5), optim.sgd({ lr: 0.1 })),
    clipByValue: optim.chain(optim.clipByValue(0.1), optim.adam()),
    "proximal l1": penalty({ l1: 0.5 }),
    "proximal l0": penalty({ l0: 0.1 }),
    "proximal groups": penalty({ l1: 0.1, l2: 0.1, group: 0.3, axis: 1 }),
  };
  const schedules = {
    ...{ constant: optim.constant(0.1), step: optim.step(0.1, { every: 3 }), linear: optim.linear(1, 0.1, 7) },
    ...{ multiStep: optim.multiStep(0.1, { at: [3, 8] }), exponential: optim.exponential(0.1, { gamma: 0.93 }) },
    ...{ cosine: optim.cosine(0.1, 17), "cosine wave": optim.cosine(0.1, 7, { min: 0.01, repeat: true }) },
    cosineRestarts: optim.cosineRestarts(0.1, 5, { factor: 1.5 }),
    ...{ warmup: optim.warmup(optim.cosine(0.1, 9), { steps: 4 }), oneCycle: optim.oneCycle(0.1, 19) },
    "oneCycle in three": optim.oneCycle(0.1, 19, { threePhase: true, anneal: "linear" }),
    sequence: optim.sequence([optim.constant(1), optim.linear(1, 0, 10)], { at: [5] }),
    ...{ cubic: s.cubic({ to: 0.9, end: 17, every: 2 }), iterative: s.iterative({ to: 0.9, rounds: 3, every: 4 }) },
  };
  return {
    ...each(
      Object.entries(rules).map(([name, rule]) => [
        name,
        () => {
          const params = { w: drawn(s, [9, 17], 1), b: drawn(s, [9], 2) };
          const state = rule.init(params);
          for (let t = 0; t < 10; t++)
            s.scope(() => rule.update(params, { w: drawn(s, [9, 17], 10 + t), b: drawn(s, [9], 50 + t) }, state));
          return [params, state];
        },
      ]),
    ),
    schedules: () =>
      Object.entries(schedules).map(([name, schedule]) => [name, Array.from({ length: 20 }, (_, t) => schedule(t))]),
  };
}
