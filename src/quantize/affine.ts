import { checkChoice, checkCount, checkFlag, checkMethods, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { stopGradient } from "../grad.js";
import type { Bits } from "../ops/affine.js";
import { expand } from "../ops/expand.js";
import { fakeQuantize } from "../ops/fakeQuantize.js";
import { reshape } from "../ops/layout.js";
import { type AffineOptions, type QTensor, quantizeAffine, quantized } from "../ops/quantized.js";
import { scope } from "../scope.js";
import { readTensor, type Tensor } from "../tensor.js";
import { type Codes, type Grid, gridOf } from "./grid.js";
import { checkMatrix } from "./matrix.js";
import { minMax, type Range } from "./ranges/index.js";
import { joinRuns, runsOf } from "./runs.js";
import type { WeightScheme } from "./scheme.js";

export interface AffineSchemeOptions {
  /** What shares a scale and a zero point: the whole matrix, or each row of it, an output channel. Default "channel". */
  per?: "tensor" | "channel";
  /** Instead: so many inputs of a row; the last group may be short. */
  group?: number;
  /**
   * No zero points: 0 stands in the middle of the codes. Default for weights: true from 4 bits on, where the codes have a sign; for
   * activations false.
   */
  symmetric?: boolean;
  /** Which numbers are covered; the others are clipped. Default min-max. */
  range?: Range;
  /** Of activations: a range of their own for each row, found as it comes, in place of one for all from calibration. */
  dynamic?: boolean;
}

/** Integer codes: x ≈ (code − zeroPoint) · scale. */
export class AffineScheme implements WeightScheme {
  readonly name: string;
  /** As it was asked for; what is left open differs between weights and activations. */
  readonly symmetric: boolean | undefined;
  readonly range: Range;
  readonly dynamic: boolean;
  /** The codes of weights. */
  readonly codes: Codes;
  /** One scale for all. */
  readonly whole: boolean;
  private readonly group: number;

  /** @internal */
  constructor(
    name: string,
    readonly bits: Bits,
    readonly signed: boolean,
    options: AffineSchemeOptions,
  ) {
    checkOptions(name, options);
    const { per, group, symmetric, range = minMax(), dynamic = false } = options;
    if (per !== undefined) checkChoice(name, "per", per, ["tensor", "channel"]);
    if (symmetric !== undefined) checkFlag(name, "symmetric", symmetric);
    checkFlag(name, "dynamic", dynamic);
    if (group !== undefined) checkCount(name, "group", group, 1);
    if (group !== undefined && per === "tensor")
      throw new ArgumentError(`${name}: a scale per tensor leaves no groups; give one of both`);
    checkMethods(name, "range", range, "one, such as ranges.percentile(99.9)", "of");
    this.name = name + (group !== undefined ? ` group ${group}` : per === "tensor" ? " per tensor" : "");
    this.whole = per === "tensor";
    this.group = group ?? Number.POSITIVE_INFINITY;
    const low = signed ? -(1 << (bits - 1)) : 0;
    this.codes = { low, high: low + (1 << bits) - 1, symmetric: symmetric ?? (signed && bits > 2) };
    this.symmetric = symmetric;
    this.range = range;
    this.dynamic = dynamic;
  }

  /** Inputs of a row that share a scale. */
  groupOf(w: Tensor): number {
    return Math.max(1, Math.min(this.group, w.shape[1]!));
  }

  /** Scales and zero points, [out, groups] each. */
  grid(w: Tensor): Grid {
    return scope(() => {
      const [rows, columns] = w.shape as [number, number];
      const runs = this.whole ? [reshape(w, [1, rows * columns])] : runsOf(w, this.groupOf(w));
      const grids = runs.map((run) => gridOf(this.range.of(run, this.codes), this.codes));
      const join = (parts: Tensor[]): Tensor<"f32"> =>
        this.whole ? (expand(parts[0]!, [rows, 1]) as Tensor<"f32">) : joinRuns(parts, rows);
      return { scale: join(grids.map((g) => g.scale)), zeroPoint: join(grids.map((g) => g.zeroPoint)) };
    });
  }

  /** The matrix of codes that are known, i32 [out, in]. */
  store(codes: Tensor<"i32">, { scale, zeroPoint }: Grid): QTensor {
    const zeros = this.codes.symmetric ? undefined : zeroPoint;
    return quantized(readTensor(codes), scale, zeros, codes.shape, this.packing(codes));
  }

  pack(w: Tensor): QTensor {
    checkMatrix(this.name, w);
    return scope(() => {
      const { scale, zeroPoint } = this.grid(w);
      return quantizeAffine(w, scale, this.codes.symmetric ? undefined : zeroPoint, this.packing(w));
    });
  }

  fake(w: Tensor): Tensor<"f32"> {
    checkMatrix(this.name, w);
    return scope(() => {
      const { scale, zeroPoint } = this.grid(stopGradient(w));
      return fakeQuantize(w, { ...this.codes, group: this.groupOf(w), scale, zeroPoint });
    });
  }

  private packing(w: Tensor): AffineOptions {
    return { bits: this.bits, signed: this.signed, group: this.groupOf(w) };
  }
}

/**
 * Codes from −128 to 127. A row's largest error is half its scale, max|w| / 127. As `activations` the codes that products of
 * integers read.
 *
 * @throws {ArgumentError} if an option is out of range.
 * @example
 * const small = quantize(model, { weights: int8() });
 */
export function int8(options: AffineSchemeOptions = {}): AffineScheme {
  return new AffineScheme("int8", 8, true, options);
}

/**
 * Codes from 0 to 255, by default from the least to the largest weight of a row.
 *
 * @throws {ArgumentError} if an option is out of range.
 * @example
 * const small = quantize(model, { weights: uint8({ per: "tensor" }) });
 */
export function uint8(options: AffineSchemeOptions = {}): AffineScheme {
  return new AffineScheme("uint8", 8, false, options);
}

/**
 * Codes from −8 to 7, two to a byte.
 *
 * @throws {ArgumentError} if an option is out of range.
 * @example
 * const small = quantize(model, { weights: int4({ group: 32, range: ranges.mse() }) });
 */
export function int4(options: AffineSchemeOptions = {}): AffineScheme {
  return new AffineScheme("int4", 4, true, options);
}

/**
 * Codes from −2 to 1, four to a byte. So few that the model has to be trained with them: see `qat`.
 *
 * @throws {ArgumentError} if an option is out of range.
 * @example
 * const small = quantize(model, { weights: int2({ range: ranges.mse() }) });
 */
export function int2(options: AffineSchemeOptions = {}): AffineScheme {
  return new AffineScheme("int2", 2, true, options);
}
