import { describe, expect, test } from "vitest";
import { layerInputs } from "../../src/calibration.js";
import { ArgumentError } from "../../src/errors.js";
import { toBytes } from "../../src/files/model.js";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { add, mul, sub } from "../../src/ops/binary.js";
import { masked } from "../../src/ops/mask.js";
import { matmul } from "../../src/ops/matmul.js";
import { norm } from "../../src/ops/reduce.js";
import { inverseHessian, maskedLeastSquares } from "../../src/ops/solve.js";
import { abs } from "../../src/ops/unary.js";
import type { Pruned } from "../../src/prune/layerwise.js";
import { applyMasks } from "../../src/prune/masks.js";
import { obs, surgery } from "../../src/prune/obs.js";
import { select } from "../../src/prune/select.js";
import { pruneLayer, sparseGpt } from "../../src/prune/sparseGpt.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { contents, readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, expectWithin, zeroLeaks } from "../grid.js";
import * as truth from "../reference/surgeon.js";
import { watched } from "../watch.js";

zeroLeaks();

const values = (t: Tensor): number[] => [...readTensor(t)];
const shapes = [1, 3, 5].flatMap((rows) => [1, 3, 4, 5, 8, 9, 17, 33].map((cols) => [rows, cols] as const));

/** Weights [rows, cols], and examples in which columns depend on each other a little. */
function layer(rows: number, cols: number, examples = 4 * cols): { w: Float32Array; x: Float32Array } {
  const x = draw("normal", examples * cols, rows + cols);
  for (let i = 1; i < x.length; i++) if (i % cols !== 0) x[i]! += 0.5 * x[i - 1]!;
  return { w: draw("normal", rows * cols, 7 * rows + cols), x };
}

describe("SparseGPT of a layer", () => {
  const settings = [
    { sparsity: 0.3 },
    { sparsity: 0.5 },
    { sparsity: 0.9 },
    { pattern: [2, 4] as const },
    { pattern: [1, 3] as const },
  ];

  test("is the method in f64, in any slices", () => {
    for (const [rows, cols] of shapes)
      for (const setting of settings) {
        const { w, x } = layer(rows, cols);
        const about = `${rows} × ${cols}, ${JSON.stringify(setting)}`;
        const options = { sparsity: undefined, pattern: undefined, ...setting, damp: 0.01, block: 128 };
        const want = truth.sparseGpt(truth.matrixOf(w, cols), truth.matrixOf(x, cols), { damp: 0.01, ...setting });
        watched(() =>
          scope(() => {
            const { weight, mask } = pruneLayer(tensor(w, [rows, cols]), tensor(x, [4 * cols, cols]), options);
            expectSame(readTensor(mask), want.kept.flat(), about);
            expectWithin(readTensor(weight), want.weights.flat(), 2e-5, about);
            expect(
              values(weight).every((value, i) => want.kept.flat()[i] === 1 || Object.is(value, 0)),
              about,
            ).toBe(true);
          }),
        );
      }
  });

  test("chooses a pattern the same in blocks of any width, and a share block by block", () => {
    scope(() => {
      const { w, x } = layer(4, 24);
      const [weights, inputs] = [tensor(w, [4, 24]), tensor(x, [96, 24])];
      const run = (block: number, pattern?: readonly [number, number], sparsity?: number) =>
        pruneLayer(weights, inputs, { block, pattern, sparsity, damp: 0.01 });
      const whole = run(128, [2, 4]);
      for (const block of [1, 4, 6, 8, 23]) {
        const parts = run(block, [2, 4]);
        expect(values(parts.mask)).toEqual(values(whole.mask));
        expectWithin(readTensor(parts.weight), readTensor(whole.weight), 1e-5, `blocks of ${block}`);
      }
      const mask = values(run(8, undefined, 0.5).mask);
      for (const start of [0, 8, 16]) {
        const fallen = mask.filter((bit, i) => bit === 0 && i % 24 >= start && i % 24 < start + 8);
        // One more than half, as in the authors' code.
        expect(fallen).toHaveLength(17);
      }
    });
  });
});

describe("OBS of a layer", () => {
  test("is the method in f64", () => {
    for (const [rows, cols] of shapes)
      for (const drop of new Set([0, 1, cols >> 1, cols - 1, cols])) {
        const { w, x } = layer(rows, cols);
        const about = `${rows} × ${cols}, ${drop} fall`;
        const h = truth.inverse(truth.hessian(truth.matrixOf(x, cols), 0.01));
        const want = truth.matrixOf(w, cols).map((row) => truth.obs(row, h, drop));
        watched(() =>
          scope(() => {
            const inverse = inverseHessian(tensor(x, [4 * cols, cols]), { damp: 0.01 });
            const { weight, mask, order } = surgery(tensor(w, [rows, cols]), inverse, drop);
            const orders = want.flatMap(({ order: own }) => Array.from({ length: cols }, (_, t) => own[t] ?? -1));
            expectSame(readTensor(order), orders, about);
            expectWithin(
              readTensor(weight),
              want.flatMap(({ row }) => row),
              1e-5,
              about,
            );
            expect(values(mask)).toEqual(
              want.flatMap(({ order: own }) => Array.from({ length: cols }, (_, j) => (own.includes(j) ? 0 : 1))),
            );
          }),
        );
      }
  });

  test("ends where the least squares over what stayed are", () => {
    scope(() => {
      const { w, x } = layer(3, 16);
      const [weights, inputs] = [tensor(w, [3, 16]), tensor(x, [64, 16])];
      const { weight, mask } = surgery(weights, inverseHessian(inputs, { damp: 1e-5 }), 8);
      expectWithin(readTensor(weight), readTensor(maskedLeastSquares(inputs, weights, mask)), 1e-3, "weights");
    });
  });

  test("goes on where rounding has left nothing of H⁻¹", () => {
    scope(() => {
      const inverse = tensor([
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
      ]);
      const { weight, mask, order } = surgery(tensor([[3, 1, 2]]), inverse, 3);
      expect([values(weight), values(mask), values(order)]).toEqual([
        [0, 0, 0],
        [0, 0, 0],
        [1, 0, 2],
      ]);
    });
  });
});

test("a layer that was operated on loses less than by magnitude, the more so the sharper the method", () => {
  scope(() => {
    const [rows, cols, examples, causes] = [8, 64, 300, 20];
    // What the layer meets has fewer causes than columns, and a little noise.
    const x = add(
      matmul(
        tensor(draw("normal", examples * causes, 1), [examples, causes]),
        tensor(draw("normal", causes * cols, 2), [causes, cols]),
      ),
      mul(tensor(draw("normal", examples * cols, 3), [examples, cols]), 0.5),
    );
    const w = tensor(draw("normal", rows * cols, 4), [rows, cols]);
    const y = matmul(x, w, { transposeB: true });
    const loss = (other: Tensor) =>
      values(norm(sub(matmul(x, other, { transposeB: true }), y)))[0]! / values(norm(y))[0]!;
    const plain = loss(masked(w, select({ w: abs(w) }, { sparsity: 0.5 }).w!));
    const swept = loss(pruneLayer(w, x, { sparsity: 0.5, pattern: undefined, block: 16, damp: 0.01 }).weight);
    const operated = loss(surgery(w, inverseHessian(x), 32).weight);
    expect(swept).toBeLessThan(0.7 * plain);
    expect(operated).toBeLessThan(swept);
  });
});

const network = (): Model =>
  nn.sequential([nn.linear(12, 10), nn.relu(), nn.linear(10, 6), nn.tanh(), nn.linear(6, 3)], { seed: 1 });
const calibration = layer(1, 12, 80).x;
const methods: Readonly<Record<string, (model: Model, sparsity: number, x?: Tensor) => Pruned>> = {
  sparseGpt: (model, sparsity, x = tensor(calibration, [80, 12])) => sparseGpt(model, { sparsity, calibration: x }),
  obs: (model, sparsity, x = tensor(calibration, [80, 12])) => obs(model, { sparsity, calibration: x }),
};

describe.each(Object.entries(methods))("%s of a model", (_, method) => {
  test("of nothing is the same model, bit for bit; of everything has no weight left", () => {
    scope(() => {
      const model = network();
      expect(toBytes(method(model, 0).model)).toEqual(toBytes(model));
      const { model: empty, masks } = method(model, 1);
      for (const { name } of model.weights)
        expect(new Set([...values(empty.params[name]!), ...values(masks[name]!)])).toEqual(new Set([0]));
    });
  });

  test("gives masks that fit, and leaves the model alone", () => {
    scope(() => {
      const model = network();
      const bytes = toBytes(model);
      const { model: sparse, masks } = method(model, 0.5);
      expect(toBytes(model)).toEqual(bytes);
      expect(toBytes(applyMasks(sparse, masks))).toEqual(toBytes(sparse));
      for (const { name } of model.weights) expect(values(masks[name]!).every((bit) => bit < 2)).toBe(true);
    });
  });

  test("looks at what a layer meets after those before it changed", () => {
    scope(() => {
      const model = network();
      const x = tensor(calibration, [80, 12]);
      const first = method(model, 0.5).model.params["0.linear.weight"]!;
      const changed = method(model.with({ "0.linear.weight": first }), 0, x).model;
      const whole = method(model, 0.5).model;
      const [, node] = model.weights;
      const inputs = layerInputs("test", changed, x, [node!])[node!.node.name]!;
      const w = model.params[node!.name]!;
      const alone = new Map([
        [
          "sparseGpt",
          () => pruneLayer(w, inputs, { sparsity: 0.5, pattern: undefined, block: 128, damp: 0.01 }).weight,
        ],
        ["obs", () => surgery(w, inverseHessian(inputs), 5).weight],
      ]).get(_)!();
      expectSame(readTensor(whole.params[node!.name]!), readTensor(alone), "the second layer");
    });
  });

  test("of odd input is right or refused", () => {
    scope(() => {
      const model = network();
      const dead = tensor(
        calibration.map((value, i) => (i % 12 === 3 ? 0 : value)),
        [80, 12],
      );
      for (const x of [dead, tensor(calibration.subarray(0, 12), [1, 12]), tensor(new Float32Array(12), [1, 12])])
        for (const { name } of model.weights)
          expect(values(method(model, 0.5, x).model.params[name]!).every(Number.isFinite)).toBe(true);
      const none = network();
      for (const { name } of none.weights) contents(none.params[name]! as Tensor<"f32">).fill(0);
      expect(toBytes(method(none, 0.5).model)).toEqual(toBytes(none));
      const before = memory().tensors;
      expect(() => method(model, 0.5, tensor(new Float32Array(0), [0, 12]))).toThrow(ArgumentError);
      expect(() => scope(() => method(model, 0.5, tensor([Number.NaN, ...calibration.subarray(1)], [80, 12])))).toThrow(
        ArgumentError,
      );
      expect(() => method(model, 1.5)).toThrow("sparsity is 1.5");
      contents(none.params["2.linear.weight"]! as Tensor<"f32">)[1] = Number.NaN;
      expect(() => method(none, 0.5)).toThrow("2.linear.weight [6, 10] holds NaN");
      expect(memory().tensors - before).toBeLessThanOrEqual(3);
    });
  });
});

test("SparseGPT takes one of share and pattern, and only the weights that are named", () => {
  scope(() => {
    const model = network();
    const x = tensor(calibration, [80, 12]);
    const call = (options: object) => () => sparseGpt(model, { calibration: x, ...options });
    expect(call({})).toThrow("either sparsity or pattern");
    expect(call({ sparsity: 0.5, pattern: [2, 4] })).toThrow("either sparsity or pattern");
    expect(call({ pattern: [5, 4] })).toThrow(ArgumentError);
    expect(call({ sparsity: 0.5, block: 0 })).toThrow("sparseGpt: block is 0");
    expect(call({ sparsity: 0.5, only: ["nope"] })).toThrow('only names "nope"; the weights are');
    const { masks, model: sparse } = sparseGpt(model, { calibration: x, pattern: [2, 4], only: ["2.linear.weight"] });
    expect(Object.keys(masks)).toEqual(["2.linear.weight"]);
    expect(values(sparse.params["0.linear.weight"]!)).toEqual(values(model.params["0.linear.weight"]!));
    // 10 columns: two of each four, and both of the rest.
    expect(values(masks["2.linear.weight"]!).filter((bit) => bit === 1)).toHaveLength(6 * 6);
    expect(toBytes(sparseGpt(model, { calibration: x, pattern: [4, 4] }).model)).toEqual(toBytes(model));
  });
});
