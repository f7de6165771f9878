// Floats of 8 and 16 bits. Rounding is to the nearest, ties to even, in one step from f32; subnormals are kept; NaN stays NaN.
import { checkScales, said } from "../check.js";
import type { Epilogue } from "../epilogue.js";
import { ArgumentError } from "../errors.js";
import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import { assemble, checkDense, type Format, layOut, Packed, type Section, sectionOf } from "../packed.js";
import { scope } from "../scope.js";
import { checkMatrixShape, type Shape, sizeOf } from "../shape.js";
import { checkUntraced } from "../tape.js";
import { readTensor, type Tensor } from "../tensor.js";
import { div, mul } from "./binary.js";
import { reshape } from "./layout.js";
import { denseProduct } from "./matmul.js";

/** Which float: of 16 bits f16 (IEEE 754) and bf16, of 8 bits (Micikevicius et al. 2022) e4m3fn and e5m2. */
export type FloatType = "f16" | "bf16" | "e4m3fn" | "e5m2";

interface FloatLayout {
  readonly exponent: number;
  readonly mantissa: number;
  /** Without infinities: the topmost code alone is NaN. 0 or 1, as kernels take it. */
  readonly finite: 0 | 1;
  /** The largest finite value. */
  readonly top: number;
}

/** A map, so that a name from a file is only ever data. */
const layouts: ReadonlyMap<unknown, FloatLayout> = /* @__PURE__ */ new Map<FloatType, FloatLayout>([
  ["f16", { exponent: 5, mantissa: 10, finite: 0, top: 65504 }],
  ["bf16", { exponent: 8, mantissa: 7, finite: 0, top: 3.3895313892515355e38 }],
  ["e4m3fn", { exponent: 4, mantissa: 3, finite: 1, top: 448 }],
  ["e5m2", { exponent: 5, mantissa: 2, finite: 0, top: 57344 }],
]);

/** @throws {ArgumentError} if there is no such float. */
export function floatLayout(who: string, type: unknown): FloatLayout {
  const found = layouts.get(type);
  if (found === undefined)
    throw new ArgumentError(`${who}: ${said(type)} is no float; there are ${[...layouts.keys()].join(", ")}`);
  return found;
}

const bytesOf = ({ exponent, mantissa }: FloatLayout): number => (1 + exponent + mantissa) / 8;

const encodeOp: Op<FloatLayout & { readonly saturate: boolean }, OutPlan<"u8">> = {
  name: "encodeFloats",
  infer([x], layout) {
    checkDType("encodeFloats", "x", x!, "f32");
    return { shape: [...x!.shape, bytesOf(layout)], dtype: "u8", work: x!.size };
  },
  wasm(k, out, [x], _, { exponent, mantissa, finite, saturate }, begin, end) {
    k.float_encode_f32(out, x!, exponent, mantissa, finite, saturate ? 1 : 0, begin, end);
  },
};

/** Inputs: codes u8 [count, bytes], or a FloatTensor, whose scales lie `scaleAt` bytes from its start. */
const decodeOp: Op<FloatLayout & { readonly shape: Shape; readonly scaleAt?: number }, OutPlan<"f32">> = {
  name: "decodeFloats",
  infer: (_, { shape }) => ({ shape, dtype: "f32", work: sizeOf(shape) === 0 ? 0 : (shape[0] ?? 1) }),
  wasm(k, out, [codes], { shape, work }, { exponent, mantissa, finite, scaleAt = 0 }, begin, end) {
    const scale = scaleAt && codes! + scaleAt;
    k.float_decode_f32(out, codes!, scale, sizeOf(shape) / work, exponent, mantissa, finite, begin, end);
  },
};

/**
 * The codes of x, u8 [...shape, bytes], low byte first. Beyond the largest value: infinity, NaN where there is none, or with
 * `saturate` the largest value, for infinities too.
 */
export function encodeFloats(x: Tensor, type: FloatType, options: { saturate?: boolean } = {}): Tensor<"u8"> {
  return apply(encodeOp, [x], { ...floatLayout("encodeFloats", type), saturate: options.saturate ?? false });
}

/** The numbers, f32 [...], that codes u8 [..., bytes] stand for. */
export function decodeFloats(codes: Tensor, type: FloatType): Tensor<"f32"> {
  checkDType("decodeFloats", "codes", codes, "u8");
  return apply(decodeOp, [codes], { ...floatLayout("decodeFloats", type), shape: codes.shape.slice(0, -1) });
}

/** A matrix stored as floats of 8 or 16 bits, those of 8 with a scale to each row: value = scale · float. */
export class FloatTensor extends Packed {
  static layout(shape: Shape, { type }: Format) {
    checkMatrixShape("float", "the shape", shape);
    const [rows, cols] = shape as [number, number];
    const narrow = bytesOf(floatLayout("float", type)) === 1;
    return layOut([
      { name: "codes", dtype: narrow ? "U8" : "U16", shape: [rows, cols] },
      ...(narrow ? [{ name: "scale", dtype: "F32", shape: [rows] } as const] : []),
    ]);
  }

  static verify(packed: Packed): void {
    const [, scale] = packed.sections;
    if (scale !== undefined) checkScales("float", new Float32Array(sectionOf(packed, scale).buffer));
    checkDense(packed);
  }

  get sections(): Section[] {
    return FloatTensor.layout(this.shape, this.format).sections;
  }

  dense(): Tensor<"f32"> {
    return apply(decodeOp, [this], { ...this.coding, shape: this.shape });
  }

  multiply(x: Tensor, epilogue: Epilogue): Tensor<"f32"> {
    return scope(() => denseProduct(x, this.dense(), epilogue));
  }

  protected again(held: boolean): Packed {
    return new FloatTensor(this.shape, this.format, this.storage.retain(), held);
  }

  private get coding(): FloatLayout & { readonly scaleAt: number } {
    return { ...floatLayout("float", this.format.type), scaleAt: this.sections[1]?.offset ?? 0 };
  }
}

/** w over its scales, f32 [out, in]; `scale` [out] is for floats of 8 bits. */
function unitsOf(w: Tensor, scale: Tensor | undefined): Tensor {
  return scale === undefined ? w : div(w, reshape(scale, [scale.size, 1]));
}

/** w [out, in] as floats of that type, each row over its scale. What lies beyond the largest becomes it. */
export function packFloats(w: Tensor, type: FloatType, scale?: Tensor<"f32">): FloatTensor {
  checkUntraced(type, w);
  return scope(() => {
    const codes = readTensor(encodeFloats(unitsOf(w, scale), type, { saturate: true }));
    const parts = scale === undefined ? { codes } : { codes, scale: readTensor(scale) };
    return assemble(FloatTensor, w.shape, { kind: "float", type }, parts) as FloatTensor;
  });
}

/** The numbers that `packFloats` stores. */
export function roundFloats(w: Tensor, type: FloatType, scale?: Tensor<"f32">): Tensor<"f32"> {
  return scope(() => {
    const units = decodeFloats(encodeFloats(unitsOf(w, scale), type, { saturate: true }), type);
    return scale === undefined ? units : mul(units, reshape(scale, [scale.size, 1]));
  });
}
