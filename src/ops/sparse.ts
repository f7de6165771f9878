import { checkOptions, said } from "../check.js";
import { activationCode, type Epilogue } from "../epilogue.js";
import { ArgumentError } from "../errors.js";
import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import { assemble, type Format, layOut, Packed, type Section, sectionOf } from "../packed.js";
import { checkMatrixShape, type Shape, show } from "../shape.js";
import { checkUntraced } from "../tape.js";
import { contents, type Tensor, tensor } from "../tensor.js";
import { packedVjp } from "./matmul.js";
import { type Matrix, sparseEncoders } from "./sparseEncoders.js";
import { type Parts, type SparseKind, type SparseLayout, sparseLayouts } from "./sparseLayouts.js";

/** Rows of x that a panel turns: the kernels' constant. */
const panelRows = 16;

function kindOf({ kind }: Format): SparseKind {
  if (!Object.hasOwn(sparseLayouts, kind))
    throw new ArgumentError(
      `sparse: there is no layout ${said(kind)}; there are ${Object.keys(sparseLayouts).join(", ")}`,
    );
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
    layoutOf(packed.format).visit(partsOf(packed), rows, cols, () => {});
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
  readonly format: Format;
  /** Offsets of the sections. */
  readonly values: number;
  readonly places: number;
  readonly starts: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** Columns as the kernels take them. */
  readonly cols: number;
  /** Whether the rows of x are multiplied one by one. */
  readonly alone: boolean;
  /** Where the stage of a batch begins, in scratch, behind the panels. */
  readonly stage: number;
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
    const offset = (name: string): number => sections.find((section) => section.name === name)?.offset ?? 0;
    return {
      shape: [m, n],
      dtype: "f32",
      work: n === 0 || m === 0 ? 0 : alone ? Math.ceil(n / layout.height) : panels,
      prepareWork: alone ? m : panels,
      // Rows alone need a copy only if columns are missing.
      scratch: alone ? (cols > k ? m * cols * 4 : 0) : stage + panels * panelRows * Math.ceil(n / 4) * 16,
      ...{ layout, format, m, k, n, cols, alone, stage },
      ...{ values: offset("values"), places: offset("places"), starts: offset("starts") },
    };
  },
  prepare(kernels, _, [x, w], plan, __, begin, end, scratch) {
    const { layout, alone, m, k, n, cols, stage } = plan;
    if (alone) {
      if (cols > k) kernels.sparse_pad_f32(scratch, x!, k, cols, begin, end);
      return;
    }
    kernels.sparse_panels_f32(scratch, x!, m, k, cols, begin, end);
    layout.batch(kernels, { ...at(w!, plan), rows: n, stage: scratch + stage, panels: scratch }, begin, end);
  },
  wasm(kernels, out, [x, w, bias = 0], plan, params, begin, end, scratch) {
    const { layout, alone, m, k, n, cols, stage } = plan;
    const activation = activationCode[params];
    if (!alone) {
      kernels.sparse_rows_f32(out, scratch + stage, bias, m, n, activation, begin, end);
      return;
    }
    const rows = cols > k ? scratch : x!;
    for (let i = 0; i < m; i++) {
      const of = { ...at(w!, plan), rows: n, bias, activation, out: out + i * n * 4, x: rows + i * cols * 4 };
      layout.row(kernels, of, begin, end);
    }
  },
  vjp: packedVjp,
};

function at(w: number, { cols, format, values, places, starts }: SparsePlan) {
  return { cols, format, values: w + values, places: w + places, starts: w + starts };
}

export interface SparseOptions {
  /** Default `auto`: the one that takes the fewest bytes. */
  layout?: SparseKind | "auto";
}

/**
 * A matrix stored without its zeros, for `matmul(x, sparse(w), { transposeB: true })`.
 *
 * `csr` and `bitmap` store the numbers that are not 0; `block1x4` and `block4x1` blocks of four columns of a row, or of four rows of
 * a column, if they hold such a number; `2:4` and `4:8` two of every four, or four of every eight columns of a row. What is stored is
 * multiplied, by NaN and infinities too; what is not stored adds nothing to a sum, whatever it would meet. All are fast for batches;
 * single rows are slower than dense with bitmap, 2:4 and 4:8. `pack` measures what pays.
 *
 * Error of a product, per element: (k + 1) · 2⁻²⁴ · Σ|x·w|. Unlike in PyTorch, the layouts are not distinct types.
 *
 * @param w f32 [out, in].
 * @throws {ShapeError} unless w is a matrix.
 * @throws {ArgumentError} if w cannot be stored so: more of a group are not 0, or the layout's indices are too small for its size.
 * @throws {OutOfMemoryError}
 * @example
 * const w = sparse(tensor([[0, 2, 0], [0, 0, 3]]), { layout: "csr" });
 * const y = matmul(tensor([[1, 10, 100]]), w, { transposeB: true }); // [[20, 300]]
 */
export function sparse(w: Tensor, options: SparseOptions = {}): SparseTensor {
  checkOptions("sparse", options);
  const { layout = "auto" } = options;
  checkDType("sparse", "w", w, "f32");
  checkUntraced("sparse", w);
  checkMatrixShape("sparse", "w", w.shape);
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

/** The layouts that can store w, and the bytes that they take; the fewest first. */
export function sparseSizes(w: Tensor): { layout: SparseKind; bytes: number }[] {
  return storable(matrixOf(w)).map((format) => ({
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
