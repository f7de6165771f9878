import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import {
  adagrad,
  adam,
  adamW,
  chain,
  clipByNorm,
  type Masks,
  masked,
  type Optimizer,
  rmsprop,
  sgd,
} from "../../src/optim/index.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, random, zeroLeaks } from "../grid.js";
import { expectBits } from "../values.js";

zeroLeaks();

const optimizers: Readonly<Record<string, () => Optimizer>> = {
  sgd: () => sgd({ lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
  adam: () => adam({ lr: 0.1, weightDecay: 0.1, amsgrad: true }),
  adamW: () => adamW({ lr: 0.1, weightDecay: 0.1 }),
  rmsprop: () => rmsprop({ lr: 0.1, momentum: 0.5, centered: true }),
  adagrad: () => adagrad({ lr: 0.1 }),
};
const sizes = [1, 4, 5, 37];
const names = sizes.map((n) => `w${n}`);

const bytes = (n: number, share: number): Uint8Array => {
  const next = random(n);
  return Uint8Array.from({ length: n }, () => (next() < share ? 1 : 0));
};

/** Parameters after so many steps, the last of them with other masks, or none. */
function run(make: (masks: Masks) => Optimizer, share: number, steps = 6): Float32Array[] {
  return scope(() => {
    const masks = Object.fromEntries(sizes.map((n, i) => [names[i]!, tensor(bytes(n, share))]));
    const params = Object.fromEntries(sizes.map((n, i) => [names[i]!, tensor(draw("normal", n, n))]));
    const optimizer = make(masks);
    const state = optimizer.init(params);
    for (let t = 0; t < steps; t++) {
      const grads = Object.fromEntries(sizes.map((n, i) => [names[i]!, tensor(draw("normal", n, 100 * n + t))]));
      optimizer.update(params, grads, state);
    }
    return names.map((name) => readTensor(params[name]!));
  });
}

describe.each(Object.entries(optimizers))("masked %s", (_, make) => {
  it("with masks of ones changes no bit", () => {
    const plain = run(make, 1);
    for (const [i, values] of run((masks) => masked(masks, make()), 1).entries())
      expectBits(values, plain[i]!, names[i]!);
  });

  it("freezes zeros, whatever momentum and decay say, and leaves the others alone", () => {
    const plain = run(make, 1);
    for (const [i, values] of run((masks) => masked(masks, make()), 0.6).entries()) {
      const mask = bytes(sizes[i]!, 0.6);
      expectSame(
        values,
        plain[i]!.map((value, j) => (mask[j] ? value : 0)),
        names[i]!,
      );
    }
  });

  it("stops what was moving before there was a mask: the state is the inner one's", () => {
    scope(() => {
      const params = { w: tensor([1, 2, 3]) };
      const inner = make();
      const state = inner.init(params);
      const grads = () => ({ w: tensor([1, -1, 1]) });
      inner.update(params, grads(), state);
      const frozen = masked({ w: tensor(Uint8Array.of(1, 0, 1)) }, inner);
      for (let t = 0; t < 3; t++) {
        frozen.update(params, grads(), state);
        expect(Object.is(readTensor(params.w)[1], 0)).toBe(true);
      }
      expect(state.step).toBe(4);
    });
  });
});

it("what is masked counts in no norm", () => {
  scope(() => {
    const params = { w: tensor([0, 0]) };
    const optimizer = masked({ w: tensor(Uint8Array.of(1, 0)) }, chain(clipByNorm(1), sgd({ lr: 1 })));
    optimizer.update(params, { w: tensor([0.5, 1e9]) }, optimizer.init(params));
    expectSame(readTensor(params.w), [-0.5, 0], "one step");
  });
});

it("refuses what are no masks, and masks of other parameters, before it changes anything", () => {
  scope(() => {
    const params = { w: tensor([1, 2]) };
    const step = (masks: unknown) => () => {
      const optimizer = masked(masks as Masks, sgd({ lr: 1 }));
      optimizer.update(params, { w: tensor([1, 1]) }, optimizer.init(params));
    };
    expect(step({ v: tensor(Uint8Array.of(1, 0)) })).toThrow(
      'masked: a mask is called "v", and no parameter is; there are w',
    );
    expect(step({ w: tensor(Uint8Array.of(1)) })).toThrow(ShapeError);
    expect(step({ w: tensor([1, 0]) })).toThrow(DTypeError);
    expect(step(undefined)).toThrow(ArgumentError);
    expect(() => masked({}, undefined as never)).toThrow("masked: optimizer is undefined");
    expectSame(readTensor(params.w), [1, 2], "the parameters");
  });
});
