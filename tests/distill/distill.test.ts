import { describe, expect, test } from "vitest";
import { distill, teach } from "../../src/distill/distill.js";
import { kd } from "../../src/distill/logits.js";
import { ArgumentError, ShapeError } from "../../src/errors.js";
import { toBytes } from "../../src/files/model.js";
import type { Model, Params } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { assign } from "../../src/ops/layout.js";
import { mse } from "../../src/ops/loss.js";
import { matmul } from "../../src/ops/matmul.js";
import { softmax } from "../../src/ops/softmax.js";
import * as optim from "../../src/optim/index.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { dataset } from "../../src/train/dataset.js";
import { evaluate } from "../../src/train/evaluate.js";
import { train } from "../../src/train/train.js";
import { zeroLeaks } from "../grid.js";
import { data, expert, free, network, options, quadrants } from "./points.js";

zeroLeaks();

describe("distill", () => {
  test("makes a new model that answers as the teacher does, and changes neither", async () => {
    const [teacher, small] = [await expert(), network(8, 2)];
    const before = [toBytes(teacher), toBytes(small)];
    const student = await distill(teacher, small, options({ epochs: 40, optimizer: optim.adamW({ lr: 0.02 }) }));
    expect([toBytes(teacher), toBytes(small)]).toEqual(before);
    const agree = await evaluate(student, quadrants(300));
    expect(agree.accuracy).toBeGreaterThan((await evaluate(small, quadrants(300))).accuracy + 0.2);
    const apart = (model: Model) =>
      scope(() => {
        const { x } = data.batch(Array.from({ length: 200 }, (_, i) => i));
        const p = (m: Model) => softmax(m.apply(m.params, x));
        return readTensor(mse(p(model), p(teacher)))[0]!;
      });
    expect(apart(student)).toBeLessThan(apart(small) / 10);
    free(teacher, small, student);
  });

  test("with alpha 1 is training with labels, to the byte", async () => {
    const [teacher, small, plain] = [await expert(), network(8, 2), network(8, 2)];
    const student = await distill(teacher, small, options({ loss: kd({ alpha: 1 }) }));
    const { loss: _, ...rest } = options();
    await train(plain, rest).finish();
    expect(toBytes(student)).toEqual(toBytes(plain));
    free(teacher, small, plain, student);
  });

  test("without labels learns from the teacher alone", async () => {
    const [teacher, small] = [await expert(), network(8, 2)];
    const { x } = scope(() => {
      const all = data.batch(Array.from({ length: 200 }, (_, i) => i));
      return { x: readTensor(all.x) };
    });
    const blank = dataset(x, new Uint8Array(200), { inputShape: [2] });
    const loss = kd({ temperature: 2, alpha: 0 });
    const [a, b] = [
      await distill(teacher, small, options({ loss })),
      await distill(teacher, small, options({ loss, data: blank })),
    ];
    expect(toBytes(b)).toEqual(toBytes(a));
    free(teacher, small, a, b);
  });

  test("gives the same bytes with and without the cache, and asks each example once with it", async () => {
    const [model, small] = [await expert(), network(8, 2)];
    let asked = 0;
    const teacher = {
      params: model.params,
      apply: (params: Params, x: Tensor) => {
        asked += x.shape[0]!;
        return model.apply(params, x);
      },
    };
    const cached = await distill(teacher, small, options());
    expect(asked).toBe(200);
    const anew = await distill(teacher, small, options({ cache: false }));
    expect(asked).toBe(200 + 4 * 200);
    expect(toBytes(anew)).toEqual(toBytes(cached));
    free(model, small, cached, anew);
  });

  test("asks the teacher with its dropout off", async () => {
    const teacher = nn.sequential([nn.linear(2, 16), nn.relu(), nn.dropout(0.5), nn.linear(16, 4)], { seed: 1 });
    const small = network(8, 2);
    // Batches of one size, as a product of few rows sums in an order of its own.
    const batchSize = 40;
    const [a, b] = [
      await distill(teacher, small, options({ epochs: 1, batchSize })),
      await distill(teacher, small, options({ epochs: 1, batchSize, cache: false })),
    ];
    expect(toBytes(b)).toEqual(toBytes(a));
    free(teacher, small, a, b);
  });

  test("takes several teachers: their mean probabilities at the temperature of the loss", async () => {
    const [one, two, small] = [await expert(1), await expert(2), network(8, 2)];
    const seen: number[][] = [];
    const peek = Object.assign(
      (student: Tensor, teacher: Tensor, labels: Tensor) => {
        if (seen.length === 0) seen.push(Array.from(readTensor(softmax(teacher, { temperature: 3 })) as Float32Array));
        return kd({ temperature: 3 })(student, teacher, labels);
      },
      { temperature: 3 },
    );
    // All examples in one batch, in order: those of a batch of one that is shuffled alike.
    const single = data.take(1);
    const student = await distill([one, two], small, options({ data: single, epochs: 1, loss: peek }));
    const mean = scope(() => {
      const { x } = single.batch([0]);
      const [p, q] = [one, two].map(
        (m) => readTensor(softmax(m.apply(m.params, x), { temperature: 3 })) as Float32Array,
      );
      return Array.from(p!, (v, i) => (v + q![i]!) / 2);
    });
    for (const [i, v] of mean.entries()) expect(seen[0]![i]).toBeCloseTo(v, 6);
    const alone = await distill([one], small, options());
    const same = await distill(one, small, options());
    expect(toBytes(alone)).toEqual(toBytes(same));
    free(one, two, small, student, alone, same);
  });

  test("teaches generations, each from the one before", async () => {
    const [teacher, small] = [await expert(), network(8, 2)];
    const third = await distill(teacher, small, { ...options(), generations: 3 });
    let before: Model = teacher;
    for (const seed of [3, 4, 5]) {
      const next = await distill(before, small, options({ seed }));
      if (before !== teacher) free(before);
      before = next;
    }
    expect(toBytes(third)).toEqual(toBytes(before));
    free(teacher, small, third, before);
  });

  test("ended by a signal or by time gives the student that it has, and of generations the last that is whole", async () => {
    const [teacher, small] = [await expert(), network(8, 2)];
    const timed = await distill(teacher, small, options({ maxMs: 0 }));
    expect(toBytes(timed)).toEqual(toBytes(small));
    /** Stops after so many steps, of 28 for each generation. */
    const stopped = async (after: number) => {
      const abort = new AbortController();
      let steps = 0;
      const loss = (student: Tensor, taught: Tensor, labels: Tensor) => {
        if (++steps === after) abort.abort();
        return kd({ temperature: 2, alpha: 0.3 })(student, taught, labels);
      };
      const made = await distill(teacher, small, { ...options({ signal: abort.signal, loss }), generations: 3 });
      expect(steps).toBe(after);
      return made;
    };
    const first = await distill(teacher, small, options());
    const [early, inSecond, between] = [await stopped(10), await stopped(40), await stopped(28)];
    expect([small, first].map(toBytes)).not.toContainEqual(toBytes(early));
    expect([inSecond, between].map(toBytes)).toEqual([first, first].map(toBytes));
    free(teacher, small, timed, first, early, inSecond, between);
  });

  test("takes functions of parameters", async () => {
    const before = memory().tensors;
    const line = (slope: number) => ({
      params: { slope: tensor([[slope]]) },
      apply: (p: { slope: Tensor }, x: Tensor) => matmul(x, p.slope),
    });
    const [teacher, small] = [line(3), line(0)];
    const x = Float32Array.from({ length: 32 }, (_, i) => i / 16 - 1);
    const numbers = dataset(x, x, { inputShape: [1] });
    const loss = (student: Tensor, taught: Tensor) => mse(student, taught);
    const student = await distill(teacher, small, {
      data: numbers,
      loss,
      optimizer: optim.sgd({ lr: 0.5 }),
      epochs: 60,
    });
    expect(readTensor(student.params.slope)[0]).toBeCloseTo(3, 4);
    expect(readTensor(small.params.slope)[0]).toBe(0);
    for (const { params } of [teacher, small, student]) params.slope.dispose();
    expect(memory().tensors).toBe(before);
  });
});

describe("refused, and nothing is left behind:", () => {
  const three = () => nn.sequential([nn.linear(2, 3)], { seed: 1 });
  const broken = () => {
    const model = network(8, 1);
    scope(() => assign(model.params["2.linear.bias"]!, tensor([0, Number.NaN, 0, 0])));
    return model;
  };
  const hint = (more: object) => ({ hints: [{ teacher: "1.relu", student: "1.relu", ...more }] });

  test.each<[string, RegExp, typeof ArgumentError, () => Promise<unknown>]>([
    ["no examples", /^teach: data has no examples/, ArgumentError, () => run({ data: data.take(0) })],
    ["another number of classes", /^kd: student is \[32, 4\], teacher \[32, 3\]/, ShapeError, () => run({}, three())],
    [
      "teachers that differ",
      /^teach: one teacher gives \[32, 4\], another \[32, 3\]/,
      ShapeError,
      () => run({}, [network(8), three()]),
    ],
    [
      "itself for a teacher",
      /the student's parameters are the teacher's, who must not change/,
      ArgumentError,
      () => itself(),
    ],
    ["a time box below 0", /^distill: maxMs is -1/, ArgumentError, () => run({ maxMs: -1 })],
    ["no teacher", /^teach: there is no teacher/, ArgumentError, () => run({}, [])],
    ["NaN in the teacher", /^teach: the teacher makes NaN of example \d+;/, ArgumentError, () => run({}, broken())],
    ["NaN without the cache", /^teach: the teacher makes NaN/, ArgumentError, () => run({ cache: false }, broken())],
    ["generations of 0", /^distill: generations is 0/, ArgumentError, () => run({ generations: 0 })],
    ["a node that is not there", /there is no node "9.relu"/, ArgumentError, () => run(hint({ teacher: "9.relu" }))],
    [
      "hints of several teachers",
      /^teach: hints are values of nodes/,
      ArgumentError,
      () => run(hint({}), [network(8), network(8)]),
    ],
    ["a hint's weight", /^teach: the weight of hint 0 is -1/, ArgumentError, () => run(hint({ weight: -1 }))],
    [
      "hints of other widths",
      /fitNets: student is \[\d+, 8\], teacher \[\d+, 16\]/,
      ShapeError,
      () => run(hint({ regressor: false }), network(16)),
    ],
    ["a loss that is none", /^teach: loss is 3/, ArgumentError, () => run({ loss: 3 })],
    [
      "a state with generations",
      /^distill: a state belongs to one student/,
      ArgumentError,
      () => run({ generations: 2, state: {} }),
    ],
  ])("%s", async (_, message, error, call) => {
    const before = memory().tensors;
    const failure = await call().catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(error);
    expect((failure as Error).message).toMatch(message);
    expect(memory().tensors).toBe(before);
  });

  async function run(more: object, teacher: Model | Model[] = network(8, 1)): Promise<unknown> {
    const small = network(8, 2);
    try {
      return await distill(teacher, small, options(more));
    } finally {
      free(small, ...[teacher].flat());
    }
  }

  async function itself(): Promise<unknown> {
    const model = network(8, 1);
    try {
      return await teach(model, model, options()).finish();
    } finally {
      free(model);
    }
  }

  test("the state of other hints", async () => {
    const [teacher, small] = [network(8, 1), network(8, 2)];
    const training = teach(teacher, small, options({ report: 1 }));
    for await (const _ of training) break;
    expect(() => teach(teacher, small, options({ ...hint({}), state: training.state }))).toThrow(
      /the state has no "regressor 0 weight"/,
    );
    training.dispose();
    free(teacher, small);
  });
});
