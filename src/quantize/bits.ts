import { checkChoice, checkFlag, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { checkFinite } from "../finite.js";
import { stopGradient } from "../grad.js";
import { checkDType } from "../op.js";
import { div, maximum, mul } from "../ops/binary.js";
import { type BitFormat, type BitScales, packBits, roundToBits } from "../ops/bits.js";
import { cast } from "../ops/cast.js";
import { greater } from "../ops/compare.js";
import { expand } from "../ops/expand.js";
import { full } from "../ops/fill.js";
import { reshape } from "../ops/layout.js";
import { sum } from "../ops/reduce.js";
import { abs } from "../ops/unary.js";
import { scope } from "../scope.js";
import { checkMatrixShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { checkMatrix } from "./matrix.js";
import type { WeightScheme } from "./scheme.js";

export interface BinaryOptions {
  /**
   * What the packed matrix meets in a product: `f32`, the numbers as they are (default), or `sign`, their signs, so that products
   * count bits and no longer multiply. Take `sign` where a `nn.sign()` stands before the layer, or no activation.
   */
  input?: "f32" | "sign";
  /** With `sign`: signs count mean |x| of their row, as in XNOR-Net. Default false: 1. */
  scaled?: boolean;
}

export interface TernaryOptions {
  /** One threshold and one scale for each row (default), or for all together, as in the paper. */
  per?: "channel" | "tensor";
}

/** A scheme from what sets thresholds and scales. */
function scheme(name: string, bits: number, format: BitFormat, fit: (w: Tensor) => BitScales): WeightScheme {
  return {
    name,
    bits,
    pack: (w) =>
      scope(() => {
        checkMatrix(name, w);
        const fitted = fit(w);
        // Of finite weights near the largest f32 the mean can still overflow.
        checkFinite(name, "the scales", fitted.scales);
        return packBits(w, fitted, format);
      }),
    fake(w) {
      checkDType(name, "w", w, "f32");
      checkMatrixShape(name, "w", w.shape);
      return scope(() => roundToBits(w, fit(stopGradient(w))));
    },
  };
}

/**
 * Weights of one bit: the sign of w (from 0 on: 1), times α = mean |w| of its row, which is the nearest (Rastegari et al. 2016,
 * XNOR-Net). `fake` passes the gradient straight through to w and takes α for a constant (the paper: plus a share through α).
 *
 * With `input: "f32"`, error of a product per element: (k/2 + 5) · 2⁻²⁴ · Σ|x·w|. With `input: "sign"` the sum of the k signs is exact,
 * times α rounded once (`scaled`: and times mean |x|, itself rounded); k goes up to 65,535, a NaN in a row of x makes its products
 * NaN, and the gradient to x is that of the hard tanh. A product needs room for tables: 4 bytes for each number of x with `sign`, 16
 * with `f32`.
 *
 * @throws {ArgumentError} if an option is none of these; `pack`, if w holds NaN or an infinity, or has too long rows for `sign`.
 * @example
 * const w = binary({ input: "sign" }).pack(tensor([[0.5, -0.25, 0.75]]));
 * const y = matmul(tensor([[3, -2, -1]]), w, { transposeB: true }); // [[0.5]]
 */
export function binary(options: BinaryOptions = {}): WeightScheme {
  checkOptions("binary", options);
  const { input = "f32", scaled = false } = options;
  checkChoice("binary", "input", input, ["f32", "sign"]);
  checkFlag("binary", "scaled", scaled);
  if (scaled && input !== "sign")
    throw new ArgumentError(`binary: scaled is true with input "${input}"; it goes with "sign" alone`);
  const name = input === "f32" ? "binary" : `binary × ${scaled ? "scaled " : ""}sign`;
  return scheme(name, 1, { kind: "binary", input, scaled }, (w) => {
    const [rows, cols] = w.shape as [number, number];
    return { thresholds: full([rows], -1), scales: div(sum(abs(w), { axes: 1 }), Math.max(cols, 1)) };
  });
}

/**
 * Weights of −1, 0 and 1 in two bits, times α (Li et al. 2016, TWN): 0 where |w| ≤ Δ = 0.7 · mean |w|, else the sign of w, and
 * α = mean |w| of those. `fake` passes the gradient straight through to w. A product skips zeros: what they meet, infinite or NaN
 * even, is not in the sum. Its error per element: (k/2 + 5) · 2⁻²⁴ · Σ|x·w|.
 *
 * @throws {ArgumentError} if an option is none of these; `pack`, if w holds NaN or an infinity.
 * @example
 * const w = ternary().pack(tensor([[2, -0.5, -4]]));
 * const y = matmul(tensor([[1, 10, 1]]), w, { transposeB: true }); // [[0]]
 */
export function ternary(options: TernaryOptions = {}): WeightScheme {
  checkOptions("ternary", options);
  const { per = "channel" } = options;
  checkChoice("ternary", "per", per, ["channel", "tensor"]);
  return scheme(`ternary per ${per}`, 2, { kind: "ternary" }, (w) => ternaryScales(w, per));
}

/** Δ and α of each row. */
export function ternaryScales(w: Tensor, per: "channel" | "tensor"): BitScales {
  const [rows, cols] = w.shape as [number, number];
  const all = per === "tensor";
  const magnitudes = reshape(abs(w), all ? [1, w.size] : [rows, cols]);
  const threshold = mul(sum(magnitudes, { axes: 1, keepDims: true }), 0.7 / Math.max(all ? w.size : cols, 1));
  const kept = cast(greater(magnitudes, threshold), "f32");
  const scale = div(sum(mul(magnitudes, kept), { axes: 1 }), maximum(sum(kept, { axes: 1 }), 1));
  return {
    thresholds: expand(reshape(threshold, [all ? 1 : rows]), [rows]),
    scales: expand(scale, [rows]),
  };
}
