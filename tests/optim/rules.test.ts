import { describe, expect, it } from "vitest";
import {
  adagrad,
  adam,
  adamW,
  cosine,
  linear,
  type Optimizer,
  rmsprop,
  sgd,
  step,
  warmup,
} from "../../src/optim/index.js";
import { type Kernels, kernels, useKernels } from "../../src/runtime/kernels.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { leaves, type Tree } from "../../src/tree.js";
import { cuts } from "../arena.js";
import { draw, expectSame, expectWithin, roundoff, wasmBytes, zeroLeaks } from "../grid.js";
import * as reference from "../reference/optim.js";

zeroLeaks();

const sizes = [0, 1, 3, 4, 5, 9, 63, 1000];
const steps = 10;

interface Kind {
  readonly make: (settings: never) => Optimizer;
  readonly rule: (settings: reference.Settings) => reference.Rule;
  readonly settings: readonly reference.Settings[];
}

const falling = linear(0.1, 0.01, 6);
const wave = (t: number) => 0.5 + 0.05 * (t % 3);

const kinds: Readonly<Record<string, Kind>> = {
  sgd: {
    make: sgd,
    rule: reference.sgd,
    settings: [
      { lr: 0.1 },
      { lr: 0.1, weightDecay: 0.2 },
      { lr: 0.05, momentum: 0.9 },
      { lr: 0.05, momentum: 0.9, dampening: 0.3, weightDecay: 0.1 },
      { lr: 0.05, momentum: 0.8, nesterov: true },
      { lr: 0.05, momentum: 0.5, nesterov: true, weightDecay: 0.1, maximize: true },
      { lr: 0.05, maximize: true, weightDecay: 0.1 },
      { lr: falling, momentum: wave, dampening: (t) => t / 20, weightDecay: step(0.3, { every: 2 }) },
    ],
  },
  adam: {
    make: adam,
    rule: reference.adam,
    settings: [
      { lr: 0.05 },
      { lr: 0.05, betas: [0.8, 0.9], eps: 1e-3 },
      { lr: 0.05, betas: [0, 0.5] },
      { lr: 0.05, weightDecay: 0.1, maximize: true },
      { lr: 0.05, betas: [0.9, 0.6], amsgrad: true, weightDecay: 0.01 },
      { lr: warmup(cosine(0.1, 6), { steps: 3, from: 0.1 }), weightDecay: falling },
    ],
  },
  adamW: {
    make: adamW,
    rule: reference.adamW,
    settings: [
      { lr: 0.05 },
      { lr: 0.05, weightDecay: 0 },
      { lr: 0.05, weightDecay: 0.5, maximize: true },
      { lr: 0.05, betas: [0.9, 0.6], amsgrad: true },
      { lr: falling, weightDecay: wave },
    ],
  },
  rmsprop: {
    make: rmsprop,
    rule: reference.rmsprop,
    settings: [
      { lr: 0.01 },
      { lr: 0.01, alpha: 0.9, eps: 1e-3, weightDecay: 0.1 },
      { lr: 0.01, alpha: 0, maximize: true },
      { lr: 0.01, momentum: 0.9 },
      { lr: 0.01, alpha: 0.9, centered: true },
      { lr: 0.01, alpha: 0.9, centered: true, momentum: 0.5, weightDecay: 0.1 },
      { lr: falling, momentum: wave, weightDecay: falling },
    ],
  },
  adagrad: {
    make: adagrad,
    rule: reference.adagrad,
    settings: [
      { lr: 0.1 },
      { lr: 0.1, eps: 1e-3, weightDecay: 0.1 },
      { lr: 0.1, lrDecay: 0.5, initialSum: 0.25, maximize: true },
      { lr: falling, weightDecay: wave },
    ],
  },
};

const combinations = Object.entries(kinds).flatMap(([name, { make, rule, settings }]) =>
  settings.map((chosen, i) => {
    const title = JSON.stringify(chosen, (_, value) => (typeof value === "function" ? "schedule" : value));
    const combination = { optimizer: () => make(chosen as never), rule: rule(chosen), seed: 100 * i + name.length };
    return [`${name} ${title}`, combination] as const;
  }),
);

/** Parameters of all the sizes, nested, and the gradients of each step. */
function problem(seed: number) {
  const starts = sizes.map((n, i) => draw("normal", n, seed + i));
  const gradients = Array.from({ length: steps }, (_, t) =>
    sizes.map((n, i) => draw("normal", n, seed + 1000 * t + 50 + i)),
  );
  return { starts, gradients };
}

function toTree(columns: readonly Float32Array[]): Tree {
  const [first, second, ...rest] = columns.map((values) => tensor(values));
  return { first: first!, more: [second!, { rest }] };
}

/** Runs all steps, each within `around`, and returns the parameters and slots at the end. */
function run(
  optimizer: Optimizer,
  seed: number,
  around: (update: () => void, grads: readonly Tensor[], changed: readonly Tensor[]) => void = (update) => update(),
) {
  const { starts, gradients } = problem(seed);
  const params = toTree(starts);
  const state = optimizer.init(params);
  for (const columns of gradients) {
    const grads = toTree(columns);
    const changed = [params, ...Object.values(state.slots)].flatMap(leaves);
    around(() => optimizer.update(params, grads, state), leaves(grads), changed);
  }
  const slots = Object.entries(state.slots).map(([name, tree]) => [name, leaves(tree).map(readTensor)] as const);
  return { params: leaves(params).map(readTensor), slots: Object.fromEntries(slots), step: state.step };
}

/** A rule over all steps of one number: where it ends, what it remembers, and how far each of these went in all. */
function follow(rule: reference.Rule, start: number, gradients: readonly number[]) {
  const memory: reference.Memory = {};
  const path: reference.Memory = { w: Math.abs(start) };
  let w = start;
  for (const [t, g] of gradients.entries()) {
    const before = { ...memory, w };
    w = rule(w, g, t, memory);
    for (const [name, value] of Object.entries({ ...memory, w }))
      path[name] = (path[name] ?? 0) + Math.abs(value - (before[name as "w"] ?? 0));
  }
  return { end: { ...memory, w } as reference.Memory, path };
}

describe("against the rule in f64", () => {
  it.each(combinations)("%s", (_, { optimizer, rule, seed }) => {
    const { starts, gradients } = problem(seed);
    const got = scope(() => run(optimizer(), seed));
    expect(got.step).toBe(steps);
    for (const [column, start] of starts.entries()) {
      const truth = Array.from(start, (w, i) =>
        follow(
          rule,
          w,
          gradients.map((columns) => columns[column]![i]!),
        ),
      );
      for (const [name, columns] of Object.entries({ w: got.params, ...got.slots }))
        expectWithin(
          columns[column]!,
          truth.map(({ end }) => end[name]!),
          // Some roundings per step, each as large as a number and its moves are.
          truth.map(({ path }) => 4 * steps * roundoff * path[name]!),
          `${name} of ${start.length} parameters`,
        );
    }
  });
});

describe("in place", () => {
  const guard = 16;
  const filler = 0xa5;

  it.each(combinations)("nothing past an end changes, nor does the gradient: %s", (_, { optimizer, seed }) => {
    scope(() => {
      run(optimizer(), seed, (update, grads, changed) => {
        const ends = [...grads, ...changed].map((t) => t.pointer + 4 * t.size);
        for (const end of ends) wasmBytes().fill(filler, end, end + guard);
        const before = grads.map(readTensor);
        update();
        for (const [i, values] of before.entries()) expectSame(readTensor(grads[i]!), values, `gradient ${i}`);
        for (const end of ends)
          expect(
            wasmBytes()
              .slice(end, end + guard)
              .every((byte) => byte === filler),
          ).toBe(true);
      });
    });
  });

  it.each(combinations)("any slices give the same bits: %s", (_, { optimizer, seed }) => {
    const whole = scope(() => run(optimizer(), seed));
    for (const way of [0, 1, 2, 3]) {
      const parts = scope(() => inSlices(way, () => run(optimizer(), seed)));
      for (const [i, values] of whole.params.entries()) expectSame(parts.params[i]!, values, `${values.length}`);
      expect(parts.slots).toEqual(whole.slots);
    }
  });
});

const stepping = ["sgd_f32", "adam_f32", "rmsprop_f32", "adagrad_f32"];

/** Runs `fn` with the optimizers' kernels called piece by piece. */
function inSlices<T>(way: number, fn: () => T): T {
  const real = kernels();
  const split = ([name, kernel]: [string, unknown]) => {
    if (!stepping.includes(name)) return [name, kernel];
    return [
      name,
      (...args: number[]) => {
        const n = args[args.length - 1]!;
        const ways = cuts(n);
        const pieces = ways[way % Math.max(1, ways.length)] ?? [[0, n]];
        for (const [begin, end] of pieces) (kernel as (...all: number[]) => void)(...args.slice(0, -2), begin, end);
      },
    ];
  };
  useKernels(Object.fromEntries(Object.entries(real).map(split)) as Kernels);
  try {
    return fn();
  } finally {
    useKernels(real);
  }
}
