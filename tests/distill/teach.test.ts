import { describe, expect, test } from "vitest";
import { distill, teach } from "../../src/distill/distill.js";
import { rkdDistance } from "../../src/distill/relations.js";
import { toBytes } from "../../src/files/model.js";
import { stateFromBytes, stateToBytes } from "../../src/files/state.js";
import type { Model, Params } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { mul } from "../../src/ops/binary.js";
import { mse } from "../../src/ops/loss.js";
import * as optim from "../../src/optim/index.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { evaluate } from "../../src/train/evaluate.js";
import type { TrainState } from "../../src/train/train.js";
import { zeroLeaks } from "../grid.js";
import { coarse } from "./coarse.js";
import { data, expert, free, network, options, quadrants } from "./points.js";

zeroLeaks();

describe("teach", () => {
  test("reports, validates with labels, stops early, as train does", async () => {
    const [teacher, small] = [await expert(), network(8, 2)];
    const validation = quadrants(80);
    const optimizer = optim.adam({ lr: optim.exponential(0.01, { gamma: 1.05 }) });
    const rules = { epochs: 60, validation, optimizer, earlyStopping: { patience: 3 } };
    const training = teach(teacher, small, options({ ...rules, metrics: { again: nn.crossEntropy } }));
    let last = Number.NaN;
    for await (const { val } of training) {
      expect(val!.metrics.again).toBeCloseTo(val!.loss, 6);
      last = val!.loss;
    }
    expect(training.stopped).toBe("earlyStopping");
    expect((await evaluate(small, validation)).loss).toBeLessThan(last);
    const square = teach(teacher, small, options({ epochs: 1, validation, validationLoss: (o) => mse(o, o) }));
    for await (const { val } of square) expect(val!.loss).toBe(0);
    free(teacher, small);
  });

  const plain = {};
  const hinted = {
    hints: [
      { teacher: "1.relu", student: "1.relu" },
      { teacher: "0.linear", student: "1.relu", loss: rkdDistance, weight: 0.5 },
    ],
  };
  test.each([
    ["logits", plain, 1],
    ["logits", plain, 9],
    ["logits and hints", hinted, 1],
    ["logits and hints", hinted, 9],
    ["logits and hints", hinted, 20],
  ])("by %s stopped, saved and resumed gives the same bytes (%#)", async (_, more, stop) => {
    const teacher = await expert();
    const [whole, first, second] = [network(8, 2), network(8, 2), network(8, 2)];
    await teach(teacher, whole, options(more)).finish();
    const training = teach(teacher, first, options({ ...more, report: 1 }));
    for await (const { step } of training) if (step === stop) break;
    const state = stateFromBytes(stateToBytes(training.state)) as TrainState<Params>;
    const resumed = second.with(
      Object.fromEntries(Object.entries(first.params).map(([name, t]) => [name, tensor(readTensor(t), t.shape)])),
    );
    await teach(teacher, resumed, options({ ...more, state })).finish();
    expect(toBytes(resumed)).toEqual(toBytes(whole));
    training.dispose();
    free(teacher, whole, first, second, resumed);
  });

  test("resumes with the same bytes although a teacher's answers depend on how many it is asked at once", async () => {
    const model = await expert();
    const teacher = {
      params: model.params,
      apply: (params: Params, x: Tensor) => mul(model.apply(params, x), 1 + x.shape[0]! / 100),
    };
    const [whole, parts] = [network(8, 2), network(8, 2)];
    await teach(teacher, whole, options()).finish();
    const training = teach(teacher, parts, options({ report: 1 }));
    for await (const { step } of training) if (step === 4) break;
    await teach(teacher, parts, options({ state: training.state })).finish();
    expect(toBytes(parts)).toEqual(toBytes(whole));
    free(model, whole, parts);
  });

  test("by hints draws the student's values to the teacher's, and leaves no regressor behind", async () => {
    const teacher = await expert();
    const before = memory().tensors;
    const gap = async (weight: number) => {
      const small = network(8, 2);
      const hints = [{ teacher: "1.relu", student: "1.relu", loss: rkdDistance, weight }];
      await teach(teacher, small, options({ hints, epochs: 20 })).finish();
      const gap = scope(() => {
        const { x } = data.batch(Array.from({ length: 200 }, (_, i) => i));
        const inner = (m: Model) => m.applyWith(["1.relu"], m.params, x).values["1.relu"]!;
        return readTensor(rkdDistance(inner(small), inner(teacher)))[0]!;
      });
      free(small);
      return gap;
    };
    const [without, with_] = [await gap(0), await gap(20)];
    expect(with_).toBeLessThan(without / 2);
    const small = network(8, 2);
    const training = teach(teacher, small, options({ ...hinted, report: 1 }));
    const [width, taller] = [
      small.params["0.linear.weight"]!.shape,
      Object.keys(training.state.optimizer.slots.regressors!),
    ];
    expect([width, taller]).toEqual([
      [8, 2],
      ["regressor 0 weight", "regressor 0 bias"],
    ]);
    for await (const _ of training) break;
    training.dispose();
    free(small);
    expect(memory().tensors).toBe(before);
    free(teacher);
  });

  test("learns from packed weights", async () => {
    const teacher = await expert();
    const rough = scope(() => {
      const name = "2.linear.weight";
      return teacher.with({ [name]: coarse(teacher.params[name]!) });
    });
    const small = network(8, 2);
    const student = await distill(
      rough,
      small,
      options({ ...hinted, epochs: 30, optimizer: optim.adamW({ lr: 0.02 }) }),
    );
    expect((await evaluate(student, data)).accuracy).toBeGreaterThan(0.8);
    await expect(distill(teacher, rough, options())).rejects.toThrow(/train: the model has .*packed coarse.*see qat/);
    free(teacher, rough, small, student);
  });
});
