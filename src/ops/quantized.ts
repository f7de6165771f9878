import { checkNumbers, checkOptions, checkScales, said, wrong } from "../check.js";
import type { Epilogue } from "../epilogue.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { apply, checkDType } from "../op.js";
import { assemble, checkDense, type Format, Packed, type Section, sectionOf } from "../packed.js";
import type { Storage } from "../runtime/heap.js";
import { scope } from "../scope.js";
import { checkMatrixShape, checkShape, type Shape, show, sizeOf } from "../shape.js";
import { checkUntraced } from "../tape.js";
import { contents, readTensor, Tensor, tensor } from "../tensor.js";
import {
  type AffineFormat,
  type Bits,
  dequantize,
  layoutAffine,
  maxF32,
  packCodes,
  quantizeOp,
  unpackCodes,
} from "./affine.js";
import { integerMatmulOp, weightOnlyMatmulOp } from "./quantMatmul.js";
import { integerMatvecOp, weightOnlyMatvecOp } from "./quantMatvec.js";

/**
 * How a product reads its activations: "f32", as they are; "dynamic", as codes of 8 bits with a scale and zero point of each row;
 * or with those given, found by calibration: codes from 0 to 255.
 */
export type Activations = "f32" | "dynamic" | { readonly scale: number; readonly zeroPoint: number };

export interface AffineOptions {
  bits: Bits;
  /** Columns that share a scale and a zero point; the last group may be short. Default: the whole row. */
  group?: number | undefined;
  /** Codes count from −2^(bits−1), else from 0. Default true. */
  signed?: boolean | undefined;
  /** Default "f32". */
  input?: Activations | undefined;
}

/** A number for each row and group, [out, groups], or one for all. */
export type PerGroup = number | ArrayLike<number> | Tensor;

/**
 * A matrix [out, in] as affine codes of 8, 4 or 2 bits: x ≈ (code − zeroPoint) · scale. Made by `quantizeAffine` and `quantized`.
 * Stored are unsigned codes, low bits first, each group from a byte of its own.
 *
 * Products with f32 activations err by (in + 4) · 2⁻²⁴ · Σ|x·w| per element. With activations in codes of 8 bits, a group's sum is exact
 * in integers; then, in f32, it is scaled and added to those before it, and the total scaled by the row's. The bits are the same for any
 * number of rows. NaN among the activations, or an infinity that no given scale clips, makes its row NaN; so does, of a dynamic scale,
 * a range that f32 does not hold.
 */
export class QTensor extends Packed {
  declare readonly format: AffineFormat;
  readonly sections: readonly Section[];

  /** @internal */
  constructor(shape: Shape, format: Format, storage: Storage, held = false) {
    super(shape, format, storage, held);
    this.sections = layoutAffine(shape, format).sections;
  }

  static layout(shape: Shape, format: Format): ReturnType<typeof layoutAffine> {
    return layoutAffine(shape, format);
  }

  static verify(packed: Packed): void {
    const { format, shape, sections } = packed as QTensor;
    const [codes, scales, zeroPoints] = sections as [Section, Section, Section?];
    const steps = new Float32Array(sectionOf(packed, scales).buffer);
    checkScales("affine", steps);
    const most = (1 << format.bits) - 1;
    if (steps.some((scale) => scale > maxF32 / most)) checkDense(packed);
    const over = zeroPoints === undefined ? -1 : sectionOf(packed, zeroPoints).findIndex((zero) => zero > most);
    if (over !== -1) throw new ArgumentError(`affine: zero point [${over}] does not fit ${format.bits} bits`);
    const { bits, group } = format;
    if ((group * bits) % 8 === 0 && (shape[1]! * bits) % 8 === 0) return;
    const bytes = sectionOf(packed, codes);
    const again = packCodes(unpackCodes(bytes, shape, format), shape, format);
    if (again.some((byte, i) => byte !== bytes[i]))
      throw new ArgumentError("affine: the bits after the last code of a group must be 0");
  }

  /** The codes as their maker counts them, row by row. */
  codes(): Int8Array | Uint8Array {
    const codes = unpackCodes(sectionOf(this, this.sections[0]!), this.shape, this.format);
    const least = leastCode(this.format);
    for (let i = 0; i < codes.length; i++) codes[i]! += least;
    return this.format.signed ? new Int8Array(codes.buffer) : codes;
  }

  /** The scales, [out, groups]. */
  scales(): Float32Array {
    return new Float32Array(sectionOf(this, this.sections[1]!).buffer);
  }

  /** The zero points as their maker counts codes, [out, groups]. */
  zeroPoints(): Int32Array {
    const [, scales, zeroPoints] = this.sections;
    const least = leastCode(this.format);
    if (zeroPoints === undefined)
      return new Int32Array(sizeOf(scales!.shape)).fill((1 << (this.format.bits - 1)) + least);
    return Int32Array.from(sectionOf(this, zeroPoints), (zero) => zero + least);
  }

  /** The same codes, sharing storage, for products that read their activations so. */
  reading(input: Activations): QTensor {
    void this.pointer;
    const { kind, bits, group, signed, symmetric } = this.format;
    const format = { kind, bits, group, signed, symmetric, ...inputFormat(input) } as AffineFormat;
    layoutAffine(this.shape, format);
    return new QTensor(this.shape, format, this.storage.retain());
  }

  dense(): Tensor<"f32"> {
    return dequantize(this);
  }

  /** @internal */
  multiply(x: Tensor, { bias, activation }: Epilogue): Tensor<"f32"> {
    const inputs = bias === undefined ? [x, this] : [x, this, bias];
    const [m, k] = x.shape as [number, number];
    const { input, group } = this.format;
    // From how many rows on panels pay was measured. Kernels of few rows want something to multiply.
    if (input === "f32" || k === 0)
      return m <= 3 && k > 0
        ? apply(weightOnlyMatvecOp, inputs, activation)
        : apply(weightOnlyMatmulOp, inputs, activation);
    return m <= (group < 128 ? 6 : 16) || this.shape[0]! < 8
      ? apply(integerMatvecOp, inputs, activation)
      : apply(integerMatmulOp, inputs, activation);
  }

  /** @internal */
  protected again(held: boolean): QTensor {
    return new QTensor(this.shape, this.format, this.storage.retain(), held);
  }
}

/** What a stored code of 0 is to its maker. */
function leastCode({ bits, signed }: Pick<AffineFormat, "bits" | "signed">): number {
  return signed ? -(1 << (bits - 1)) : 0;
}

function inputFormat(input: Activations): Pick<AffineFormat, "input" | "inputScale" | "inputZeroPoint"> {
  if (typeof input === "string") return { input };
  checkOptions("affine: input", input);
  const { scale, zeroPoint } = input;
  return {
    input: "static",
    inputScale: typeof scale === "number" ? Math.fround(scale) : scale,
    inputZeroPoint: zeroPoint,
  };
}

/** Numbers for each row and group, as an array. */
function spread(name: string, given: PerGroup, [rows, groups]: Shape): ArrayLike<number> {
  const count = rows! * groups!;
  if (typeof given === "number") return new Float64Array(count).fill(given);
  if (given instanceof Tensor) checkUntraced(`affine: ${name}`, given);
  const values = given instanceof Tensor ? (readTensor(given) as ArrayLike<number>) : given;
  if (values?.length !== count)
    throw new ShapeError(
      `affine: ${name} has ${values?.length ?? said(values)} numbers; it needs one for each of ${rows} rows × ${groups} groups`,
    );
  return values;
}

/** The sections besides the codes, checked. */
function partsOf(format: AffineFormat, shape: Shape, scales: PerGroup, zeroPoints: PerGroup | undefined) {
  const { sections } = layoutAffine(shape, format);
  const size = sections[1]!.shape;
  const steps = Float32Array.from(spread("scales", scales, size));
  checkScales("affine", steps);
  if (zeroPoints === undefined) return { scales: steps };
  const zeros = Array.from(spread("zeroPoints", zeroPoints, size));
  return { scales: steps, zeroPoints: stored("zero point", zeros, format) };
}

/** Codes or zero points as they are stored, counted from 0. */
function stored(name: string, values: ArrayLike<number>, format: AffineFormat): Uint8Array {
  const least = leastCode(format);
  const most = least + (1 << format.bits) - 1;
  const counted = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isInteger(value) || value < least || value > most)
      throw wrong("affine", `${name} [${i}]`, value, `an integer from ${least} to ${most}`);
    counted[i] = value - least;
  }
  return counted;
}

function formatOf([, columns]: Shape, symmetric: boolean, options: AffineOptions): AffineFormat {
  checkOptions("affine", options);
  const { bits, group = Math.max(1, columns!), signed = true, input = "f32" } = options;
  return { kind: "affine", bits, group, signed, symmetric, ...inputFormat(input) };
}

/**
 * Rounds a matrix to affine codes with the given scales and zero points: code = clip(round(w / scale) + zeroPoint), ties to even.
 * Each number is at most scale / 2 from what the code stands for, unless it was clipped.
 *
 * @param w f32 [out, in], finite.
 * @param scales for each row and group, [out, groups], groups = in / group rounded up; or one for all. Finite, above 0.
 * @param zeroPoints codes that stand for 0; left out, the middle: 0 of signed codes, 2^(bits−1) of unsigned ones.
 * @throws {ArgumentError} if w, a scale or a zero point is out of range, or an option is.
 * @throws {ShapeError} if w is no matrix, or scales or zero points are not as many.
 * @example
 * const w = quantizeAffine(tensor([[0.5, -1, 0.26]]), 0.25, undefined, { bits: 4 });
 * const y = w.dense(); // [[0.5, -1, 0.25]]
 */
export function quantizeAffine(
  w: Tensor,
  scales: PerGroup,
  zeroPoints: PerGroup | undefined,
  options: AffineOptions,
): QTensor {
  checkDType("quantizeAffine", "w", w, "f32");
  checkUntraced("quantizeAffine", w);
  checkMatrixShape("quantizeAffine", "w", w.shape);
  checkNumbers("quantizeAffine", "w", contents(w) as Float32Array);
  const { shape } = w;
  const format = formatOf(shape, zeroPoints === undefined, options);
  const parts = partsOf(format, shape, scales, zeroPoints);
  return scope(() => {
    const zeros = parts.zeroPoints === undefined ? [] : [tensor(parts.zeroPoints)];
    const codes = apply(quantizeOp, [w, tensor(parts.scales), ...zeros], format);
    return assemble(QTensor, shape, format, { ...parts, codes: readTensor(codes) }) as QTensor;
  });
}

/**
 * A matrix of affine codes that are known already.
 *
 * @param codes row by row, from −2^(bits−1) to 2^(bits−1) − 1, or from 0 to 2^bits − 1 if not signed.
 * @param scales as in `quantizeAffine`.
 * @param zeroPoints as in `quantizeAffine`.
 * @param shape [out, in]
 * @throws {ArgumentError} if a code, scale, zero point or option is out of range.
 * @throws {ShapeError} if the shape is no matrix's, or codes, scales or zero points are not as many.
 * @example
 * const w = quantized([1, -2, 3, 0], [0.5, 2], undefined, [2, 2], { bits: 8 });
 * const y = matmul(tensor([[1, 1]]), w, { transposeB: true }); // [[-0.5, 6]]
 */
export function quantized(
  codes: ArrayLike<number>,
  scales: PerGroup,
  zeroPoints: PerGroup | undefined,
  shape: Shape,
  options: AffineOptions,
): QTensor {
  checkShape("quantized", shape);
  checkMatrixShape("quantized", "the shape", shape);
  if (codes?.length !== sizeOf(shape))
    throw new ShapeError(
      `quantized: ${codes?.length ?? said(codes)} codes for ${show(shape)}; it needs ${sizeOf(shape)}`,
    );
  const format = formatOf(shape, zeroPoints === undefined, options);
  const parts = partsOf(format, shape, scales, zeroPoints);
  const bytes = packCodes(stored("code", codes, format), shape, format);
  return assemble(QTensor, [...shape], format, { ...parts, codes: bytes }) as QTensor;
}
