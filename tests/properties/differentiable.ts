// Every op that has a gradient: how to draw operands for it, its f64 truth, and ours.
import { add, div, maximum, minimum, mul, sub } from "../../src/ops/binary.js";
import { type CrossEntropyOptions, crossEntropy, mse } from "../../src/ops/loss.js";
import { matmul } from "../../src/ops/matmul.js";
import { max, mean, min, norm, sum } from "../../src/ops/reduce.js";
import { logSoftmax, softmax } from "../../src/ops/softmax.js";
import { sparse } from "../../src/ops/sparse.js";
import type { SparseKind } from "../../src/ops/sparseLayouts.js";
import * as unaryOps from "../../src/ops/unary.js";
import { type Tensor, tensor } from "../../src/tensor.js";
import { pick, type Random } from "../grid.js";
import { drawMatrix, ours } from "../matrices.js";
import { sparsely } from "../ops/sparseProofs.js";
import { broadcastShapes, generate, type Reference, reference, sizeOf } from "../reference/array.js";
import * as binary from "../reference/binary.js";
import * as loss from "../reference/loss.js";
import * as product from "../reference/matmul.js";
import { dense } from "../reference/quantized.js";
import * as reduction from "../reference/reduce.js";
import * as soft from "../reference/softmax.js";
import * as unary from "../reference/unary.js";
import { moving } from "./moving.js";
import {
  apart,
  awayFrom,
  type Draw,
  distinct,
  type Kind,
  normal,
  pairOf,
  positive,
  ranked,
  real,
  shapes,
  toTensor,
} from "./operands.js";

type UnaryCall = (x: Tensor) => Tensor;

function one(name: unary.UnaryName, call: UnaryCall, kind: Kind = normal, p = 0, q = 0): Draw {
  return (next, i) => ({
    operands: [real(shapes[i]!, next, kind)],
    forward: ([x]) => unary.forward(name, x!, p, q),
    vjp: (g, [x]) => [unary.vjp(name, g, x!, p, q)],
    ours: ([x]) => call(x!),
  });
}

function two(name: binary.BinaryName, call: (a: Tensor, b: Tensor) => Tensor, kind?: Kind): Draw {
  return (next, i) => {
    const [a, b] = pairOf(i);
    const repeats = (shape: readonly number[]): number => sizeOf(broadcastShapes(a, b)) / sizeOf(shape);
    // Quotients have three roundings each, products one.
    const each = name === "div" ? 4 : 1;
    const operands = kind === undefined ? apart(a, b, next) : [real(a, next, kind), real(b, next, kind)];
    return {
      operands,
      forward: ([x, y]) => binary.forward(name, x!, y!),
      vjp: (g, [x, y]) => binary.vjp(name, g, x!, y!),
      ours: ([x, y]) => call(x!, y!),
      ...(kind !== undefined && { roundings: [repeats(a) + each, repeats(b) + each] }),
    };
  };
}

/** Some of the axes; all where that is none. */
function someAxes(rank: number, next: Random): number[] | undefined {
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter(() => next() < 0.5);
  return axes.length > 0 ? axes : undefined;
}

function reduced(name: reduction.ReduceName, call: typeof sum): Draw {
  return (next, i) => {
    const axes = someAxes(shapes[i]!.length, next);
    const options = { keepDims: next() < 0.5, ...(axes && { axes }) };
    return {
      operands: [name === "max" || name === "min" ? distinct(shapes[i]!, next) : real(shapes[i]!, next, awayFrom(0))],
      forward: ([x]) => reduction.forward(name, x!, options),
      vjp: (g, [x]) => [reduction.vjp(name, g, x!, options)],
      ours: ([x]) => call(x!, options),
      ...((name === "sum" || name === "mean") && { roundings: [1] }),
    };
  };
}

interface MatmulWays {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly bias?: boolean;
  readonly activation?: "relu" | "sigmoid" | "tanh";
}

function multiplied({ bias = false, ...ways }: MatmulWays): Draw {
  return (next, i) => {
    const [m, k, n] = [1 + pick(next, 9), 1 + pick(next, 20), 1 + pick(next, 12)];
    const [aLead, bLead] = [
      [[], []],
      [[2], []],
      [[2], [2]],
      [[1], [3]],
      [[2, 1], [3]],
    ][i % 5] as [number[], number[]];
    const a = [...aLead, ...(ways.transposeA ? [k, m] : [m, k])];
    const b = [...bLead, ...(ways.transposeB ? [n, k] : [k, n])];
    const batches = sizeOf(broadcastShapes(aLead, bLead));
    // Sums near 1: further out sigmoid and tanh are flat, and only the errors of the sum are left to see.
    const kind: Kind = ways.activation === undefined ? normal : (r) => normal(r) / 2;
    const operands = [real(a, next, kind), real(b, next, kind), ...(bias ? [real([n], next)] : [])];
    const options = (rest: readonly Reference[]) => ({ ...ways, ...(rest[0] && { bias: rest[0] }) });
    // relu bends at 0: sums near it are left out by drawing again.
    if (ways.activation === "relu") {
      const { activation: _, ...linear } = options(operands.slice(2));
      const sums = product.forward(operands[0]!, operands[1]!, linear).data;
      if (sums.some((x) => Math.abs(x) < 0.001)) return multiplied({ bias, ...ways })(next, i);
    }
    return {
      operands,
      forward: ([x, y, ...rest]) => product.forward(x!, y!, options(rest)),
      vjp: (g, [x, y, ...rest]) => product.vjp(g, x!, y!, options(rest)),
      ours: ([x, y, rest]) => matmul(x!, y!, { ...ways, bias: rest }),
      ...(ways.activation === undefined && { roundings: [n * batches, m * batches, m * batches] }),
    };
  };
}

/** Rows times a matrix of affine codes, which is no operand: it has no gradient. */
const ofCodes: Draw = (next) => {
  const [m, k, n] = [1 + pick(next, 9), 1 + pick(next, 20), 1 + pick(next, 12)];
  const group = 1 + pick(next, k);
  const w = drawMatrix(next, [n, k], { bits: 4, group, symmetric: false });
  const weights = reference([n, k], dense(w));
  return {
    operands: [real([m, k], next), real([n], next)],
    forward: ([x, bias]) => product.forward(x!, weights, { transposeB: true, bias: bias! }),
    vjp: (g, [x, bias]) => {
      const [dx, , db] = product.vjp(g, x!, weights, { transposeB: true, bias: bias! });
      return [dx!, db!];
    },
    ours: ([x, bias]) => matmul(x!, ours(w), { transposeB: true, bias: bias! }),
  };
};

/** Rows times a sparse matrix, no operand either. */
function ofSparse(layout: SparseKind): Draw {
  return (next) => {
    const [m, k, n] = [1 + pick(next, 20), 1 + pick(next, 20), 1 + pick(next, 12)];
    const w = sparsely(layout, [n, k], 0.4, pick(next, 1000));
    const weights = reference([n, k], Float64Array.from(w));
    return {
      operands: [real([m, k], next), real([n], next)],
      forward: ([x, bias]) => product.forward(x!, weights, { transposeB: true, bias: bias! }),
      vjp: (g, [x, bias]) => {
        const [dx, , db] = product.vjp(g, x!, weights, { transposeB: true, bias: bias! });
        return [dx!, db!];
      },
      ours: ([x, bias]) => matmul(x!, sparse(tensor(w, [n, k]), { layout }), { transposeB: true, bias: bias! }),
    };
  };
}

function softened(call: typeof softmax, forward: typeof soft.softmax, back: typeof soft.softmaxVjp): Draw {
  return (next, i) => {
    const shape = ranked(i);
    const options = { axis: pick(next, shape.length * 2) - shape.length, temperature: [1, 2, 0.5][i % 3]! };
    return {
      operands: [real(shape, next)],
      forward: ([x]) => forward(x!, options),
      vjp: (g, [x]) => [back(g, x!, options)],
      ours: ([x]) => call(x!, options),
    };
  };
}

const reductions = ["mean", "sum", "none"] as const;

interface CrossEntropyWays {
  readonly target: "labels" | "probabilities";
  readonly smoothing?: number;
  readonly weighted?: boolean;
  readonly ignored?: boolean;
}

function crossed({ target, smoothing = 0, weighted = false, ignored = false }: CrossEntropyWays): Draw {
  return (next, i) => {
    const [count, classes] = [1 + pick(next, 6), 2 + pick(next, 9)];
    const reduction = reductions[i % 3]!;
    const weight = weighted ? { weight: real([classes], next, positive) } : {};
    const options = { labelSmoothing: smoothing, reduction, ...(ignored && { ignoreIndex: -1 }), ...weight };
    // One label counts always, so that the mean is one of something.
    const labels = generate([count], (r) => (ignored && r > 0 && next() < 0.4 ? -1 : pick(next, classes)));
    const probabilities = soft.softmax(real([count, classes], next));
    const rounded = generate(probabilities.shape, (j) => Math.fround(probabilities.data[j]!));
    const hard = target === "labels";
    const at = (xs: readonly Reference[]) => loss.crossEntropy(xs[0]!, hard ? labels : xs[1]!, options);
    const scaled = (by: Reference, g: Reference): Reference =>
      generate(by.shape, (j) => by.data[j]! * g.data[reduction === "none" ? Math.floor(j / classes) : 0]!);
    const ourOptions = (): CrossEntropyOptions => ({
      ...{ labelSmoothing: smoothing, reduction, ...(ignored && { ignoreIndex: -1 }) },
      ...(weight.weight && { weight: toTensor(weight.weight) }),
    });
    return {
      operands: [real([count, classes], next), ...(hard ? [] : [rounded])],
      forward: (xs) => at(xs).value,
      vjp: (g, xs) => [scaled(at(xs).gradient, g), ...(hard ? [] : [scaled(at(xs).targetGradient, g)])],
      ours: ([x, y]) => crossEntropy(x!, y ?? tensor(Int32Array.from(labels.data)), ourOptions()),
    };
  };
}

const squaredError: Draw = (next, i) => {
  const reduction = reductions[i % 3]!;
  return {
    operands: [real(shapes[i]!, next), real(shapes[i]!, next)],
    forward: ([x, y]) => loss.mse(x!, y!, reduction),
    vjp: (g, [x, y]) => {
      const by = reduction === "mean" ? x!.data.length : 1;
      const d = generate(
        x!.shape,
        (j) => (2 * (x!.data[j]! - y!.data[j]!) * g.data[reduction === "none" ? j : 0]!) / by,
      );
      return [d, generate(d.shape, (j) => -d.data[j]!)];
    },
    ours: ([x, y]) => mse(x!, y!, { reduction }),
  };
};

const transposed = [{}, { transposeA: true }, { transposeB: true }, { transposeA: true, transposeB: true }] as const;

export const table: Readonly<Record<string, Draw>> = {
  ...Object.fromEntries(
    transposed.flatMap((ways) =>
      [
        {},
        { bias: true },
        ...(["relu", "sigmoid", "tanh"] as const).map((activation) => ({ bias: true, activation })),
      ].map(
        (more) =>
          [`matmul ${Object.keys(ways)} ${Object.values(more).join(" ")}`, multiplied({ ...ways, ...more })] as const,
      ),
    ),
  ),
  "matmul of codes": ofCodes,
  "matmul of csr": ofSparse("csr"),
  "matmul of block4x1": ofSparse("block4x1"),
  ...{ add: two("add", add, normal), sub: two("sub", sub, normal), mul: two("mul", mul, normal) },
  ...{ div: two("div", div, positive), maximum: two("maximum", maximum), minimum: two("minimum", minimum) },
  ...{ neg: one("neg", unaryOps.neg), abs: one("abs", unaryOps.abs, awayFrom(0)), exp: one("exp", unaryOps.exp) },
  ...{ log: one("log", unaryOps.log, positive), sqrt: one("sqrt", unaryOps.sqrt, positive) },
  ...{ square: one("square", unaryOps.square), relu: one("relu", unaryOps.relu, awayFrom(0)) },
  ...{ silu: one("silu", unaryOps.silu), sigmoid: one("sigmoid", unaryOps.sigmoid), tanh: one("tanh", unaryOps.tanh) },
  leakyRelu: one("leakyRelu", (x) => unaryOps.leakyRelu(x), awayFrom(0), Math.fround(0.01)),
  "leakyRelu slope": one("leakyRelu", (x) => unaryOps.leakyRelu(x, { slope: -0.5 }), awayFrom(0), -0.5),
  gelu: one("gelu", (x) => unaryOps.gelu(x)),
  "gelu tanh": one("geluTanh", (x) => unaryOps.gelu(x, { approximate: "tanh" })),
  softplus: one("softplus", (x) => unaryOps.softplus(x), normal, 1, 20),
  "softplus options": one("softplus", (x) => unaryOps.softplus(x, { beta: 2, threshold: 1 }), awayFrom(0.5), 2, 1),
  clamp: one("clamp", (x) => unaryOps.clamp(x, { min: -0.5, max: 0.75 }), awayFrom(-0.5, 0.75), -0.5, 0.75),
  "clamp above": one("clamp", (x) => unaryOps.clamp(x, { max: 0 }), awayFrom(0), Number.NEGATIVE_INFINITY, 0),
  ...{ sum: reduced("sum", sum), mean: reduced("mean", mean), norm: reduced("norm", norm) },
  ...{ max: reduced("max", max), min: reduced("min", min) },
  softmax: softened(softmax, soft.softmax, soft.softmaxVjp),
  logSoftmax: softened(logSoftmax, soft.logSoftmax, soft.logSoftmaxVjp),
  "crossEntropy labels": crossed({ target: "labels" }),
  "crossEntropy labels, all options": crossed({ target: "labels", smoothing: 0.25, weighted: true, ignored: true }),
  "crossEntropy probabilities": crossed({ target: "probabilities" }),
  "crossEntropy probabilities, all options": crossed({ target: "probabilities", smoothing: 0.25, weighted: true }),
  mse: squaredError,
  ...moving,
};
