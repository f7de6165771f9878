import { describe, expect, it } from "vitest";
import { distances } from "../../src/distill/distances.js";
import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { sum } from "../../src/ops/reduce.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, roundoff, zeroLeaks } from "../grid.js";
import * as reference from "../reference/distances.js";
import { watched } from "../watch.js";

zeroLeaks();

const shapes = [1, 2, 3, 7].flatMap((n) => [0, 1, 3, 4, 5, 9, 15, 16, 17, 31, 67].map((d) => [n, d] as const));

describe("distances", () => {
  it.each(shapes)("of %i rows of %i, and their gradient", (n, d) => {
    for (const [at, shift] of [0, 4].entries())
      watched(
        () =>
          scope(() => {
            const x = draw("normal", n * d, 1 + at);
            const g = draw("normal", n * n, 3 + at);
            const both = valueAndGrad((t: Tensor): readonly [Tensor, Tensor] => {
              const lengths = distances(t);
              return [sum(mul(lengths, tensor(g, [n, n]))), lengths];
            });
            const { aux, grads } = both(tensor(x, [n, d]));
            expect(aux.shape).toEqual([n, n]);
            const lengths = reference.distances(x, n, d);
            expectWithin(readTensor(aux), lengths, (_, length) => (d / 2 + 3) * roundoff * length, "distances");
            const { sums, magnitudes } = reference.distancesVjp(g, x, n, d);
            const bound = magnitudes.map((m) => (n + d / 2 + 8) * roundoff * m);
            expectWithin(readTensor(grads), sums, bound, "gradient");
          }),
        shift,
      );
  });

  it("keep the digits of rows that lie close together, far from 0", () => {
    scope(() => {
      const x = [1000, 1000.0001220703125, 1000.000244140625];
      const expected = [0, 2 ** -13, 2 ** -12, 2 ** -13, 0, 2 ** -13, 2 ** -12, 2 ** -13, 0];
      expectWithin(readTensor(distances(tensor(x, [3, 1]))), expected, 0, "close rows");
    });
  });

  it("of equal rows are 0 and pull at nothing", () => {
    scope(() => {
      const { value, grads } = valueAndGrad((t: Tensor) => sum(distances(t)))(
        tensor(new Float32Array(15).fill(3), [5, 3]),
      );
      expectWithin(readTensor(value), [0], 0, "value");
      expectWithin(readTensor(grads), new Float32Array(15), 0, "gradient");
    });
  });

  it("pass NaN to the pairs that it stands in, alone", () => {
    scope(() => {
      const lengths = readTensor(distances(tensor([0, Number.NaN, 3], [3, 1])));
      expectWithin(lengths, [0, NaN, 3, NaN, NaN, NaN, 3, NaN, 0], 0, "NaN");
    });
  });
});
