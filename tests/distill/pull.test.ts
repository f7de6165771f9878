import { describe, expect, test } from "vitest";
import { distill } from "../../src/distill/distill.js";
import { kd } from "../../src/distill/logits.js";
import { pull } from "../../src/distill/pull.js";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { toBytes } from "../../src/files/model.js";
import type { Model } from "../../src/model.js";
import * as optim from "../../src/optim/index.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { expectWithin, zeroLeaks } from "../grid.js";
import { expert, free, options } from "./points.js";

zeroLeaks();

const numbers = (t: Tensor) => readTensor(t) as Float32Array;

describe("pull", () => {
  test("goes the share of the way, and leaves what it does not name", () => {
    scope(() => {
      const params = { a: tensor([1, -8, 0.5]), b: tensor([3]) };
      const anchor = [0, 8, 0.5];
      const optimizer = pull({ a: tensor(anchor) }, { strength: 0.25 });
      const state = optimizer.init(params);
      for (let step = 1; step <= 4; step++) {
        optimizer.update(params, params, state);
        const expected = [1, -8, 0.5].map((w, i) => anchor[i]! + (w - anchor[i]!) * 0.75 ** step);
        expectWithin(numbers(params.a), expected, 1e-6, `step ${step}`);
      }
      expect(numbers(params.b)[0]).toBe(3);
      expect(numbers(params.a)[2]).toBe(0.5);
      expect(state.step).toBe(4);
    });
  });

  test("of strength 0 changes no bit; a schedule sets it step by step", () => {
    scope(() => {
      const params = { a: tensor([0.1, 1e30, -1e-30]) };
      const strengths = [0, 0, 0.5];
      const optimizer = pull({ a: tensor([1, 1, 1]) }, { strength: (step) => strengths[step]! });
      const state = optimizer.init(params);
      const before = numbers(params.a);
      for (const _ of [0, 1]) optimizer.update(params, params, state);
      expect(numbers(params.a)).toEqual(before);
      optimizer.update(params, params, state);
      expectWithin(numbers(params.a), [0.55, 5e29, 0.5], (_, v) => 1e-6 * Math.abs(v), "half");
    });
  });

  test("keeps a student near the teacher that it starts from", async () => {
    const teacher = await expert();
    const far = (model: Model) => {
      const name = "0.linear.weight";
      const [a, b] = [model, teacher].map((m) => numbers(m.params[name]!));
      return Math.sqrt(a!.reduce((sum, v, i) => sum + (v - b![i]!) ** 2, 0));
    };
    const loss = kd({ alpha: 1 });
    const adam = optim.adam({ lr: 0.05 });
    const loose = await distill(teacher, teacher, options({ loss, optimizer: adam }));
    const tight = await distill(
      teacher,
      teacher,
      options({ loss, optimizer: optim.chain(adam, pull(teacher.params, { strength: 0.2 })) }),
    );
    expect(far(tight)).toBeGreaterThan(0);
    expect(far(tight)).toBeLessThan(far(loose) / 2);
    const idle = await distill(
      teacher,
      teacher,
      options({ loss, optimizer: optim.chain(adam, pull(teacher.params, { strength: 0 })) }),
    );
    expect(toBytes(idle)).toEqual(toBytes(loose));
    free(teacher, loose, tight, idle);
  });

  test.each<[RegExp, typeof ArgumentError, (params: { a: Tensor }) => void]>([
    [/^pull: strength is 2/, ArgumentError, ({ a }) => pull({ a }, { strength: 2 })],
    [/^pull: strength is NaN/, ArgumentError, ({ a }) => pull({ a }, { strength: Number.NaN })],
    [/^pull: there is no parameter "b" to pull/, ArgumentError, (params) => step({ b: params.a }, params)],
    [/parameter 0 is \[2\], its anchor \[1\]/, ShapeError, (params) => step({ a: tensor([1]) }, params)],
    [/anchor \[2\] is i32, expected f32/, DTypeError, (params) => step({ a: tensor(new Int32Array(2)) }, params)],
  ])("refuses: %s", (message, error, call) => {
    scope(() => {
      const params = { a: tensor([1, 2]) };
      expect(() => call(params)).toThrow(error);
      expect(() => call(params)).toThrow(message);
      expect(Array.from(numbers(params.a))).toEqual([1, 2]);
    });
  });

  function step(anchors: Record<string, Tensor>, params: { a: Tensor }): void {
    const optimizer = pull(anchors, { strength: 0.5 });
    optimizer.update(params, params, optimizer.init(params));
  }
});
