import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { type LogisticOptions, logisticRegression } from "../../src/linear/logisticRegression.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, pick, random, zeroLeaks } from "../grid.js";
import { logisticLoss } from "../reference/logistic.js";
import { read, standardized } from "./data.js";

zeroLeaks();

interface Data {
  readonly x: Float32Array;
  readonly labels: Int32Array;
  readonly n: number;
  readonly k: number;
  readonly classes: number;
}

/** Classes around centres of their own, that overlap. */
function clouds(n: number, k: number, classes: number, seed: number, apart = 1): Data {
  const next = random(seed);
  const centres = draw("normal", classes * k, seed + 1);
  const labels = Int32Array.from({ length: n }, (_, i) => (i < classes ? i : pick(next, classes)));
  const x = draw("normal", n * k, seed + 2).map((v, at) => {
    const [i, j] = [Math.floor(at / k), at % k];
    return v + apart * centres[labels[i]! * k + j]!;
  });
  return { x, labels, n, k, classes };
}

function fit({ x, labels, n, k }: Data, options: LogisticOptions) {
  return scope(() => read(logisticRegression(tensor(x, [n, k]), tensor(labels), options)));
}

describe("logisticRegression", () => {
  test.each<LogisticOptions>([
    {},
    { C: 0.01 },
    { C: 30, intercept: false },
    { penalty: "l1", C: 0.1 },
    { penalty: "l1", C: 2, intercept: false },
    { penalty: "elasticnet", C: 0.2, l1Ratio: 0.7 },
    { penalty: "elasticnet", C: 0.2, l1Ratio: 0 },
  ])("leaves no slope but what the penalty holds, of two classes and of more: %j", (options) => {
    const { penalty = "l2", C = 1, l1Ratio: share = 0.5, intercept = true } = options;
    const l1Ratio = { l1: 1, l2: 0, elasticnet: share, none: 0 }[penalty];
    for (const [seed, [n, k, classes]] of (
      [
        [60, 5, 2],
        [80, 12, 3],
        [40, 30, 2],
        [150, 8, 10],
      ] as const
    ).entries()) {
      const data = clouds(n, k, classes, seed);
      const { w, b, objective, converged, iterations } = fit(data, { ...options, standardize: false });
      const about = `[${n}, ${k}], ${classes} classes`;
      expect(converged, about).toBe(true);
      expect(iterations, about).toBeLessThan(400);
      const free = classes === 2 ? 1 : classes;
      const ones = new Array<number>(classes).fill(1);
      const { loss, gradient } = logisticLoss(data.x, data.labels, ones, [...b, ...w], [n, k, free]);
      const held = w.reduce((sum, v) => sum + l1Ratio * Math.abs(v) + ((1 - l1Ratio) / 2) * v * v, 0);
      expect(Math.abs(objective / (C * loss + held) - 1), about).toBeLessThan(1e-6);
      // w was rounded to f32.
      const slack = 1e-5 * C * n;
      if (intercept)
        for (const slope of gradient.subarray(0, free)) expect(Math.abs(C * slope), about).toBeLessThan(slack);
      else expect(b.every((v) => v === 0)).toBe(true);
      if (free > 1) expect(Math.abs(b.reduce((sum, v) => sum + v, 0)), about).toBeLessThan(1e-5);
      for (const [at, v] of w.entries()) {
        const slope = C * gradient[free + at]! + (1 - l1Ratio) * v;
        if (v !== 0) expect(Math.abs(slope + l1Ratio * Math.sign(v)), `${about}, ${at}`).toBeLessThan(slack);
        else expect(Math.abs(slope), `${about}, ${at}`).toBeLessThan(l1Ratio + slack);
      }
      if (penalty === "l1" && C < 1) expect(w.filter((v) => v === 0).length, about).toBeGreaterThan(w.length / 4);
    }
  });

  test("with standardize fits the standardized columns, in the units of the given ones", () => {
    const base = clouds(90, 4, 3, 5);
    const x = base.x.map((v, at) => [v, 1000 * v + 300, v / 128, 5][at % 4]!);
    const { z, means, scales } = standardized(x, 90, 4);
    for (const penalty of ["l2", "l1"] as const) {
      const options = { penalty, C: 0.5 };
      const want = fit({ ...base, x: Float32Array.from(z) }, { ...options, standardize: false });
      const got = fit({ ...base, x }, options);
      expectWithin(
        got.w.map((v, at) => v * scales[at % 4]!),
        want.w,
        1e-5,
        penalty,
      );
      const moved = want.b.map((v, c) =>
        scales.reduce((sum, scale, j) => sum - (want.w[c * 4 + j]! / scale) * means[j]!, v),
      );
      const common = moved.reduce((sum, v) => sum + v, 0) / 3;
      expectWithin(
        got.b,
        moved.map((v) => v - common),
        1e-4,
        `${penalty}, intercept`,
      );
      expect(got.w.filter((_, at) => at % 4 === 3)).toEqual(new Float32Array(3));
      expect(got.objective / want.objective).toBeCloseTo(1, 6);
    }
  });

  test("counts a class of weight 3 as if each of its rows came three times", () => {
    const data = clouds(40, 3, 2, 6);
    const rows = Array.from(data.labels, (label, i) => (label === 1 ? [i, i, i] : [i])).flat();
    const repeated = {
      ...{ k: 3, classes: 2, n: rows.length, labels: Int32Array.from(rows, (i) => data.labels[i]!) },
      x: Float32Array.from(rows.flatMap((i) => [...data.x.subarray(i * 3, i * 3 + 3)])),
    };
    const weighted = fit(data, { classWeights: [1, 3], standardize: false });
    const plain = fit(repeated, { standardize: false });
    expectWithin(weighted.w, plain.w, 1e-6, "coefficients");
    expectWithin(weighted.b, plain.b, 1e-6, "intercept");
  });

  test("predicts classes, the likeliest, from probabilities that add up to 1", () => {
    for (const classes of [2, 4]) {
      const data = clouds(120, 6, classes, 7, 2);
      scope(() => {
        const x = tensor(data.x, [data.n, data.k]);
        const model = logisticRegression(x, tensor(data.labels));
        expect([model.classes, model.coefficients.shape[0]]).toEqual([classes, classes === 2 ? 1 : classes]);
        const predicted = model.predict(x);
        expect([predicted.shape, predicted.dtype]).toEqual([[120], "i32"]);
        const p = readTensor(model.probabilities(x));
        const labels = readTensor(predicted);
        let right = 0;
        for (let i = 0; i < data.n; i++) {
          const row = [...p.subarray(i * classes, (i + 1) * classes)];
          expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
          expect(row[labels[i]!]).toBe(Math.max(...row));
          if (labels[i] === data.labels[i]) right++;
        }
        expect(right).toBeGreaterThan(100);
      });
    }
  });

  test("keeps its head where a plane separates the classes", () => {
    const data = {
      ...clouds(30, 2, 2, 8),
      n: 4,
      x: Float32Array.of(-2, 0, -1, 1, 1, 1, 2, 0),
      labels: Int32Array.of(0, 0, 1, 1),
    };
    for (const options of [
      { C: 1e6 },
      { C: 1e12 },
      { penalty: "none" },
      { penalty: "l1", C: 1e6 },
    ] as LogisticOptions[]) {
      const { w, b, objective, converged } = fit(data, options);
      const about = JSON.stringify(options);
      expect(converged, about).toBe(true);
      expect([...w, ...b, objective].every(Number.isFinite), about).toBe(true);
      expect(w[0], about).toBeGreaterThan(5);
    }
  });

  test("says where the steps ran out", () => {
    const { converged, iterations } = fit(clouds(60, 8, 3, 9), { maxIterations: 3 });
    expect([converged, iterations]).toEqual([false, 3]);
  });

  test("of bytes as labels, of no columns, of a column that is constant", () => {
    scope(() => {
      const x = tensor([
        [1, 7],
        [2, 7],
        [3, 7],
        [4, 7],
      ]);
      const [bytes, integers] = [new Uint8Array([0, 1, 0, 1]), new Int32Array([0, 1, 0, 1])].map((labels) =>
        read(logisticRegression(x, tensor(labels as Int32Array))),
      );
      expect([...bytes!.w]).toEqual([...integers!.w]);
      expect(bytes!.w[1]).toBe(0);
      const bare = read(logisticRegression(tensor(new Float32Array(0), [4, 0]), tensor(new Int32Array([0, 1, 1, 1]))));
      expectWithin(bare.b, [Math.log(3)], 1e-6, "log odds");
      const one = read(logisticRegression(tensor([[1], [1]]), tensor(new Int32Array([0, 1]))));
      expectWithin([...one.w, ...one.b], [0, 0], 1e-7, "nothing to tell them by");
    });
  });

  test.each<[string, (x: ReturnType<typeof tensor>) => unknown, abstract new (...args: never[]) => Error]>([
    ["class 1 has no example", (x) => logisticRegression(x, tensor(new Int32Array([0, 0, 0]))), ArgumentError],
    [
      "class 2 has no example",
      (x) => logisticRegression(x, tensor(new Int32Array([0, 1, 2 ** 31 - 1]))),
      ArgumentError,
    ],
    ["a label is -1", (x) => logisticRegression(x, tensor(new Int32Array([0, 1, -1]))), ArgumentError],
    ["the labels are [2]; they must be [3]", (x) => logisticRegression(x, tensor(new Int32Array([0, 1]))), ShapeError],
    ["the labels [3] are f32; they must be i32 or u8", (x) => logisticRegression(x, tensor([0, 1, 1])), DTypeError],
    [
      'penalty is "L2"',
      (x) => logisticRegression(x, tensor(new Int32Array([0, 1, 1])), { penalty: "L2" as never }),
      ArgumentError,
    ],
    ["C is 0", (x) => logisticRegression(x, tensor(new Int32Array([0, 1, 1])), { C: 0 }), ArgumentError],
    [
      'l1Ratio is for the penalty elasticnet; it is "l1"',
      (x) => logisticRegression(x, tensor(new Int32Array([0, 1, 1])), { penalty: "l1", l1Ratio: 0.5 }),
      ArgumentError,
    ],
    [
      "classWeights has 3 numbers; there are 2 classes",
      (x) => logisticRegression(x, tensor(new Int32Array([0, 1, 1])), { classWeights: [1, 1, 1] }),
      ArgumentError,
    ],
    [
      "column 1 of x holds NaN",
      () => logisticRegression(tensor([[1, Number.NaN]]), tensor(new Int32Array([0]))),
      ArgumentError,
    ],
  ])("refuses: %s", (message, call, type) => {
    scope(() => {
      const x = tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
      expect(() => call(x)).toThrow(type);
      expect(() => call(x)).toThrow(message);
    });
  });
});
