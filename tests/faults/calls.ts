// One call, or several, of every public op: what fault loops run.
import { add, div, maximum, minimum, mul, sub } from "../../src/ops/binary.js";
import { cast } from "../../src/ops/cast.js";
import { equal, greater, less } from "../../src/ops/compare.js";
import { concat } from "../../src/ops/concat.js";
import { expand } from "../../src/ops/expand.js";
import { affineCodes, fakeQuantize, lsq } from "../../src/ops/fakeQuantize.js";
import { full, ones, zeros } from "../../src/ops/fill.js";
import { gather } from "../../src/ops/gather.js";
import { intMatmul } from "../../src/ops/intMatmul.js";
import { assign, reshape, slice, transpose } from "../../src/ops/layout.js";
import { crossEntropy, mse } from "../../src/ops/loss.js";
import { matmul } from "../../src/ops/matmul.js";
import { oneHot } from "../../src/ops/oneHot.js";
import {
  projectTopK,
  proxElasticNet,
  proxGroupLasso,
  proxL0,
  proxL1,
  proxL2Squared,
  proxSparseGroupLasso,
} from "../../src/ops/proximal.js";
import { type Activations, type QTensor, quantizeAffine, quantized } from "../../src/ops/quantized.js";
import { dropout, normal, permutation, uniform } from "../../src/ops/random.js";
import { argmax, max, mean, min, norm, sum } from "../../src/ops/reduce.js";
import { logSoftmax, softmax } from "../../src/ops/softmax.js";
import {
  choleskyOfInverse,
  hessianDiagonal,
  inverseHessian,
  leastSquares,
  maskedLeastSquares,
} from "../../src/ops/solve.js";
import { sparse } from "../../src/ops/sparse.js";
import type { SparseKind } from "../../src/ops/sparseLayouts.js";
import { straightThrough } from "../../src/ops/straightThrough.js";
import {
  abs,
  clamp,
  exp,
  gelu,
  leakyRelu,
  log,
  neg,
  relu,
  sigmoid,
  signSte,
  silu,
  softplus,
  sqrt,
  square,
  tanh,
} from "../../src/ops/unary.js";
import { where } from "../../src/ops/where.js";
import { binary, ternary } from "../../src/quantize/bits.js";
import { scope } from "../../src/scope.js";
import { type Tensor, tensor } from "../../src/tensor.js";
import { draw } from "../grid.js";

export interface Call {
  /** The name of the op, as src/core.ts exports it. */
  readonly op: string;
  /** What is special about this call. */
  readonly how: string;
  /** Shapes of the f32 operands, which gradients are asked for. */
  readonly shapes: readonly (readonly number[])[];
  /** Operands without a gradient, made before memory runs short. */
  readonly constants: () => Tensor[];
  readonly run: (operands: readonly Tensor[], constants: readonly Tensor[]) => Tensor;
}

type Run = (x: Tensor, y: Tensor, constants: readonly Tensor[]) => Tensor;

function call(
  op: string,
  how: string,
  shapes: Call["shapes"],
  run: Run,
  constants: Call["constants"] = () => [],
): Call {
  return { op, how, shapes, constants, run: ([x, y], c) => run(x!, y!, c) };
}

/** A call that optimizers make: it has no gradient. */
function stepping(op: string, how: string, run: (x: Tensor) => Tensor): Call {
  return call(
    op,
    how,
    [],
    (_x, _y, [x]) => run(x!),
    () => [ones(grid)],
  );
}

/** The operands of a call: positive numbers, so that log and sqrt have something to do. */
export function operandsOf({ shapes }: Call): Tensor[] {
  return shapes.map((shape, i) => {
    const count = shape.reduce((n, d) => n * d, 1);
    return tensor(
      draw("uniform", count, i + 1).map((v) => v + 1.5),
      shape,
    );
  });
}

const labels = (): Tensor[] => [tensor(new Int32Array([0, 3, 1]))];
const mask = (): Tensor[] => [tensor(new Uint8Array([1, 0, 1, 0, 1]))];
/** Data, targets, weights, and a mask of them. */
const rows = (): Tensor[] => [
  tensor(draw("normal", 40, 1), [8, 5]),
  tensor(draw("normal", 16, 2), [8, 2]),
  tensor(draw("normal", 10, 3), [2, 5]),
  tensor(Uint8Array.from([1, 0, 1, 1, 0, 0, 1, 1, 0, 1]), [2, 5]),
];
const scales = (): Tensor[] => [ones([3])];
const bits = { low: -2, high: 1 };
const grid = [3, 5];
const codes = (input: Activations): QTensor =>
  quantized(new Int8Array(45).fill(3), 0.5, 1, [9, 5], { bits: 4, group: 2, input });

const sparsed = (layout: SparseKind, bits?: number): Tensor => {
  const w = ones([9, 5]);
  const made = sparse(w, { layout, ...(bits && { bits }) });
  w.dispose();
  return made;
};

const pairs = { add, div, maximum, minimum, mul, sub, equal, greater, less };
const unary = { abs, exp, log, neg, relu, sigmoid, signSte, silu, sqrt, square, tanh, gelu, leakyRelu, softplus };
const reduce = { max, mean, min, norm, sum };

export const calls: readonly Call[] = [
  ...Object.entries(pairs).flatMap(([op, f]) => [
    call(op, "alike", [grid, grid], (x, y) => f(x, y)),
    call(op, "with a number", [grid], (x) => f(x, 0.5)),
    call(
      op,
      "where both repeat",
      [
        [2, 1, 3, 1],
        [1, 4, 1, 5],
      ],
      (x, y) => f(x, y),
    ),
  ]),
  ...Object.entries(unary).map(([op, f]) => call(op, "of a matrix", [grid], (x) => f(x))),
  call("gelu", "by tanh", [grid], (x) => gelu(x, { approximate: "tanh" })),
  call("clamp", "of a matrix", [grid], (x) => clamp(x, { min: 1, max: 2 })),
  ...Object.entries(reduce).flatMap(([op, f]) => [
    call(op, "of everything", [grid], (x) => f(x)),
    call(op, "over the first axis", [[4, 3, 2]], (x) => f(x, { axes: 0, keepDims: true })),
    call(op, "over axes apart", [[4, 3, 2]], (x) => f(x, { axes: [0, 2] })),
  ]),
  call("argmax", "over the first axis", [grid], (x) => argmax(x, { axis: 0 })),
  call("cast", "to bytes", [grid], (x) => cast(x, "u8")),
  call("cast", "to what it is", [grid], (x) => cast(x, "f32")),
  call("concat", "of two", [grid, grid], (x, y) => concat([x, y], { axis: 1 })),
  call("expand", "of a row", [[1, 5]], (x) => expand(x, [2, 3, 5])),
  call("full", "of i32", [], () => full(grid, 7, { dtype: "i32" })),
  call("ones", "of f32", [], () => ones(grid)),
  call("zeros", "of u8", [], () => zeros(grid, { dtype: "u8" })),
  call("gather", "of rows", [[4, 5]], (x, _, [indices]) => gather(x, indices!), labels),
  call(
    "assign",
    "in place",
    [],
    (_x, _y, [to, from]) => {
      assign(to!, from!);
      return add(to!, 0);
    },
    () => [ones(grid), zeros(grid)],
  ),
  call("reshape", "to a vector", [grid], (x) => reshape(x, [-1])),
  call("slice", "backwards", [grid], (x) => slice(x, [{ step: -1 }, { start: 1 }])),
  call("transpose", "of a matrix", [grid], (x) => transpose(x)),
  call("crossEntropy", "of labels", [[3, 5]], (x, _, [l]) => crossEntropy(x, l!), labels),
  call(
    "crossEntropy",
    "of labels, weighted, along the first axis",
    [[5, 3]],
    (x, _, [l, weight]) => crossEntropy(x, l!, { axis: 0, weight: weight!, ignoreIndex: 3, labelSmoothing: 0.1 }),
    () => [...labels(), ones([5])],
  ),
  call("crossEntropy", "of probabilities", [grid, grid], (x, y) => crossEntropy(x, y, { reduction: "none" })),
  call("mse", "of two", [grid, grid], (x, y) => mse(x, y)),
  call("matmul", "of matrices", [grid, [5, 9]], (x, y) => matmul(x, y)),
  call(
    "matmul",
    "with bias and activation",
    [grid, [9, 5]],
    (x, y, [bias]) => matmul(x, y, { transposeB: true, bias: bias!, activation: "tanh" }),
    () => [ones([9])],
  ),
  call(
    "leastSquares",
    "with a bias",
    [],
    (_x, _y, [x, y]) => {
      const { weight, bias } = leastSquares(x!, y!, { bias: true });
      bias.dispose();
      return weight;
    },
    rows,
  ),
  call(
    "maskedLeastSquares",
    "of thinned weights",
    [],
    (_x, _y, [x, , w, keep]) => maskedLeastSquares(x!, w!, keep!),
    rows,
  ),
  call("hessianDiagonal", "of rows", [], (_x, _y, [x]) => tensor(hessianDiagonal(x!)), rows),
  call("inverseHessian", "of rows", [], (_x, _y, [x]) => inverseHessian(x!), rows),
  call("choleskyOfInverse", "of rows", [], (_x, _y, [x]) => choleskyOfInverse(x!, { order: [4, 2, 0, 1, 3] }), rows),
  ...[binary(), binary({ input: "sign" }), ternary()].map((scheme) =>
    call(
      "matmul",
      `with ${scheme.name} weights`,
      [grid],
      (x, _, [w, bias]) => matmul(x, w!, { transposeB: true, bias: bias!, activation: "tanh" }),
      () => scope(() => [scheme.pack(normal([9, 5], { seed: 1 })), ones([9])]),
    ),
  ),
  call("matmul", "of vectors", [[5], [5]], (x, y) => matmul(x, y)),
  call(
    "matmul",
    "of batches that repeat",
    [
      [2, 1, 3, 4],
      [3, 4, 5],
    ],
    (x, y) => matmul(x, y),
  ),
  ...(["f32", "dynamic"] as const).flatMap((input) =>
    [2, 9].map((rows) =>
      call(
        "matmul",
        `of codes, ${rows} rows of activations, ${input}`,
        [[rows, 5]],
        (x, _, [w, bias]) => matmul(x, w!, { transposeB: true, bias: bias!, activation: "tanh" }),
        () => [codes(input), ones([9])],
      ),
    ),
  ),
  call("quantized", "of 4 bits", [], () => scope(() => codes("f32").dense())),
  call(
    "quantizeAffine",
    "of a matrix",
    [],
    (_x, _y, [w]) => scope(() => quantizeAffine(w!, 0.5, 1, { bits: 4 }).dense()),
    () => [ones(grid)],
  ),
  call(
    "intMatmul",
    "of bytes",
    [],
    (_x, _y, [a, b]) => intMatmul(a!, b!, { zeroPointA: 3 }),
    () => [ones(grid, { dtype: "u8" }), ones([5, 9], { dtype: "u8" })],
  ),
  call(
    "sparse",
    "of a matrix",
    [],
    (_x, _y, [w]) => scope(() => sparse(w!).dense()),
    () => [ones([3, 5])],
  ),
  call(
    "matmul",
    "of a row with a sparse matrix",
    [[1, 5]],
    (x, _, [w]) => matmul(x, w!, { transposeB: true }),
    () => [sparsed("bitmap")],
  ),
  call(
    "matmul",
    "of a batch with a sparse matrix",
    [grid, [9]],
    (x, bias, [w]) => matmul(x, w!, { transposeB: true, bias, activation: "relu" }),
    () => [sparsed("csr")],
  ),
  call(
    "matmul",
    "of a batch with sparse codes",
    [grid, [9]],
    (x, bias, [w]) => matmul(x, w!, { transposeB: true, bias, activation: "relu" }),
    () => [sparsed("csr", 4)],
  ),
  call(
    "sparse",
    "in codes",
    [],
    (_x, _y, [w]) => scope(() => sparse(w!, { bits: 4 }).dense()),
    () => [ones([3, 5])],
  ),
  call("oneHot", "of labels", [], (_x, _y, [l]) => oneHot(l!, { classes: 4 }), labels),
  stepping("proxL1", "of a matrix", (x) => proxL1(x, { lambda: 2 })),
  stepping("proxL0", "of a matrix", (x) => proxL0(x, { lambda: 2 })),
  stepping("proxL2Squared", "of a matrix", (x) => proxL2Squared(x, { lambda: 2 })),
  stepping("proxElasticNet", "of a matrix", (x) => proxElasticNet(x, { l1: 1, l2: 1 })),
  stepping("proxGroupLasso", "of rows", (x) => proxGroupLasso(x, { lambda: 2 })),
  stepping("proxSparseGroupLasso", "of columns", (x) => proxSparseGroupLasso(x, { l1: 1, group: 1, axis: 1 })),
  stepping("projectTopK", "of a matrix", (x) => projectTopK(x, { k: 4 })),
  call("dropout", "of half", [grid], (x) => dropout(x, { p: 0.5, seed: 1 })),
  call("normal", "of a matrix", [], () => normal(grid, { seed: 1 })),
  call("uniform", "of a matrix", [], () => uniform(grid, { seed: 1 })),
  call("permutation", "of ten", [], () => permutation(10, { seed: 1 })),
  call(
    "fakeQuantize",
    "by rows",
    [grid],
    (x, _, [scale]) => fakeQuantize(x, { ...bits, scale: scale!, axis: 0 }),
    scales,
  ),
  call(
    "affineCodes",
    "by groups",
    [],
    (_x, _y, [x, scale]) => affineCodes(x!, { ...bits, scale: scale!, group: 3 }),
    () => [ones(grid), ones([3, 2])],
  ),
  call("lsq", "with a learned scale", [grid, [1]], (x, scale) => lsq(x, scale, bits)),
  call("straightThrough", "of two", [grid, grid], (x, y) => straightThrough(x, y)),
  call("softmax", "along the first axis", [grid], (x) => softmax(x, { axis: 0 })),
  call("logSoftmax", "along the last axis", [grid], (x) => logSoftmax(x, { temperature: 2 })),
  call("where", "broadcasting", [grid, [3, 1]], (x, y, [m]) => where(m!, x, y), mask),
  call("where", "of a number", [grid], (x, _, [m]) => where(m!, x, 1), mask),
];
