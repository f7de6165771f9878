// What the golden vectors do not hold: the meaning of alpha, the limits of temperature, odd logits, and refusals.
import { describe, expect, test } from "vitest";
import { dkd, kd } from "../../src/distill/logits.js";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { grad, valueAndGrad } from "../../src/grad.js";
import { crossEntropy } from "../../src/ops/loss.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, zeroLeaks } from "../grid.js";

zeroLeaks();

const [rows, classes] = [6, 10];
const logits = (seed: number, scale = 3) =>
  tensor(
    draw("normal", rows * classes, seed).map((v) => scale * v),
    [rows, classes],
  );
const labels = () => tensor(Int32Array.from({ length: rows }, (_, i) => (i * 7) % classes));
const numbers = (t: Tensor) => Array.from(readTensor(t) as Float32Array);

describe("kd", () => {
  test("with alpha 1 is the cross-entropy, with alpha 0 the teacher's part, and in between a straight line", () => {
    scope(() => {
      const [s, t, y] = [logits(1), logits(2), labels()];
      const at = (alpha: number) => numbers(kd({ temperature: 3, alpha })(s, t, y))[0]!;
      expect(at(1)).toBe(numbers(crossEntropy(s, y))[0]);
      expect(at(0.25)).toBeCloseTo(0.25 * at(1) + 0.75 * at(0), 5);
    });
  });

  test("of equal logits is 0 at any temperature, and so is its gradient", () => {
    scope(() => {
      for (const temperature of [1, 0.5, 4, 20]) {
        const soft = kd({ temperature, alpha: 0 });
        const { value, grads } = valueAndGrad((s: Tensor) => soft(s, logits(1), labels()))(logits(1));
        expect(numbers(value)).toEqual([0]);
        expectWithin(numbers(grads), new Float32Array(rows * classes), 1e-7, `T ${temperature}`);
      }
    });
  });

  test("keeps gradients in proportion: T² undoes what the temperature takes away", () => {
    scope(() => {
      // For large T the gradient tends to (s − t) / classes, of logits that sum to 0 (Hinton et al. 2015, §2.1).
      const centred = (seed: number) =>
        tensor(
          numbers(logits(seed)).map((v, i, all) => {
            const row = all.slice(i - (i % classes), i - (i % classes) + classes);
            return v - row.reduce((a, b) => a + b) / classes;
          }),
          [rows, classes],
        );
      const [s, t] = [centred(1), centred(2)];
      const soft = kd({ temperature: 1000, alpha: 0 });
      const slope = grad((x: Tensor) => soft(x, t, labels()))(s);
      const expected = numbers(s).map((v, i) => (v - numbers(t)[i]!) / classes / rows);
      expectWithin(numbers(slope), expected, 2e-3, "limit");
    });
  });

  test("passes nothing to the teacher", () => {
    scope(() => {
      for (const loss of [kd(), dkd()]) {
        const slope = grad((t: Tensor) => loss(logits(1), t, labels()))(logits(2));
        expect(numbers(slope).every((v) => v === 0)).toBe(true);
      }
    });
  });

  test("looks at no label where alpha is 0, and takes logits of any rank", () => {
    scope(() => {
      const none = undefined as unknown as Tensor;
      const [s, t] = [logits(1), logits(2)];
      const flat = kd({ alpha: 0 })(s, t, none);
      const deep = (x: Tensor) => tensor(numbers(x), [2, 3, classes]);
      expect(numbers(kd({ alpha: 0 })(deep(s), deep(t), none))).toEqual(numbers(flat));
      expect(() => kd({ alpha: 0.1 })(s, t, none)).toThrow(DTypeError);
    });
  });

  test("takes logits of ±10⁴, and a teacher that rules classes out", () => {
    scope(() => {
      const s = tensor([[1e4, 0, -1e4]]);
      const y = tensor(new Int32Array([0]));
      const far = valueAndGrad((x: Tensor) => kd({ temperature: 1, alpha: 0 })(x, tensor([[-1e4, 0, 1e4]]), y))(s);
      expect(numbers(far.value)).toEqual([2e4]);
      expect(numbers(far.grads)).toEqual([1, 0, -1]);
      const out = tensor([[0, 0, Number.NEGATIVE_INFINITY]]);
      const ruled = valueAndGrad((x: Tensor) => kd({ temperature: 1, alpha: 0 })(x, out, y))(tensor([[0, 0, 0]]));
      expect(numbers(ruled.value)[0]).toBeCloseTo(Math.log(1.5), 6);
      expectWithin(numbers(ruled.grads), [-1 / 6, -1 / 6, 1 / 3], 1e-6, "ruled out");
    });
  });
});

describe("dkd", () => {
  test("with alpha 1 and beta 1 − p, p the teacher's for the label, is the divergence of kd", () => {
    scope(() => {
      const [s, t] = [tensor([[0.5, -1, 2, 0.25]]), tensor([[1, 0.5, -1, 2]])];
      const y = tensor(new Int32Array([2]));
      const temperature = 2;
      const e = numbers(t).map((z) => Math.exp(z / temperature));
      const p = e[2]! / e.reduce((a, b) => a + b);
      const whole = kd({ temperature, alpha: 0 })(s, t, y);
      const parts = dkd({ temperature, alpha: 1, beta: 1 - p })(s, t, y);
      expect(numbers(parts)[0]).toBeCloseTo(numbers(whole)[0]!, 5);
    });
  });

  test("of equal logits is 0; of logits of ±10⁴ finite, with finite gradients", () => {
    scope(() => {
      expect(numbers(dkd()(logits(1), logits(1), labels()))[0]).toBeCloseTo(0, 5);
      const y = tensor(new Int32Array([0]));
      const loss = dkd({ temperature: 1, alpha: 1, beta: 1 });
      const { value, grads } = valueAndGrad((x: Tensor) => loss(x, tensor([[-1e4, 0, 1e4]]), y))(
        tensor([[1e4, 0, -1e4]]),
      );
      expect(numbers(value)).toEqual([2e4]);
      expect(numbers(grads)).toEqual([1, 0, -1]);
    });
  });
});

describe("refused:", () => {
  const [s, y] = [() => logits(1), () => labels()];
  const wide = () => tensor(draw("normal", rows * 3, 1), [rows, 3]);
  test.each<[RegExp, typeof ArgumentError, () => unknown]>([
    [/^kd: temperature is 0;/, ArgumentError, () => kd({ temperature: 0 })],
    [/^kd: temperature is NaN;/, ArgumentError, () => kd({ temperature: Number.NaN })],
    [/^kd: alpha is 1.5;/, ArgumentError, () => kd({ alpha: 1.5 })],
    [/^dkd: beta is -1;/, ArgumentError, () => dkd({ beta: -1 })],
    [/^kd: student is \[6, 10\], teacher \[6, 3\]; they need one shape/, ShapeError, () => kd()(s(), wide(), y())],
    [
      /^kd: student .* i32/,
      DTypeError,
      () => kd()(tensor(new Int32Array(4), [2, 2]), tensor(new Int32Array(4), [2, 2]), y()),
    ],
    [/^dkd: student is \[6, 10\], labels \[2\]/, ShapeError, () => dkd()(s(), s(), tensor(new Int32Array(2)))],
    [
      /^dkd: student is \[2, 1\]; it needs two classes/,
      ShapeError,
      () => dkd()(tensor([[1], [2]]), tensor([[1], [2]]), y()),
    ],
    [/from 0 to 9/, ShapeError, () => dkd()(s(), s(), tensor(new Int32Array(rows).fill(10)))],
    [/from 0 to 9/, ShapeError, () => kd()(s(), s(), tensor(new Int32Array(rows).fill(-1)))],
  ])("%s", (message, error, call) => {
    scope(() => {
      expect(call).toThrow(error);
      expect(call).toThrow(message);
    });
  });
});
