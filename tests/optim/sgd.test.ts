import { describe, it } from "vitest";
import { grad } from "../../src/grad.js";
import { mean } from "../../src/ops/reduce.js";
import { square } from "../../src/ops/unary.js";
import { sgd } from "../../src/optim/index.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, roundoff, zeroLeaks } from "../grid.js";

zeroLeaks();

describe("the seed task: gradient descent on mean(θ²)", () => {
  const cases = [1, 2, 3, 9, 64].flatMap((n) => [0, 0.1, 0.25, 0.45, 0.5, 0.9].map((alpha) => [n, alpha] as const));

  it.each(cases)("%i elements, α = %d: θ_t = θ_0 (1 − 2α/n)^t", (n, alpha) => {
    scope(() => {
      const start = draw("normal", n, n);
      const theta = tensor(start);
      const slope = grad((x: Tensor) => mean(square(x)));
      const optimizer = sgd({ lr: alpha });
      const state = optimizer.init(theta);
      const factor = 1 - (2 * alpha) / n;
      const bounds = new Float64Array(n);
      for (let t = 1; t <= 20; t++) {
        optimizer.update(theta, slope(theta), state);
        // One rounding of the result, and of the step four: 1/n, times 2θ, α as f32, times α.
        for (const [i, w0] of start.entries()) {
          const move = ((8 * alpha) / n) * Math.abs(w0 * factor ** (t - 1));
          bounds[i] = bounds[i]! * (Math.abs(factor) + 4 * roundoff) + roundoff * (Math.abs(w0 * factor ** t) + move);
        }
        const expected = Float64Array.from(start, (w0) => w0 * factor ** t);
        expectWithin(readTensor(theta), expected, bounds, `after ${t} steps`);
      }
    });
  });
});
