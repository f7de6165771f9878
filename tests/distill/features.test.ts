// What the golden vectors do not hold: equal points, zeros, one example, and refusals.
import { describe, expect, test } from "vitest";
import { attentionTransfer, fitNets, similarityPreserving } from "../../src/distill/features.js";
import { rkdAngle, rkdDistance } from "../../src/distill/relations.js";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, zeroLeaks } from "../grid.js";

zeroLeaks();

const drawn = (seed: number, ...shape: number[]) =>
  tensor(
    draw(
      "normal",
      shape.reduce((n, d) => n * d, 1),
      seed,
    ),
    shape,
  );
const numbers = (t: Tensor) => Array.from(readTensor(t) as Float32Array);

type Pair = (student: Tensor, teacher: Tensor) => Tensor;
const losses: Readonly<Record<string, Pair>> = {
  fitNets,
  similarityPreserving,
  rkdDistance,
  rkdAngle,
  "attentionTransfer, norm": attentionTransfer,
  "attentionTransfer, mse, p 1": (s, t) => attentionTransfer(s, t, { p: 1, variant: "mse" }),
};

function at(loss: Pair, student: Tensor, teacher: Tensor) {
  const { value, grads } = valueAndGrad(([s, t]: readonly [Tensor, Tensor]) => loss(s, t))([student, teacher]);
  return { value: numbers(value)[0]!, student: numbers(grads[0]), teacher: numbers(grads[1]) };
}

describe.each(Object.entries(losses))("%s", (_, loss) => {
  test("of equal values is 0, without a gradient; the teacher gets none at all", () => {
    scope(() => {
      const { value, student } = at(loss, drawn(1, 5, 3, 4), drawn(1, 5, 3, 4));
      expect(value).toBe(0);
      expectWithin(student, new Float32Array(60), 0, "student");
      const apart = at(loss, drawn(1, 5, 3, 4), drawn(2, 5, 3, 4));
      expect(apart.value).toBeGreaterThan(0);
      expect(apart.student.some((g) => g !== 0)).toBe(true);
      expect(apart.teacher.every((g) => g === 0)).toBe(true);
    });
  });

  test("is finite, with finite gradients, where values are 0 or all alike, on either side", () => {
    scope(() => {
      const [zeros, alike] = [
        () => tensor(new Float32Array(60), [5, 3, 4]),
        () => tensor(new Float32Array(60).fill(-2), [5, 3, 4]),
      ];
      for (const [s, t] of [
        [zeros, zeros],
        [zeros, () => drawn(1, 5, 3, 4)],
        [() => drawn(1, 5, 3, 4), zeros],
        [alike, () => drawn(1, 5, 3, 4)],
        [() => drawn(1, 5, 3, 4), alike],
      ] as const) {
        const { value, student } = at(loss, s(), t());
        expect([value, ...student].every(Number.isFinite)).toBe(true);
      }
    });
  });

  test("takes a batch of one", () => {
    scope(() => {
      const { value, student } = at(loss, drawn(1, 1, 3, 4), drawn(2, 1, 3, 4));
      expect([value, ...student].every(Number.isFinite)).toBe(true);
    });
  });

  test("passes NaN on", () => {
    scope(() => {
      const s = tensor(new Float32Array(24).fill(Number.NaN, 3, 4), [2, 3, 4]);
      expect(at(loss, s, drawn(2, 2, 3, 4)).value).toBeNaN();
    });
  });

  test("refuses batches that differ, no examples, and integers", () => {
    scope(() => {
      expect(() => loss(drawn(1, 2, 3, 4), drawn(1, 3, 3, 4))).toThrow(ShapeError);
      expect(() => loss(drawn(1, 0, 3, 4), drawn(1, 0, 3, 4))).toThrow(ShapeError);
      const whole = tensor(new Int32Array(24), [2, 3, 4]);
      expect(() => loss(whole, drawn(1, 2, 3, 4))).toThrow(DTypeError);
      expect(() => loss(drawn(1, 2, 3, 4), whole)).toThrow(DTypeError);
      expect(() => loss(undefined as unknown as Tensor, drawn(1, 2, 3, 4))).toThrow(DTypeError);
    });
  });
});

describe("relations", () => {
  test("do not see a shift, a turn or, but for similarities, a scale", () => {
    scope(() => {
      const x = draw("normal", 12, 1);
      const turned = Float32Array.from(x, (_, i) => (i % 2 === 0 ? 3 * x[i + 1]! + 10 : -3 * x[i - 1]! - 7));
      for (const loss of [rkdDistance, rkdAngle])
        expect(numbers(loss(tensor(x, [6, 2]), tensor(turned, [6, 2])))[0]).toBeCloseTo(0, 9);
      const stretched = x.map((v, i) => (i % 2 === 0 ? 4 * v : v));
      for (const loss of [rkdDistance, rkdAngle])
        expect(numbers(loss(tensor(x, [6, 2]), tensor(stretched, [6, 2])))[0]).toBeGreaterThan(1e-3);
    });
  });

  test("of two equal points among others leave finite gradients, which pull both alike", () => {
    scope(() => {
      const x = tensor([
        [1, 2],
        [1, 2],
        [-1, 0],
        [0, 3],
      ]);
      for (const loss of [rkdDistance, rkdAngle]) {
        const { student } = at(loss, x, tensor([[0], [0], [2], [5]]));
        expect(student.every(Number.isFinite)).toBe(true);
        expectWithin(student.slice(0, 2), student.slice(2, 4), 1e-7, loss.name);
      }
    });
  });
});

describe("refused:", () => {
  const x = (...shape: number[]) => drawn(1, ...shape);
  test.each<[RegExp, typeof ArgumentError, () => unknown]>([
    [/^fitNets: student is \[2, 3\], teacher \[2, 4\]/, ShapeError, () => fitNets(x(2, 3), x(2, 4))],
    [/^fitNets: reduction is "sum"/, ArgumentError, () => fitNets(x(2, 3), x(2, 3), { reduction: "sum" as "mean" })],
    [/inner sizes differ/, ShapeError, () => fitNets(x(2, 3), x(2, 4), { regressor: { weight: x(4, 5) } })],
    [
      /inner sizes differ/,
      ShapeError,
      () => fitNets(x(2, 3, 4), x(2, 4, 4), { regressor: { weight: x(4, 5) }, axis: 1 }),
    ],
    [/axis/, ShapeError, () => fitNets(x(2, 3), x(2, 4), { regressor: { weight: x(4, 3) }, axis: 7 })],
    [
      /^attentionTransfer: student is \[2, 3\]; it needs \[batch, channels/,
      ShapeError,
      () => attentionTransfer(x(2, 3), x(2, 3)),
    ],
    [/all but the channels must be equal/, ShapeError, () => attentionTransfer(x(2, 3, 4), x(2, 3, 5))],
    [/all but the channels must be equal/, ShapeError, () => attentionTransfer(x(2, 3, 2, 3), x(2, 4, 3, 2))],
    [/axis 0 is the batch/, ArgumentError, () => attentionTransfer(x(2, 3, 4), x(2, 3, 4), { axis: 0 })],
    [/^attentionTransfer: p is 1.5/, ArgumentError, () => attentionTransfer(x(2, 3, 4), x(2, 3, 4), { p: 1.5 })],
    [/^attentionTransfer: beta is -1/, ArgumentError, () => attentionTransfer(x(2, 3, 4), x(2, 3, 4), { beta: -1 })],
    [/variant is "l2"/, ArgumentError, () => attentionTransfer(x(2, 3, 4), x(2, 3, 4), { variant: "l2" as "mse" })],
    [/^rkdAngle: got \[\]/, ShapeError, () => rkdAngle(tensor(1), tensor(1))],
  ])("%s", (message, error, call) => {
    scope(() => {
      expect(call).toThrow(error);
      expect(call).toThrow(message);
    });
  });
});
