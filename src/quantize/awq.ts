import { checkCount, checkOptions } from "../check.js";
import type { GraphNode, Model, Weight } from "../model.js";
import { div, maximum, mul, sub } from "../ops/binary.js";
import { ones } from "../ops/fill.js";
import { reshape } from "../ops/layout.js";
import { matmul } from "../ops/matmul.js";
import { max, mean, min } from "../ops/reduce.js";
import { abs, exp, log, sqrt, square } from "../ops/unary.js";
import { Packed } from "../packed.js";
import { scope } from "../scope.js";
import { readTensor, type Tensor } from "../tensor.js";
import type { Method } from "./method.js";
import { nearest } from "./method.js";

/** What was tried: the mean squared error of the layer's output for each exponent, the least, and its scales [in]. */
export interface ScaleSearch {
  readonly losses: Float32Array;
  readonly index: number;
  readonly scales: Tensor<"f32">;
}

/** Scales xm^(k / grid) of the columns, k = 0, 1, …, their extremes balanced about 1; xm [in] above 0 or not. */
function scalesAt(k: number, grid: number, xm: Tensor): Tensor<"f32"> {
  return scope(() => {
    if (k === 0) return ones(xm.shape);
    const s = maximum(exp(mul(log(xm), k / grid)), 1e-4);
    return div(s, sqrt(mul(max(s), min(s))));
  });
}

/**
 * Finds the scales s of the columns for which rounding w · s, then dividing by s, changes the layer's output on x [rows, in] least.
 * `fake` rounds.
 */
export function searchScales(w: Tensor, x: Tensor, grid: number, fake: (w: Tensor) => Tensor): ScaleSearch {
  return scope(() => {
    const xm = mean(abs(x), { axes: 0 });
    const losses = Float32Array.from({ length: grid }, (_, k) =>
      scope(() => {
        const s = scalesAt(k, grid, xm);
        const off = sub(div(fake(mul(w, s)), s), w);
        return readTensor(mean(square(matmul(x, off, { transposeB: true }))))[0]!;
      }),
    );
    const index = losses.reduce((best, loss, k) => (loss < losses[best]! ? k : best), 0);
    return { losses, index, scales: scalesAt(index, grid, xm) };
  });
}

/** Ops f with f(c · x) = c · f(x) for every c above 0: a scale passes through them. */
const homogeneous: readonly string[] = ["relu", "leakyRelu", "dropout"];

/** The linear node whose outputs reach `node` alone, column by column, with nothing but homogeneous ops between. */
function feeding(model: Model, node: GraphNode): GraphNode | undefined {
  const readers = (name: string): number => model.graph.filter(({ input }) => input === name).length;
  let at = model.graph.find(({ name }) => name === node.input);
  while (at !== undefined && readers(at.name) === 1) {
    if (at.op === "linear") return at;
    if (!homogeneous.includes(at.op)) return undefined;
    const { input } = at;
    at = model.graph.find(({ name }) => name === input);
  }
  return undefined;
}

/** The model with the scales folded in: columns of each weight times s, rows and bias of the layer that feeds it over s. */
function folded(model: Model, scales: ReadonlyMap<Weight, Tensor>): Model {
  return scope(() => {
    const params: Record<string, Tensor> = Object.create(null);
    const of = (name: string): Tensor => params[name] ?? model.params[name]!;
    for (const [{ name, node }, s] of scales) {
      const { name: before } = feeding(model, node)!;
      params[name] = mul(of(name), s);
      params[`${before}.weight`] = div(of(`${before}.weight`), reshape(s, [s.size, 1]));
      if (model.params[`${before}.bias`] !== undefined) params[`${before}.bias`] = div(of(`${before}.bias`), s);
    }
    return model.with(params);
  });
}

export interface AwqOptions {
  /** How many exponents from 0 up to 1 are tried. Default 20. */
  grid?: number;
}

/**
 * Scales up the columns that meet large activations, so that rounding hurts them less, and rounds to the nearest (Lin et al. 2024,
 * Activation-aware Weight Quantization). The scales cost nothing: they are divided out of the layer before, which must be linear and
 * feed this layer alone, through relu, leakyRelu or dropout at most. Where there is none, as before the first layer, weights are
 * rounded as they are.
 *
 * @throws {ArgumentError} unless 1 to 10,000 are tried.
 * @example
 * const small = quantize(model, { weights: int4({ group: 32 }), method: awq(), calibration: data.take(512) });
 */
export function awq(options: AwqOptions = {}): Method {
  checkOptions("awq", options);
  const { grid = 20 } = options;
  checkCount("awq", "grid", grid, 1, 10_000);
  return {
    ...nearest(),
    name: "awq",
    calibrated: true,
    prepare: (model, weights, scheme, inputs) =>
      scope(() => {
        const open = weights.filter(({ node }) => {
          const before = feeding(model, node);
          return before !== undefined && !(model.params[`${before.name}.weight`] instanceof Packed);
        });
        if (open.length === 0) return model;
        const read = inputs(model, open);
        const scales = open.map((weight) => {
          const w = model.params[weight.name]!;
          return [weight, searchScales(w, read[weight.node.name]!, grid, (t) => scheme.fake(t)).scales] as const;
        });
        return folded(model, new Map(scales));
      }),
  };
}
