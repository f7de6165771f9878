import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { matmul } from "../../src/ops/matmul.js";
import { sum } from "../../src/ops/reduce.js";
import { type SparseTensor, sparse } from "../../src/ops/sparse.js";
import { type SparseKind, sparseLayouts } from "../../src/ops/sparseLayouts.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectWithin, zeroLeaks } from "../grid.js";
import { proves, refuses, sparsely } from "./sparseProofs.js";

zeroLeaks();

proves("csr");

const kinds = Object.keys(sparseLayouts) as SparseKind[];
const T = { transposeB: true } as const;

describe("csr:", () => {
  test("tells gaps of up to 255 columns in a byte, and stores 0 on the way to wider ones", () => {
    scope(() => {
      for (const [gap, count] of [
        [255, 6],
        [256, 7],
        [510, 7],
        [511, 8],
        [1000, 9],
      ] as const) {
        const [n, k] = [3, 1500];
        const w = new Float32Array(n * k);
        for (const at of [1, 2, 2 + gap, k, 3 * k - 1]) w[at] = at;
        const s = sparse(tensor(w, [n, k]), { layout: "csr" });
        // On the way to the last column of the last row there are five.
        expect(s.format).toEqual({ kind: "csr", count: count + 4 });
        expect(readTensor(s.dense())).toEqual(w);
        for (const m of [1, 2, 9]) {
          const x = draw("normal", m * k, gap);
          const y = readTensor(matmul(tensor(x, [m, k]), s, T));
          const dense = readTensor(matmul(tensor(x, [m, k]), tensor(w, [n, k]), T));
          expectWithin(y, dense, (_, e) => 1e-5 * Math.abs(e), `${gap}, ${m} rows`);
        }
      }
    });
  });

  refuses("csr", "a column past the end", ({ places }) => places.fill(200, 0, 1), /columns must rise and end before 9/);
  refuses("csr", "a column twice", ({ places, starts }) => places.fill(0, 1, starts[1]!), /columns must rise/);
  refuses("csr", "rows that go back", ({ starts }) => starts.set([3, 1], 1), /it starts at 3 and ends at 1/);
  refuses("csr", "a row that starts below 0", ({ starts }) => starts.set([-1], 1), /ends at -1/);
  refuses("csr", "rows past the end", ({ starts }) => starts.set([999], 5), /not from 0 to/);
  refuses("csr", "a first row that starts late", ({ starts }) => starts.set([1], 0), /rows go from 1|ends at/);
  refuses("csr", "another count", (_, format) => Object.assign(format, { count: 3 }), /values"? must be F32 \[3\]/);
  refuses("csr", "a huge count", (_, format) => Object.assign(format, { count: 2 ** 40 }), /count is 1099511627776/);
  refuses("csr", "half a weight", (_, format) => Object.assign(format, { count: 1.5 }), /count is 1.5/);
  refuses("csr", "no count", (_, format) => Object.assign(format, { count: "x" }), /count is "x"/);
});

test("auto takes the layout of the fewest bytes", () => {
  scope(() => {
    const chosen = (w: Float32Array, shape: [number, number]) => sparse(tensor(w, shape)).format.kind;
    for (const [kind, density] of [
      ["csr", 0.05],
      ["bitmap", 0.7],
      ["block1x4", 0.1],
      ["block4x1", 0.1],
      ["2:4", 1],
    ] as const)
      expect(chosen(sparsely(kind, [64, 256], density, 1), [64, 256]), kind).toBe(kind);
    // Bits are half as many as the places of 4:8.
    expect(chosen(sparsely("4:8", [64, 256], 1, 1), [64, 256])).toBe("bitmap");
    const w = tensor(sparsely("csr", [64, 256], 0.1, 2), [64, 256]);
    const least = Math.min(...kinds.filter((kind) => !kind.includes(":")).map((layout) => sparse(w, { layout }).bytes));
    expect(sparse(w).bytes).toBe(least);
    // All zeros take next to nothing.
    const none = sparse(tensor(new Float32Array(64 * 256), [64, 256]));
    expect(none.bytes).toBeLessThan(300);
    expect(readTensor(none.dense())).toEqual(new Float32Array(64 * 256));
  });
});

test.each(kinds)("%s: gradients go to x and bias, through every activation", (layout) => {
  for (const m of [1, 18])
    for (const activation of [undefined, "relu", "sigmoid", "tanh"] as const)
      scope(() => {
        const [k, n] = [10, 6];
        const w = tensor(sparsely(layout, [n, k], 0.5, m), [n, k]);
        const s = sparse(w, { layout });
        const of = (stored: Tensor) =>
          valueAndGrad(([x, bias]: readonly Tensor[]) => {
            const y = matmul(x!, stored, { ...T, bias: bias!, activation });
            return sum(mul(y, y));
          })([tensor(draw("normal", m * k, 1), [m, k]), tensor(draw("normal", n, 2))]);
        const [ours, dense] = [of(s), of(w)];
        for (const [i, g] of ours.grads.entries())
          expectWithin(readTensor(g!), readTensor(dense.grads[i]!), (_, e) => 1e-5 * (1 + Math.abs(e)), `${i}`);
      });
});

test("what cannot be stored, or is no matrix, says so", () => {
  scope(() => {
    const w = tensor(new Float32Array(32).fill(1), [4, 8]);
    expect(() => sparse(w, { layout: "2:4" })).toThrow(/\[4, 8\] cannot be stored as 2:4: more of a group are not 0/);
    expect(() => sparse(w, { layout: "4:8" })).toThrow(ArgumentError);
    expect(() => sparse(w, { layout: "coo" as never })).toThrow(/layout is "coo"; it must be one of "2:4"/);
    expect(() => sparse(w, { layout: "constructor" as never })).toThrow(ArgumentError);
    expect(() => sparse(tensor([1, 2]))).toThrow(ShapeError);
    expect(() => sparse(sparse(w))).toThrow(DTypeError);
    expect(() => matmul(tensor([[1, 2]]), sparse(w), T)).toThrow(/inner sizes differ/);
  });
});

test("a NaN or infinite weight is kept, as the number that it is", () => {
  scope(() => {
    const w = Float32Array.from([0, Number.NaN, 0, Number.POSITIVE_INFINITY]);
    const s: SparseTensor = sparse(tensor(w, [2, 2]), { layout: "csr" });
    expect(readTensor(s.dense())).toEqual(w);
    expect(readTensor(matmul(tensor([[5, 1]]), s, T))).toEqual(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY));
  });
});
