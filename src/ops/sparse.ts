import { checkChoice, checkOptions, checkScales, said, wrong } from "../check.js";
import { activationCode, type Epilogue } from "../epilogue.js";
import { ArgumentError } from "../errors.js";
import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import { assemble, checkDense, type Format, layOut, Packed, type Section, sectionOf } from "../packed.js";
import { checkMatrixShape, type Shape, show } from "../shape.js";
import { checkUntraced } from "../tape.js";
import { contents, type Tensor, tensor } from "../tensor.js";
import { packedVjp } from "./matmul.js";
import { QTensor } from "./quantized.js";
import { type CodedMatrix, codesOf, roundToCodes, unfit } from "./sparseCodes.js";
import { type Matrix, sparseEncoders } from "./sparseEncoders.js";
import { type Parts, type SparseKind, type SparseLayout, sparseLayouts } from "./sparseLayouts.js";

/** Rows of x that a panel turns: the kernels' constant. */
const panelRows = 16;

function kindOf({ kind }: Format): SparseKind {
  checkChoice("sparse", "layout", kind, Object.keys(sparseLayouts));
  return kind as SparseKind;
}

const layoutOf = (format: Format): SparseLayout => sparseLayouts[kindOf(format)];

/** A matrix [out, in] of which only some weights are stored; `sparse()` makes one. */
export class SparseTensor extends Packed {
  override readonly sections: readonly Section[] = SparseTensor.layout(this.shape, this.format).sections;

  /** @internal */
  static layout(shape: Shape, format: Format): { sections: Section[]; bytes: number } {
    checkMatrixShape("sparse", "the shape", shape);
    return layOut(layoutOf(format).sections(shape[0]!, shape[1]!, format));
  }

  /** @internal */
  static verify(packed: Packed): void {
    const [rows, cols] = packed.shape as [number, number];
    const parts = partsOf(packed);
    layoutOf(packed.format).visit(parts, rows, cols, () => {});
    if (parts.scales === undefined) return;
    checkScales("sparse", parts.scales);
    const bits = packed.format.bits as number;
    const most = 1 << (bits - 1);
    const bad = parts.values.find((code) => code < -most || code >= most);
    if (bad !== undefined) throw wrong("sparse", "a code", bad, `of ${bits} bits`);
    checkDense(packed);
  }

  override dense(): Tensor<"f32"> {
    const [rows, cols] = this.shape as [number, number];
    const data = new Float32Array(rows * cols);
    layoutOf(this.format).visit(partsOf(this), rows, cols, (index, value) => {
      data[index] = value;
    });
    return tensor(data, this.shape);
  }

  override multiply(x: Tensor, { bias, activation }: Epilogue): Tensor<"f32"> {
    return apply(sparseOp, bias === undefined ? [x, this] : [x, this, bias], activation);
  }

  protected override again(held: boolean): Packed {
    return new SparseTensor(this.shape, this.format, this.storage.retain(), held);
  }
}

function partsOf(packed: Packed): Parts {
  const views = { F32: Float32Array, U8: Uint8Array, U16: Uint16Array, I32: Int32Array, I8: Int8Array };
  const read = packed.sections.map((section) => {
    const { buffer } = sectionOf(packed, section);
    return [section.name, new views[section.dtype](buffer as ArrayBuffer)] as const;
  });
  return { starts: new Int32Array(), ...(Object.fromEntries(read) as unknown as Omit<Parts, "starts">) };
}

interface SparsePlan extends OutPlan<"f32"> {
  readonly layout: SparseLayout;
  /** Whether values are codes. */
  readonly coded: boolean;
  /** Offsets of the sections. */
  readonly values: number;
  readonly scales: number;
  readonly places: number;
  readonly starts: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** Columns as the kernels take them. */
  readonly cols: number;
  readonly prepareWork: number;
  /** Whether the rows of x are multiplied one by one. */
  readonly alone: boolean;
  /** Where in scratch, behind the panels, the stage of a batch begins, and where values do that were codes. */
  readonly stage: number;
  readonly decoded: number;
}

/** Inputs: x [m, k], a sparse w [n, k], and maybe a bias [n]. See assembly/panels.ts. */
const sparseOp: Op<Epilogue["activation"], SparsePlan> = {
  name: "sparse matmul",
  infer([x, w]) {
    const { format, shape, sections } = w as SparseTensor;
    const [n, k] = shape as [number, number];
    const m = x!.shape[0]!;
    const layout = layoutOf(format);
    const cols = Math.ceil(k / layout.padding) * layout.padding;
    const alone = m <= layout.few;
    const panels = Math.ceil(m / panelRows);
    const stage = panels * panelRows * cols * 4;
    const decoded = stage + panels * panelRows * Math.ceil(n / 4) * 16;
    const { values, scales, places, starts } = Object.fromEntries(sections.map(({ name, offset }) => [name, offset]));
    const coded = scales !== undefined;
    return {
      shape: [m, n],
      dtype: "f32",
      work: n === 0 || m === 0 ? 0 : alone ? Math.ceil(n / layout.height) : panels,
      prepareWork: alone ? m : panels,
      // Rows alone need a copy only if columns are missing.
      scratch: alone ? (cols > k ? m * cols * 4 : 0) : decoded + (coded ? (format.count as number) * 4 : 0),
      ...{ layout, coded, m, k, n, cols, alone, stage, decoded },
      ...{ values: values!, scales: scales ?? 0, places: places!, starts: starts ?? 0 },
    };
  },
  prepare(kernels, _, [x, w], plan, __, begin, end, scratch) {
    const { coded, alone, m, k, n, cols, decoded, prepareWork, values, scales, starts } = plan;
    if (alone) {
      if (cols > k) kernels.sparse_pad_f32(scratch, x!, k, cols, begin, end);
      return;
    }
    kernels.sparse_panels_f32(scratch, x!, m, k, cols, begin, end);
    if (!coded) return;
    const row = (panel: number): number => Math.floor((n * panel) / prepareWork);
    kernels.csr_values_f32(scratch + decoded, w! + values, w! + scales, w! + starts, row(begin), row(end));
  },
  wasm(kernels, out, [x, w, bias = 0], plan, params, begin, end, scratch) {
    const { layout, coded, alone, m, k, n, cols, stage, decoded } = plan;
    const activation = activationCode[params];
    const [values, places, starts] = [w! + plan.values, w! + plan.places, w! + plan.starts];
    if (!alone) {
      const numbers = coded ? scratch + decoded : values;
      layout.batch(kernels)(scratch + stage, scratch, numbers, places, starts, cols, n, begin, end);
      kernels.sparse_rows_f32(out, scratch + stage, bias, m, n, activation, begin, end);
      return;
    }
    const rows = cols > k ? scratch : x!;
    for (let i = 0; i < m; i++) {
      const [y, row] = [out + i * n * 4, rows + i * cols * 4];
      if (coded) kernels.csr_row_i8(y, row, values, w! + plan.scales, places, starts, bias, activation, begin, end);
      else layout.row(kernels)(y, row, values, places, starts, bias, activation, cols, n, begin, end);
    }
  },
  vjp: packedVjp,
};

export interface SparseOptions {
  /** Default `auto`: the one that takes the fewest bytes. */
  layout?: SparseKind | "auto";
  /** Of codes that stand for the numbers, 2 to 8: csr with a scale for each row. Default: f32, as they are. */
  bits?: number;
}

/**
 * A matrix stored without its zeros, for `matmul(x, sparse(w), { transposeB: true })`.
 *
 * `csr` and `bitmap` store the numbers that are not 0; `block1x4` and `block4x1` blocks of four columns of a row, or of four rows of
 * a column, if they hold such a number; `2:4` and `4:8` two of every four, or four of every eight columns of a row. What is stored is
 * multiplied, by NaN and infinities too, and so is the 0 that csr stores every 255 columns of a gap; what is not stored adds nothing
 * to a sum, whatever it would meet. All are fast for batches; single rows are slower than dense with bitmap, 2:4 and 4:8. `pack`
 * measures what pays.
 *
 * With `bits`, csr stores codes: the nearest multiple, ties to even, of a scale for each row, its largest number over
 * 2^(bits−1) − 1; numbers whose code is 0 are dropped. A quantized w, made by `quantize` or `qat`, keeps its codes, one scale to a row:
 * it stands for the same numbers, to the bit. Products are those of f32 csr with these numbers, to the bit.
 *
 * Error of a product, per element: (k + 1) · 2⁻²⁴ · Σ|x·w|. Unlike in PyTorch, the layouts are not distinct types.
 *
 * @param w f32 [out, in], or quantized.
 * @throws {ShapeError} unless w is a matrix.
 * @throws {ArgumentError} if w cannot be stored so: more of a group are not 0, the layout's indices are too small for its size, a
 *   number that needs a code is not finite, or quantized codes have not one scale to a row.
 * @throws {OutOfMemoryError}
 * @example
 * const w = sparse(tensor([[0, 2, 0], [0, 0, 3]]), { layout: "csr" });
 * const y = matmul(tensor([[1, 10, 100]]), w, { transposeB: true }); // [[20, 300]]
 */
export function sparse(w: Tensor, options: SparseOptions = {}): SparseTensor {
  checkOptions("sparse", options);
  const { layout = "auto", bits } = options;
  const quantized = w instanceof QTensor;
  if (!quantized) checkDType("sparse", "w", w, "f32");
  checkUntraced("sparse", w);
  checkMatrixShape("sparse", "w", w.shape);
  if (!quantized && bits === undefined) return ofNumbers(w, layout);
  if (layout !== "csr" && layout !== "auto")
    throw new ArgumentError(`sparse: codes are stored as csr, not as ${said(layout)}; leave out layout`);
  if (quantized && bits !== undefined)
    throw new ArgumentError(`sparse: w is quantized, to ${w.format.bits} bits; leave out bits`);
  return ofCodes(quantized ? codesOf(w) : roundToCodes(matrixOf(w), bits!));
}

function ofNumbers(w: Tensor, layout: SparseKind | "auto"): SparseTensor {
  const matrix = matrixOf(w);
  const format = layout === "auto" ? storable(matrix)[0]! : sparseEncoders[kindOf({ kind: layout })].formatOf(matrix);
  if (format === undefined)
    throw new ArgumentError(
      `sparse: w ${show(w.shape)} cannot be stored as ${layout}: ` +
        (layout.includes(":") ? "more of a group are not 0" : "it has too many columns"),
    );
  const parts = sparseEncoders[kindOf(format)].encode(matrix, format);
  return assemble(SparseTensor, w.shape, format, { ...parts }) as SparseTensor;
}

function ofCodes(w: CodedMatrix): SparseTensor {
  const format = formatOfCodes(w);
  const { values, ...parts } = sparseEncoders.csr.encode(w, format);
  const codes = { values: Int8Array.from(values), scales: w.scales };
  return assemble(SparseTensor, [w.rows, w.cols], format, { ...parts, ...codes }) as SparseTensor;
}

const formatOfCodes = (w: CodedMatrix): Format => ({ ...sparseEncoders.csr.formatOf(w)!, bits: w.bits });

/** The layouts that can store w, f32 or quantized, and the bytes that they take; the fewest first. */
export function sparseSizes(w: Tensor): { layout: SparseKind; bytes: number }[] {
  const coded = (q: QTensor) => (unfit(q) === undefined ? [formatOfCodes(codesOf(q))] : []);
  return (w instanceof QTensor ? coded(w) : storable(matrixOf(w))).map((format) => ({
    layout: format.kind as SparseKind,
    bytes: SparseTensor.layout(w.shape, format).bytes,
  }));
}

function matrixOf(w: Tensor): Matrix {
  const [rows, cols] = w.shape as [number, number];
  return { data: contents(w) as Float32Array, rows, cols };
}

/** The formats that can store w, the fewest bytes first. */
function storable(w: Matrix): Format[] {
  return Object.values(sparseEncoders)
    .flatMap((encoder) => encoder.formatOf(w) ?? [])
    .map((format) => ({ format, ...SparseTensor.layout([w.rows, w.cols], format) }))
    .sort((a, b) => a.bytes - b.bytes)
    .map(({ format }) => format);
}
