import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError, type SpokeshaveError } from "../../src/errors.js";
import { grad } from "../../src/grad.js";
import { zeros } from "../../src/ops/fill.js";
import { sum } from "../../src/ops/reduce.js";
import {
  adagrad,
  adam,
  adamW,
  chain,
  clipByNorm,
  clipByValue,
  type Optimizer,
  type OptimizerState,
  rmsprop,
  sgd,
} from "../../src/optim/index.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { leaves, type Tree } from "../../src/tree.js";
import { expectSame, zeroLeaks } from "../grid.js";

zeroLeaks();

/** Optimizers and the slots that each keeps. */
const kinds: readonly (readonly [title: string, make: () => Optimizer, slots: readonly string[]])[] = [
  ["sgd", () => sgd({ lr: 0.1 }), []],
  ["sgd with momentum", () => sgd({ lr: 0.1, momentum: 0.9 }), ["velocity"]],
  ["sgd with scheduled momentum", () => sgd({ lr: 0.1, momentum: () => 0.9 }), ["velocity"]],
  ["adam", () => adam(), ["m", "v"]],
  ["adamW", () => adamW({ amsgrad: true }), ["m", "v", "largest"]],
  ["rmsprop", () => rmsprop(), ["square"]],
  ["rmsprop with all", () => rmsprop({ centered: true, momentum: 0.9 }), ["square", "mean", "velocity"]],
  ["adagrad", () => adagrad({ initialSum: 0.5 }), ["total"]],
];

const params = () => ({ first: tensor([[1, 2, 3]]), rest: [tensor([4]), zeros([0])] });
const gradients = () => ({ first: tensor([[1, -1, 2]]), rest: [tensor([3]), zeros([0])] });
const values = (tree: Tree) => leaves(tree).map((leaf) => [...readTensor(leaf)]);

describe("state", () => {
  it.each(kinds)("%s: slots like the parameters, and the number of steps", (_, make, slots) => {
    scope(() => {
      const p = params();
      const optimizer = make();
      const state = optimizer.init(p);
      expect(Object.keys(state.slots)).toEqual(slots);
      expect(state.links).toEqual([]);
      for (const tree of Object.values(state.slots)) {
        expect(Object.keys(tree)).toEqual(["first", "rest"]);
        expect(leaves(tree).map((leaf) => leaf.shape)).toEqual([[1, 3], [1], [0]]);
      }
      optimizer.update(p, gradients(), state);
      optimizer.update(p, gradients(), state);
      expect(state.step).toBe(2);
    });
  });

  it.each(kinds)("%s: goes on as if never interrupted when it is copied", (_, make) => {
    const straight = scope(() => {
      const [p, optimizer] = [params(), make()];
      const state = optimizer.init(p);
      for (let t = 0; t < 4; t++) optimizer.update(p, gradients(), state);
      return values(p);
    });
    const resumed = scope(() => {
      const p = params();
      const first = make().init(p);
      for (let t = 0; t < 2; t++) make().update(p, gradients(), first);
      const slots = Object.entries(first.slots).map(([name, tree]) => [name, leaves(tree).map((x) => copyOf(x))]);
      const second: OptimizerState = { step: first.step, slots: Object.fromEntries(slots), links: [] };
      for (let t = 0; t < 2; t++) make().update(p, gradients(), second);
      return values(p);
    });
    expect(resumed).toEqual(straight);
  });

  it.each(kinds)("%s: a step makes no tensor that stays", (_, make) => {
    scope(() => {
      const [p, g, optimizer] = [params(), gradients(), make()];
      const state = optimizer.init(p);
      const before = memory();
      for (let t = 0; t < 3; t++) optimizer.update(p, g, state);
      expect([memory().tensors, memory().bytes]).toEqual([before.tensors, before.bytes]);
    });
  });
});

function copyOf(x: Tensor): Tensor {
  return tensor(readTensor(x), x.shape);
}

describe("trees that do not fit", () => {
  type Wrong = readonly [title: string, grads: () => Tree, error: typeof SpokeshaveError, message: RegExp];
  const wrong: readonly Wrong[] = [
    ["a gradient too few", () => [tensor([[1, 2, 3]]), tensor([4])], ShapeError, /3 parameters, of gradient 2/],
    ["one too many", () => [gradients(), tensor([1])], ShapeError, /3 parameters, of gradient 4/],
    [
      "another shape, last of all",
      () => ({ first: tensor([[1, 2, 3]]), rest: [tensor([4]), tensor([5])] }),
      ShapeError,
      /parameter 2 is \[0\], its gradient \[1\]/,
    ],
    [
      "another dtype",
      () => [tensor([[1, 2, 3]]), tensor(new Int32Array([4])), zeros([0])],
      DTypeError,
      /gradient \[1\] is i32/,
    ],
    ["no tensors", () => ({ first: undefined }) as unknown as Tree, DTypeError, /undefined/],
  ];
  const combinations = kinds.flatMap(([kind, make]) =>
    wrong.map(([title, ...rest]) => [kind, title, make, ...rest] as const),
  );

  it.each(combinations)("%s: %s", (_, __, make, grads, error, message) => {
    scope(() => {
      const [p, optimizer] = [params(), make()];
      const state = optimizer.init(p);
      const before = values([p, ...Object.values(state.slots)]);
      const attempt = () => optimizer.update(p, grads(), state);
      expect(attempt).toThrow(error);
      expect(attempt).toThrow(message);
      expect(values([p, ...Object.values(state.slots)])).toEqual(before);
      expect(state.step).toBe(0);
    });
  });

  it.each(kinds.filter(([, , slots]) => slots.length > 0))("%s: the state of other parameters", (_, make, [slot]) => {
    scope(() => {
      const optimizer = make();
      const attempt = (state: OptimizerState) => () => optimizer.update(params(), gradients(), state);
      expect(attempt(optimizer.init({ other: tensor([1]) }))).toThrow(ShapeError);
      expect(attempt(sgd({ lr: 1 }).init(params()))).toThrow(`the state has no ${slot}; it must come from init()`);
    });
  });

  it("parameters that are not f32", () => {
    scope(() => {
      const p = tensor(new Int32Array([1]));
      const optimizer = sgd({ lr: 1 });
      expect(() => optimizer.update(p, tensor([1]), optimizer.init(p))).toThrow(/sgd: parameter 0 \[1\] is i32/);
    });
  });

  it("a disposed gradient", () => {
    scope(() => {
      const [p, g, optimizer] = [tensor([1]), tensor([1]), sgd({ lr: 1 })];
      g.dispose();
      expect(() => optimizer.update(p, g, optimizer.init(p))).toThrow(/disposed/);
    });
  });

  it("a step inside of grad()", () => {
    scope(() => {
      const [p, optimizer] = [tensor([1]), sgd({ lr: 1 })];
      const state = optimizer.init(p);
      const inside = (x: Tensor) => {
        optimizer.update(x, tensor([1]), state);
        return sum(x);
      };
      expect(() => grad(inside)(p)).toThrow(/sgd: changes a tensor in place/);
    });
  });
});

describe("settings out of range", () => {
  const nan = Number.NaN;
  it.each<[string, () => Optimizer]>([
    ["sgd: lr is -1;", () => sgd({ lr: -1 })],
    ["sgd: lr is NaN;", () => sgd({ lr: nan })],
    ["sgd: momentum is -0.1;", () => sgd({ lr: 1, momentum: -0.1 })],
    ["sgd: dampening is 2;", () => sgd({ lr: 1, momentum: 0.9, dampening: 2 })],
    ["sgd: weightDecay is -1;", () => sgd({ lr: 1, weightDecay: -1 })],
    ["sgd: nesterov needs a momentum", () => sgd({ lr: 1, nesterov: true })],
    ["sgd: nesterov needs a momentum", () => sgd({ lr: 1, momentum: 0.9, dampening: 0.1, nesterov: true })],
    ["adam: lr is -1;", () => adam({ lr: -1 })],
    ["adam: betas[0] is 1;", () => adam({ betas: [1, 0.9] })],
    ["adam: betas[1] is 1;", () => adam({ betas: [0.9, 1] })],
    ["adam: eps is -1;", () => adam({ eps: -1 })],
    ["adamW: weightDecay is -1;", () => adamW({ weightDecay: -1 })],
    ["rmsprop: alpha is 1.1;", () => rmsprop({ alpha: 1.1 })],
    ["rmsprop: eps is NaN;", () => rmsprop({ eps: nan })],
    ["rmsprop: momentum is -1;", () => rmsprop({ momentum: -1 })],
    ["adagrad: lrDecay is -1;", () => adagrad({ lrDecay: -1 })],
    ["adagrad: initialSum is -1;", () => adagrad({ initialSum: -1 })],
    ["clipByNorm: limit is -1;", () => clipByNorm(-1)],
    ["clipByValue: limit is NaN;", () => clipByValue(nan)],
  ])("%s", (message, make) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });
});

describe("chain", () => {
  const logging = (log: string[], name: string): Optimizer => ({
    init: () => ({ step: 0, slots: {}, links: [] }),
    update: () => log.push(name),
  });

  it("runs its links in order, on the same gradients", () => {
    const log: string[] = [];
    const optimizer = chain(logging(log, "a"), logging(log, "b"), logging(log, "c"));
    scope(() => optimizer.update(tensor([1]), tensor([1]), optimizer.init(tensor([1]))));
    expect(log).toEqual(["a", "b", "c"]);
  });

  it("clips before it steps, or after", () => {
    const after = (...links: Optimizer[]) =>
      scope(() => {
        const p = tensor([0, 0]);
        const optimizer = chain(...links);
        optimizer.update(p, tensor([3, -4]), optimizer.init(p));
        return [...readTensor(p)];
      });
    expect(after(clipByValue(1), sgd({ lr: 1 }))).toEqual([-1, 1]);
    expect(after(sgd({ lr: 1 }), clipByValue(1))).toEqual([-3, 4]);
  });

  it("keeps a state per link, and counts", () => {
    scope(() => {
      const p = params();
      const optimizer = chain(clipByNorm(1), chain(adam(), sgd({ lr: 0.1 })));
      const state = optimizer.init(p);
      optimizer.update(p, gradients(), state);
      const [clip, inner] = state.links;
      expect([state.step, clip!.step, inner!.step, ...inner!.links.map((link) => link.step)]).toEqual([1, 1, 1, 1, 1]);
      expect(inner!.links.map((link) => Object.keys(link.slots))).toEqual([["m", "v"], []]);
    });
  });

  it("refuses the state of another chain", () => {
    scope(() => {
      const [p, g, optimizer] = [params(), gradients(), chain(clipByValue(1), sgd({ lr: 0.1 }))];
      const before = values(g);
      expect(() => optimizer.update(p, g, chain(sgd({ lr: 0.1 })).init(p))).toThrow(
        /chain: there are 2 links, the state has 1/,
      );
      expect(values(g)).toEqual(before);
    });
  });

  it("of nothing changes nothing", () => {
    scope(() => {
      const p = tensor([1, 2]);
      const optimizer = chain();
      optimizer.update(p, tensor([1, 1]), optimizer.init(p));
      expectSame(readTensor(p), [1, 2], "parameters");
    });
  });
});
