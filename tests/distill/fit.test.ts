import { describe, expect, test } from "vitest";
import { type FitOptions, fitLayers } from "../../src/distill/fit.js";
import { ArgumentError, ShapeError } from "../../src/errors.js";
import { toBytes } from "../../src/files/model.js";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { mul, sub } from "../../src/ops/binary.js";
import { max, mean } from "../../src/ops/reduce.js";
import { abs, square } from "../../src/ops/unary.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, zeroLeaks } from "../grid.js";
import { data } from "./points.js";

zeroLeaks();

const deep = (seed: number, ...widths: number[]) =>
  nn.sequential(
    widths
      .slice(1)
      .flatMap((width, i) => [
        ...(i === 0 ? [] : [nn.tanh()]),
        nn.linear(widths[i]!, width, { bias: nn.constant(0.1) }),
      ]),
    { seed },
  );
const examples = (count = 100) => tensor(draw("normal", count * 3, 9), [count, 3]);
const first = (t: Tensor) => readTensor(t)[0]!;
const error = (a: Model, b: Model, x: Tensor) =>
  scope(() => first(mean(square(sub(a.apply(a.params, x), b.apply(b.params, x))))));

describe("fitLayers", () => {
  test("finds the teacher again in a student of its kind", () => {
    scope(() => {
      const [teacher, student] = [deep(1, 3, 6, 5, 2), deep(2, 3, 6, 5, 2)];
      const before = toBytes(student);
      const fitted = fitLayers(teacher, student, { calibration: examples() });
      for (const [name, t] of Object.entries(teacher.params))
        expect(first(max(abs(sub(fitted.params[name]!, t)))), name).toBeLessThan(1e-3);
      expect(error(teacher, fitted, examples())).toBeLessThan(1e-8);
      expect(toBytes(student)).toEqual(before);
    });
  });

  test("fits the last layer of a student of another width, and leaves the rest", () => {
    scope(() => {
      const [teacher, student] = [deep(1, 3, 6, 5, 2), deep(2, 3, 8, 2)];
      const fitted = fitLayers(teacher, student, { calibration: examples() });
      expect(readTensor(fitted.params["0.linear.weight"]!)).toEqual(readTensor(student.params["0.linear.weight"]!));
      const best = error(teacher, fitted, examples());
      expect(best).toBeLessThan(error(teacher, student, examples()) / 5);
      // No other last layer is better.
      for (const name of ["2.linear.weight", "2.linear.bias"])
        for (const by of [0.99, 1.01]) {
          const other = fitted.with({ [name]: mul(fitted.params[name]!, by) });
          expect(error(teacher, other, examples())).toBeGreaterThan(best);
        }
    });
  });

  test("fits the layers that are named, in the order of the graph, through those fitted before", () => {
    scope(() => {
      const [teacher, student] = [deep(1, 3, 6, 5, 2), deep(2, 3, 6, 2)];
      const layers = { "2.linear": "4.linear", "0.linear": "0.linear" };
      const fitted = fitLayers(teacher, student, { calibration: examples(), layers });
      const alone = fitLayers(teacher, student, { calibration: examples(), layers: { "2.linear": "4.linear" } });
      expect(first(max(abs(sub(fitted.params["0.linear.weight"]!, teacher.params["0.linear.weight"]!))))).toBeLessThan(
        1e-4,
      );
      const inOrder = fitLayers(
        teacher,
        fitLayers(teacher, student, { calibration: examples(), layers: { "0.linear": "0.linear" } }),
        { calibration: examples(), layers: { "2.linear": "4.linear" } },
      );
      expect(toBytes(fitted)).toEqual(toBytes(inOrder));
      expect(toBytes(fitted)).not.toEqual(toBytes(alone));
    });
  });

  test("without a bias, with a penalty, with one example, with constant ones", () => {
    scope(() => {
      const teacher = deep(1, 3, 4, 2);
      const plain = nn.sequential([nn.linear(3, 4, { bias: false }), nn.tanh(), nn.linear(4, 2, { bias: false })], {
        seed: 2,
      });
      const fitted = fitLayers(teacher, plain, { calibration: examples() });
      expect(Object.keys(fitted.params)).toEqual(["0.linear.weight", "2.linear.weight"]);
      expect(error(teacher, fitted, examples())).toBeLessThan(error(teacher, plain, examples()));
      const size = (m: Model) => first(mean(square(m.params["2.linear.weight"]!)));
      const held = fitLayers(teacher, plain, { calibration: examples(), l2: 10 });
      expect(size(held)).toBeLessThan(size(fitted) / 4);
      for (const x of [
        examples(1),
        tensor(new Float32Array(30).fill(2), [10, 3]),
        tensor(new Float32Array(30), [10, 3]),
      ]) {
        const student = fitLayers(teacher, deep(2, 3, 4, 2), { calibration: x });
        expect(error(teacher, student, x)).toBeLessThan(1e-6);
      }
    });
  });

  test("frees all but the student", () => {
    const [teacher, student] = [deep(1, 2, 4, 2), deep(2, 2, 4, 2)];
    const before = memory().tensors;
    const fitted = fitLayers(teacher, student, { calibration: data });
    expect(memory().tensors).toBe(before + 4);
    for (const model of [teacher, student, fitted]) model.dispose();
  });

  const pair = { "0.linear": "2.linear" };
  const broken = () => mul(examples(4), Number.NaN);
  test.each<[RegExp, typeof ArgumentError, () => Partial<FitOptions>]>([
    [/^fitLayers: no layer of the student is as wide/, ArgumentError, () => ({})],
    [
      /^fitLayers: the student has no linear node "7"; there are 0.linear, 2.linear/,
      ArgumentError,
      () => ({ layers: { "7": "0.linear" } }),
    ],
    [
      /^fitLayers: the teacher has no linear node "1.tanh"/,
      ArgumentError,
      () => ({ layers: { "0.linear": "1.tanh" } }),
    ],
    [
      /^fitLayers: "0.linear" gives 4 values, the teacher's "0.linear" 6/,
      ShapeError,
      () => ({ layers: { "0.linear": "0.linear" } }),
    ],
    [/^fitLayers: l2 is NaN/, ArgumentError, () => ({ l2: Number.NaN })],
    [
      /^fitLayers: the calibration data has no examples/,
      ArgumentError,
      () => ({ calibration: data.take(0), layers: pair }),
    ],
    [/holds NaN or an infinity/, ArgumentError, () => ({ calibration: broken(), layers: pair })],
  ])("refuses: %s", (message, error, make) => {
    scope(() => {
      const [teacher, student] = [deep(1, 3, 6, 4, 2), deep(2, 3, 4, 3)];
      const options = { calibration: examples(4), ...make() };
      const before = memory().tensors;
      expect(() => fitLayers(teacher, student, options)).toThrow(error);
      expect(() => fitLayers(teacher, student, options)).toThrow(message);
      expect(memory().tensors).toBe(before);
    });
  });
});
