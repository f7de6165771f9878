// Affine codes: how they lie in storage, and the way to them and back.
import { checkChoice, checkCount, checkFlag, checkNumber } from "../check.js";
import { ArgumentError } from "../errors.js";
import { apply, type Op, type OutPlan } from "../op.js";
import { type Format, layOut, type Packed } from "../packed.js";
import { checkMatrixShape, checkShape, type Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** Bits of a code. */
export type Bits = 8 | 4 | 2;

/** What the format of affine codes says; a file holds it too. */
export interface AffineFormat extends Format {
  readonly kind: "affine";
  readonly bits: Bits;
  /** Columns that share a scale and a zero point. */
  readonly group: number;
  /** Whether its maker counts codes from −2^(bits−1). Stored they count from 0 all the same, and so do zero points. */
  readonly signed: boolean;
  /** No zero points are stored: all are 2^(bits−1) as stored, 0 of signed codes. */
  readonly symmetric: boolean;
  /** What products make of their activations first: nothing, or codes of 8 bits. */
  readonly input: "f32" | "dynamic" | "static";
  /** Of static activations; codes from 0 to 255. */
  readonly inputScale?: number;
  readonly inputZeroPoint?: number;
}

/** Sizes of affine codes [out, in], and where they are: bytes from the start of the storage. */
export interface AffineSizes {
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly group: number;
  readonly scalesAt: number;
  /** −1 where there are none. */
  readonly zerosAt: number;
}

/** Bytes of a run of codes. */
const bytesOf = (count: number, bits: number): number => Math.ceil((count * bits) / 8);

/** Bytes of a row of codes: each group begins with a byte. */
export function rowBytes(columns: number, group: number, bits: number): number {
  return Math.floor(columns / group) * bytesOf(group, bits) + bytesOf(columns % group, bits);
}

/** Stored codes, one to an element, as a section holds them. */
export function packCodes(codes: Uint8Array, [rows, columns]: Shape, format: AffineFormat): Uint8Array {
  const bytes = new Uint8Array(rows! * rowBytes(columns!, format.group, format.bits));
  eachCode(columns!, format, codes.length, (i, at, shift) => {
    bytes[at]! |= codes[i]! << shift;
  });
  return bytes;
}

/** The way back. */
export function unpackCodes(bytes: Uint8Array, [rows, columns]: Shape, format: AffineFormat): Uint8Array {
  const codes = new Uint8Array(rows! * columns!);
  const mask = (1 << format.bits) - 1;
  eachCode(columns!, format, codes.length, (i, at, shift) => {
    codes[i] = (bytes[at]! >> shift) & mask;
  });
  return codes;
}

/** The byte of each code and where it begins there. */
function eachCode(
  columns: number,
  { bits, group }: AffineFormat,
  count: number,
  visit: (i: number, at: number, shift: number) => void,
): void {
  const perGroup = bytesOf(group, bits);
  let from = 0;
  for (let i = 0; i < count; ) {
    const length = Math.min(group, columns - (i % columns));
    for (let bit = 0; bit < length * bits; bit += bits) visit(i++, from + (bit >> 3), bit & 7);
    from += length === group ? perGroup : bytesOf(length, bits);
  }
}

/** Most columns of a group whose sum of products with codes of 8 bits is exact in i32. */
export function largestGroup(bits: number): number {
  return Math.floor((2 ** 31 - 1) / (255 * ((1 << bits) - 1)));
}

/** The largest f32. */
export const maxF32 = (2 - 2 ** -23) * 2 ** 127;

/** Guards a format, and says what lies where. @throws {ArgumentError} @throws {ShapeError} */
export function layoutAffine(shape: Shape, format: Format): ReturnType<typeof layOut> {
  const { bits, group, signed, symmetric, input, inputScale, inputZeroPoint } = format as AffineFormat;
  checkShape("affine", shape);
  checkMatrixShape("affine", "the shape", shape);
  const [rows, columns] = shape as [number, number];
  checkChoice("affine", "bits", bits, [8, 4, 2]);
  checkCount("affine", "group", group, 1, Math.max(1, columns));
  checkFlag("affine", "signed", signed);
  checkFlag("affine", "symmetric", symmetric);
  checkChoice("affine", "input", input, ["f32", "dynamic", "static"]);
  if (input === "static") {
    checkNumber("affine", "inputScale", inputScale, 2 ** -149, maxF32);
    checkCount("affine", "inputZeroPoint", inputZeroPoint, 0, 255);
  }
  if (input !== "f32" && group > largestGroup(bits))
    throw new ArgumentError(
      `affine: sums of ${group} products of ${bits} by 8 bits can pass 2³¹; make groups of at most ${largestGroup(bits)} columns`,
    );
  const groups = Math.ceil(columns / group);
  return layOut([
    { name: "codes", dtype: "U8", shape: [rows, rowBytes(columns, group, bits)] },
    { name: "scales", dtype: "F32", shape: [rows, groups] },
    ...(symmetric ? [] : [{ name: "zeroPoints", dtype: "U8", shape: [rows, groups] } as const]),
  ]);
}

/** What kernels are told of a packed matrix. */
export function sizesOf(w: Packed): AffineSizes {
  const { bits, group } = w.format as AffineFormat;
  const [, scales, zeroPoints] = w.sections;
  const [rows, columns] = w.shape as [number, number];
  return { rows, columns, bits, group, scalesAt: scales!.offset, zerosAt: zeroPoints?.offset ?? -1 };
}

/** Pointers to codes, scales and zero points, 0 where there are none. */
export function pointersOf(w: number, { scalesAt, zerosAt }: AffineSizes): [number, number, number] {
  return [w, w + scalesAt, zerosAt === -1 ? 0 : w + zerosAt];
}

/** Inputs: x f32 [out, in], scales f32 [out, groups], maybe zero points u8 [out, groups]; all checked. */
export const quantizeOp: Op<{ readonly bits: Bits; readonly group: number }, OutPlan<"u8"> & { columns: number }> = {
  name: "quantizeAffine",
  infer([x], { bits, group }) {
    const [rows, columns] = x!.shape as [number, number];
    const shape = [rows, rowBytes(columns, group, bits)];
    return { shape, dtype: "u8", work: columns === 0 ? 0 : rows, columns };
  },
  wasm(k, out, [x, scales, zeroPoints], { columns }, { bits, group }, begin, end) {
    k.quantize_affine_f32(out, x!, scales!, zeroPoints ?? 0, columns, group, bits, begin, end);
  },
};

const dequantizeOp: Op<undefined, OutPlan<"f32"> & AffineSizes> = {
  name: "dense",
  infer([w]) {
    const sizes = sizesOf(w as Packed);
    return { ...sizes, shape: w!.shape, dtype: "f32", work: sizes.columns === 0 ? 0 : sizes.rows };
  },
  wasm(k, out, [w], plan, _, begin, end) {
    const { columns, group, bits } = plan;
    k.dequantize_affine_f32(out, ...pointersOf(w!, plan), columns, group, bits, begin, end);
  },
};

/** The f32 numbers that affine codes stand for: (code − zeroPoint) · scale, rounded once. */
export function dequantize(w: Packed): Tensor<"f32"> {
  return apply(dequantizeOp, [w], undefined);
}
