import { checkChoice, checkFlag } from "../check.js";
import { activationCode, type Epilogue } from "../epilogue.js";
import { ArgumentError } from "../errors.js";
import { apply, applyInPlace, type Op, type OutPlan } from "../op.js";
import { type Format, layOut, Packed, type Section, sectionOf } from "../packed.js";
import { Storage } from "../runtime/heap.js";
import { checkMatrixShape, type Shape } from "../shape.js";
import { checkUntraced } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { mul } from "./binary.js";
import { packedVjp } from "./matmul.js";
import { mean } from "./reduce.js";
import { abs, signGrad } from "./unary.js";

/** Rows of a panel of codes. */
const panelRows = 16;
/** Most weights of a row that meet signs: their mismatches are counted in 16 bits. */
const maxSigns = 65535;

/** How a matrix of bits is stored, and what it multiplies with. */
export type BitFormat =
  | {
      readonly kind: "binary";
      /** `sign`: rows of x are made signs as well, and the product counts bits. */
      readonly input: "f32" | "sign";
      /** Signs of x count mean |x| of their row, not 1. */
      readonly scaled: boolean;
    }
  | { readonly kind: "ternary" };

/** What kernels are told of a matrix of bits. */
interface Layout {
  readonly sections: readonly Section[];
  /** Bytes in all. */
  readonly bytes: number;
  /** Bytes of codes to a row. */
  readonly rowBytes: number;
  readonly panels: number;
  /** Weights to a byte of codes. */
  readonly perByte: 4 | 8;
  /** Bytes from the start to the scales. */
  readonly scalesAt: number;
}

function layoutOf([rows, cols]: Shape, { kind }: BitFormat): Layout {
  const perByte = kind === "ternary" ? 4 : 8;
  const panels = Math.ceil(rows! / panelRows);
  const rowBytes = Math.ceil(cols! / perByte);
  const { sections, bytes } = layOut([
    { name: "codes", dtype: "U8", shape: [panels, rowBytes, panelRows] },
    { name: "scales", dtype: "F32", shape: [rows!] },
  ]);
  return { sections, bytes, rowBytes, panels, perByte, scalesAt: sections[1]!.offset };
}

/** The format as far as it may come from a file. @throws {ArgumentError} */
function checkFormat(shape: Shape, format: Format): BitFormat {
  const { kind, input, scaled } = format as Extract<BitFormat, { kind: "binary" }>;
  const who = `${kind} weights`;
  checkMatrixShape(who, "the shape", shape);
  if (format.kind === "ternary") return { kind: "ternary" };
  checkChoice(who, "input", input, ["f32", "sign"]);
  checkFlag(who, "scaled", scaled);
  if (input === "sign" && shape[1]! > maxSigns)
    throw new ArgumentError(
      `${who}: rows of ${shape[1]} meet signs; at most ${maxSigns} are counted, take input "f32"`,
    );
  return { kind, input, scaled };
}

/** A matrix [out, in] of −1 and 1, or of −1, 0 and 1, times a scale for each row. */
export class BitTensor extends Packed {
  declare readonly format: BitFormat;

  static layout(shape: Shape, format: Format): Layout {
    return layoutOf(shape, checkFormat(shape, format));
  }

  static verify(packed: Packed): void {
    const { shape, format } = packed as BitTensor;
    const { rowBytes, perByte } = layoutOf(shape, format);
    const [rows, cols] = shape as [number, number];
    const [codes, scales] = packed.sections.map((section) => sectionOf(packed, section)) as [Uint8Array, Uint8Array];
    for (const [row, scale] of new Float32Array(scales.buffer).entries())
      if (!(scale >= 0 && scale < Number.POSITIVE_INFINITY))
        throw new ArgumentError(`${format.kind} weights: scale ${row} is ${scale}; scales are finite, from 0`);
    const bits = 8 / perByte;
    for (const [at, byte] of codes.entries()) {
      const row = Math.floor(at / (rowBytes * panelRows)) * panelRows + (at % panelRows);
      const held = row < rows ? cols - (Math.floor(at / panelRows) % rowBytes) * perByte : 0;
      const stray = held < perByte && byte >> (held * bits) !== 0;
      // Of two bits, 10 would be −2.
      if (stray || (format.kind === "ternary" && ((byte >> 1) & ~byte & 0x55) !== 0))
        throw new ArgumentError(
          `${format.kind} weights: code byte ${at} is ${byte}, which ${stray ? "holds weights past the last" : "has a code of −2"}`,
        );
    }
  }

  get sections(): readonly Section[] {
    return layoutOf(this.shape, this.format).sections;
  }

  dense(): Tensor<"f32"> {
    return apply(denseOp, [this], { scaled: true });
  }

  /** The codes alone: f32 [out, in] of −1, 0 and 1. */
  codes(): Tensor<"f32"> {
    return apply(denseOp, [this], { scaled: false });
  }

  multiply(x: Tensor, { bias, activation }: Epilogue): Tensor<"f32"> {
    return apply(productOp, bias === undefined ? [x, this] : [x, this, bias], activation);
  }

  protected again(held: boolean): BitTensor {
    return new BitTensor(this.shape, this.format, this.storage.retain(), held);
  }
}

interface DensePlan extends OutPlan<"f32"> {
  readonly layout: Layout;
}

const denseOp: Op<{ scaled: boolean }, DensePlan> = {
  name: "dense",
  infer([w]) {
    const { shape, format } = w as BitTensor;
    return { shape, dtype: "f32", work: shape[0]!, layout: layoutOf(shape, format) };
  },
  wasm(k, out, [w], { shape, layout }, { scaled }, begin, end) {
    const { rowBytes, perByte, scalesAt } = layout;
    k.bits_dense_f32(out, w!, scaled ? w! + scalesAt : 0, shape[1]!, rowBytes, perByte, begin, end);
  },
};

interface ProductPlan extends OutPlan<"f32"> {
  readonly format: BitFormat;
  readonly layout: Layout;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** Inputs: x [m, k], w [n, k] of bits, and maybe a bias. */
const productOp: Op<Epilogue["activation"], ProductPlan> = {
  name: "matmul",
  infer([x, w]) {
    const { shape, format } = w as BitTensor;
    const [n, k] = shape as [number, number];
    const m = x!.shape[0]!;
    const layout = layoutOf(shape, format);
    // 128 bytes of tables for each byte of codes: to a row of x, or to 4 rows of signs and a vector of their factors.
    const blocks = meetsSigns(format) ? Math.ceil(m / 4) : m;
    const scratch = Math.max(16, blocks * (layout.rowBytes * 128 + (meetsSigns(format) ? 16 : 0)));
    return {
      shape: [m, n],
      dtype: "f32",
      work: n === 0 ? 0 : m,
      prepareWork: blocks,
      scratch,
      format,
      layout,
      m,
      k,
      n,
    };
  },
  prepare(kernels, _, [x], { format, layout: { rowBytes, perByte }, m, k }, __, begin, end, scratch) {
    if (meetsSigns(format)) kernels.bits_mismatches_f32(scratch, x!, m, k, rowBytes, format.scaled, begin, end);
    else kernels.bits_sums_f32(scratch, x!, k, rowBytes, perByte, begin, end);
  },
  wasm(kernels, out, [, w, bias], { format, layout, k, n }, activation, begin, end, scratch) {
    const { rowBytes, scalesAt } = layout;
    const [scales, code] = [w! + scalesAt, activationCode[activation]];
    if (meetsSigns(format))
      kernels.matmul_sign_bits(out, scratch, w!, scales, bias ?? 0, k, n, rowBytes, code, begin, end);
    else kernels.matmul_f32_bits(out, scratch, w!, scales, bias ?? 0, n, rowBytes, code, begin, end);
  },
  vjp(g, of) {
    const [toX, , toBias] = packedVjp(g, of);
    const { format } = of.plan;
    if (toX === undefined || !meetsSigns(format)) return [toX, undefined, toBias];
    const [x] = of.inputs;
    const scaled = format.scaled ? mul(toX, mean(abs(x!), { axes: 1, keepDims: true })) : toX;
    return [signGrad(scaled, x!), undefined, toBias];
  },
};

function meetsSigns(format: BitFormat): format is Extract<BitFormat, { kind: "binary" }> {
  return format.kind === "binary" && format.input === "sign";
}

/** What rounding reads besides w: for each row the magnitude above which a weight counts (below 0: all do), and the scale. */
export interface BitScales {
  /** f32 [out] */
  readonly thresholds: Tensor;
  /** f32 [out] */
  readonly scales: Tensor;
}

const roundOp: Op<undefined, OutPlan<"f32">> = {
  name: "roundToBits",
  infer: ([w]) => ({ shape: w!.shape, dtype: "f32", work: w!.shape[0]! }),
  wasm(k, out, [w, thresholds, scales], { shape }, _, begin, end) {
    k.bits_round_f32(out, w!, thresholds!, scales!, shape[1]!, begin, end);
  },
  vjp: (g) => [g],
};

/** The numbers that `packBits` would store, with the gradient going straight through to w. */
export function roundToBits(w: Tensor, { thresholds, scales }: BitScales): Tensor<"f32"> {
  return apply(roundOp, [w, thresholds, scales], undefined);
}

interface PackPlan extends OutPlan {
  readonly layout: Layout;
}

/** In place on the packed matrix; inputs: w, thresholds, scales. */
const packOp: Op<undefined, PackPlan> = {
  name: "packBits",
  infer([packed]) {
    const { shape, format } = packed as BitTensor;
    const layout = layoutOf(shape, format);
    return { shape, dtype: "u8", work: layout.panels, layout };
  },
  wasm(k, out, [w, thresholds, scales], { shape, layout: { rowBytes, perByte, scalesAt } }, _, begin, end) {
    const [rows, cols] = shape as [number, number];
    k.bits_pack_f32(out, w!, thresholds!, scales!, rows, cols, rowBytes, scalesAt, perByte, begin, end);
  },
};

/**
 * w, f32 [out, in] and finite, as signs times scales.
 *
 * @throws {ArgumentError} if the format does not suit.
 * @throws {OutOfMemoryError}
 */
export function packBits(w: Tensor, { thresholds, scales }: BitScales, format: BitFormat): BitTensor {
  checkUntraced(format.kind, w);
  const { bytes } = BitTensor.layout(w.shape, format);
  const packed = new BitTensor(w.shape, format, new Storage(bytes));
  try {
    applyInPlace(packOp, packed, [w, thresholds, scales], undefined);
  } catch (error) {
    packed.dispose();
    throw error;
  }
  return packed;
}
