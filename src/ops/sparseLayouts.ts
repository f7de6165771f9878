// How a sparse matrix [rows, cols] can be stored, and the kernels that read it so; sparseEncoders.ts has the way there. Up to three
// sections: the stored `values` in the order of rows (or fours of rows) and columns, their `places`, and where each row `starts`.
import { checkCount } from "../check.js";
import { ArgumentError } from "../errors.js";
import type { Format, Section } from "../packed.js";
import type { Kernels } from "../runtime/kernels.js";

/** The sections' contents. */
export interface Parts {
  readonly values: Float32Array | Int8Array;
  /** Of codes, one to a row. */
  readonly scales?: Float32Array;
  readonly places: Uint8Array | Uint16Array;
  /** Row i has the values, or blocks, from starts[i] to starts[i + 1]; empty where all rows have as many. */
  readonly starts: Int32Array;
}

export interface SparseLayout {
  /** The kernels take columns up to a multiple of this. */
  readonly padding: number;
  /** Rows that share their places: what the row kernel counts. */
  readonly height: number;
  /** Up to so many rows of x are multiplied one by one: a panel takes as long as a few more. */
  readonly few: number;
  /** @throws {ArgumentError} if the format makes no sense for the size. */
  sections(rows: number, cols: number, format: Format): Omit<Section, "offset">[];
  /** Every stored value and its index in the matrix. @throws {ArgumentError} if a place is out of order or out of range. */
  visit(parts: Parts, rows: number, cols: number, keep: (index: number, value: number) => void): void;
  /** Panels of x times all rows, see assembly/panels.ts. */
  batch(k: Kernels): Kernels["csr_f32"];
  /** One row of x times rows [begin, end), in `height`s. */
  row(k: Kernels): Kernels["csr_row_f32"];
}

/** Bits to a word of a bitmap. */
export const word = 64;

const starts = (rows: number): Omit<Section, "offset"> => ({ name: "starts", dtype: "I32", shape: [rows + 1] });
export const up = (size: number, multiple: number): number => Math.ceil(size / multiple) * multiple;

function wrong(kind: string, row: number, what: string): ArgumentError {
  return new ArgumentError(`sparse ${kind}: row ${row}: ${what}`);
}

function checkStarts(kind: string, starts: Int32Array, count: number): void {
  for (let i = 1; i < starts.length; i++)
    if (starts[i]! < starts[i - 1]!) throw wrong(kind, i - 1, `it starts at ${starts[i - 1]} and ends at ${starts[i]}`);
  if (starts[0] !== 0 || starts.at(-1) !== count)
    throw new ArgumentError(`sparse ${kind}: rows go from ${starts[0]} to ${starts.at(-1)}, not from 0 to ${count}`);
}

/**
 * Each weight comes with its distance in columns from the one before it in its row, or from column 0, in a byte: where that is not
 * enough, 0 is stored on the way. Weights are f32 or, where the format has `bits`, codes with a scale for each row.
 */
const csr: SparseLayout = {
  padding: 1,
  height: 1,
  few: 4,
  sections(rows, cols, { count, bits }) {
    checkCount("sparse csr", "count", count, 0, rows * cols);
    const shape = [count as number];
    const places = [{ name: "places", dtype: "U8", shape }, starts(rows)] as const;
    if (bits === undefined) return [{ name: "values", dtype: "F32", shape }, ...places];
    checkCount("sparse csr", "bits", bits, 2, 8);
    return [{ name: "values", dtype: "I8", shape }, { name: "scales", dtype: "F32", shape: [rows] }, ...places];
  },
  visit({ values, scales, places, starts }, rows, cols, keep) {
    checkStarts("csr", starts, values.length);
    for (let row = 0; row < rows; row++) {
      const scale = scales?.[row] ?? 1;
      let c = 0;
      for (let i = starts[row]!; i < starts[row + 1]!; i++) {
        c += places[i]!;
        if (c >= cols || (places[i] === 0 && i > starts[row]!))
          throw wrong("csr", row, `columns must rise and end before ${cols}`);
        keep(row * cols + c, values[i]! * scale);
      }
    }
  },
  batch: (k) => k.csr_f32,
  row: (k) => k.csr_row_f32,
};

/** A bit for each weight, in words of 64. */
const bitmap: SparseLayout = {
  padding: 1,
  height: 1,
  few: 1,
  sections(rows, cols, { count }) {
    checkCount("sparse bitmap", "count", count, 0, rows * cols);
    return [
      { name: "values", dtype: "F32", shape: [count as number] },
      { name: "places", dtype: "U8", shape: [rows, up(cols, word) / 8] },
      starts(rows),
    ];
  },
  visit({ values, places, starts }, rows, cols, keep) {
    checkStarts("bitmap", starts, values.length);
    const width = up(cols, word);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let c = 0; c < width; c++) {
        if (((places[(row * width + c) >> 3]! >> (c & 7)) & 1) === 0) continue;
        if (c >= cols) throw wrong("bitmap", row, `bit ${c} is set, there are ${cols} columns`);
        keep(row * cols + c, values[at++]!);
      }
      if (at !== starts[row + 1]) throw wrong("bitmap", row, `it has bits to ${at}, and ends at ${starts[row + 1]}`);
    }
  },
  batch: (k) => k.bitmap_f32,
  row: (k) => k.bitmap_row_f32,
};

/** Where weight i of a block at [row, column] is in the matrix; −1 outside of it. */
export function indexInBlock(
  height: number,
  i: number,
  row: number,
  column: number,
  rows: number,
  cols: number,
): number {
  if (height === 1) return column + i < cols ? row * cols + column + i : -1;
  return row + i < rows ? (row + i) * cols + column : -1;
}

/** Blocks of `height` × `width` that hold four weights; each has its index in its row of blocks. */
// @__NO_SIDE_EFFECTS__
function blocks(
  kind: string,
  height: number,
  width: number,
  kernels: Pick<SparseLayout, "batch" | "row">,
): SparseLayout {
  return {
    padding: width,
    height,
    few: 8,
    sections(rows, cols, { count }) {
      checkCount(`sparse ${kind}`, "count", count, 0, Math.ceil(rows / height) * Math.ceil(cols / width));
      return [
        { name: "values", dtype: "F32", shape: [count as number, 4] },
        { name: "places", dtype: "U16", shape: [count as number] },
        starts(Math.ceil(rows / height)),
      ];
    },
    visit({ values, places, starts }, rows, cols, keep) {
      checkStarts(kind, starts, places.length);
      for (let line = 0; line < starts.length - 1; line++)
        for (let block = starts[line]!; block < starts[line + 1]!; block++) {
          const [row, column] = [line * height, places[block]! * width];
          if (column >= cols || (block > starts[line]! && places[block]! <= places[block - 1]!))
            throw wrong(kind, row, `blocks must rise and end before column ${cols}`);
          for (let i = 0; i < 4; i++) {
            const [at, value] = [indexInBlock(height, i, row, column, rows, cols), values[block * 4 + i]!];
            if (at >= 0) keep(at, value);
            else if (value !== 0) throw wrong(kind, row, "it has a weight outside of the matrix");
          }
        }
    },
    ...kernels,
  };
}

const block1x4 = blocks("block1x4", 1, 4, { batch: (k) => k.block1x4_f32, row: (k) => k.block1x4_row_f32 });
const block4x1 = blocks("block4x1", 4, 1, { batch: (k) => k.block4x1_f32, row: (k) => k.block4x1_row_f32 });

/** Columns of a strip: the kernels' constant. */
const strip = 128;

/** Calls back with the first column of every group of a half, in the order of storage. */
export function eachGroup(
  group: number,
  rows: number,
  cols: number,
  found: (row: number, first: number) => void,
): void {
  const width = up(cols, 8);
  for (let start = 0; start < width; start += strip)
    for (let row = 0; row < rows; row++)
      for (let first = start; first < Math.min(start + strip, width); first += group) found(row, first);
}

/**
 * Half of each `group` columns, in order; a place has `bits` bits. Columns are padded to eights and cut into strips, which come one
 * after the other, each row by row.
 */
// @__NO_SIDE_EFFECTS__
function half(group: 4 | 8, bits: 2 | 4): SparseLayout {
  const kind = `${group / 2}:${group}`;
  const kept = group / 2;
  return {
    padding: 8,
    height: 1,
    few: 3,
    sections(rows, cols) {
      const stored = (rows * up(cols, 8)) / 2;
      return [
        { name: "values", dtype: "F32", shape: [stored] },
        { name: "places", dtype: "U8", shape: [(stored * bits) / 8] },
      ];
    },
    visit({ values, places }, rows, cols, keep) {
      let slot = 0;
      eachGroup(group, rows, cols, (row, first) => {
        let before = -1;
        for (let i = 0; i < kept; i++, slot++) {
          const place = (places[(slot * bits) >> 3]! >> ((slot * bits) & 7)) & ((1 << bits) - 1);
          if (place <= before || place >= group) throw wrong(kind, row, `places must rise and end before ${group}`);
          before = place;
          if (first + place < cols) keep(row * cols + first + place, values[slot]!);
          else if (values[slot] !== 0) throw wrong(kind, row, "it has a weight outside of the matrix");
        }
      });
    },
    batch: (k) => (bits === 2 ? k.half4_f32 : k.half8_f32),
    row: (k) => (bits === 2 ? k.half4_row_f32 : k.half8_row_f32),
  };
}

/** By kind, and of equal size the first. */
export const sparseLayouts = { "2:4": half(4, 2), "4:8": half(8, 4), block4x1, block1x4, csr, bitmap } as const;

export type SparseKind = keyof typeof sparseLayouts;
