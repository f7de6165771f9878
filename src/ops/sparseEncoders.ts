// From a matrix [rows, cols] to the sections of each layout. Apart from sparseLayouts.ts, so that a program that only loads packed
// weights does not carry it.
import type { Format } from "../packed.js";
import { eachGroup, indexInBlock, type Parts, type SparseKind, up, word } from "./sparseLayouts.js";

/** A row-major matrix. */
export interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly cols: number;
}

export interface SparseEncoder {
  /** The format that stores the matrix, if it can be stored so. */
  formatOf(w: Matrix): Format | undefined;
  encode(w: Matrix, format: Format): Parts;
}

/** Numbers that are not 0. */
function countOf({ data }: Matrix): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) count++;
  return count;
}

const widestGap = 255;

/** Calls back with every place that csr stores: those of numbers that are not 0, and those on the way to one that is too far. */
function eachPlace({ data, rows, cols }: Matrix, found: (row: number, column: number, gap: number) => void): void {
  for (let row = 0; row < rows; row++) {
    let before = 0;
    for (let c = 0; c < cols; c++) {
      if (data[row * cols + c] === 0) continue;
      for (; c - before > widestGap; before += widestGap) found(row, before + widestGap, widestGap);
      found(row, c, c - before);
      before = c;
    }
  }
}

const csr: SparseEncoder = {
  formatOf(w) {
    let count = 0;
    eachPlace(w, () => count++);
    return { kind: "csr", count };
  },
  encode(w, { count }) {
    const values = new Float32Array(count as number);
    const places = new Uint8Array(values.length);
    const starts = new Int32Array(w.rows + 1);
    let at = 0;
    eachPlace(w, (row, column, gap) => {
      values[at] = w.data[row * w.cols + column]!;
      places[at++] = gap;
      starts[row + 1] = at;
    });
    for (let i = 1; i < starts.length; i++) starts[i] = Math.max(starts[i]!, starts[i - 1]!);
    return { values, places, starts };
  },
};

const bitmap: SparseEncoder = {
  formatOf: (w) => ({ kind: "bitmap", count: countOf(w) }),
  encode({ data, rows, cols }, { count }) {
    const values = new Float32Array(count as number);
    const width = up(cols, word);
    const places = new Uint8Array((rows * width) / 8);
    const starts = new Int32Array(rows + 1);
    let at = 0;
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < cols; c++) {
        const value = data[row * cols + c]!;
        if (value === 0) continue;
        values[at++] = value;
        places[(row * width + c) >> 3]! |= 1 << (c & 7);
      }
      starts[row + 1] = at;
    }
    return { values, places, starts };
  },
};

// @__NO_SIDE_EFFECTS__
function blocks(kind: string, height: number, width: number): SparseEncoder {
  /** Calls back with every block that holds a weight. */
  const each = ({ data, rows, cols }: Matrix, found: (row: number, column: number) => void): void => {
    for (let row = 0; row < rows; row += height)
      for (let column = 0; column < cols; column += width)
        for (let i = 0; i < 4; i++) {
          const at = indexInBlock(height, i, row, column, rows, cols);
          if (at < 0 || data[at] === 0) continue;
          found(row, column);
          break;
        }
  };
  return {
    formatOf(w) {
      if (Math.ceil(w.cols / width) > 65536) return undefined;
      let count = 0;
      each(w, () => count++);
      return { kind, count };
    },
    encode(w, { count }) {
      const values = new Float32Array((count as number) * 4);
      const places = new Uint16Array(count as number);
      const starts = new Int32Array(Math.ceil(w.rows / height) + 1);
      let block = 0;
      each(w, (row, column) => {
        for (let i = 0; i < 4; i++)
          values[block * 4 + i] = w.data[indexInBlock(height, i, row, column, w.rows, w.cols)] ?? 0;
        places[block++] = column / width;
        starts[row / height + 1] = block;
      });
      for (let i = 1; i < starts.length; i++) starts[i] = Math.max(starts[i]!, starts[i - 1]!);
      return { values, places, starts };
    },
  };
}

// @__NO_SIDE_EFFECTS__
function half(group: 4 | 8, bits: 2 | 4): SparseEncoder {
  const kept = group / 2;
  return {
    formatOf({ data, rows, cols }) {
      let fits = true;
      eachGroup(group, rows, cols, (row, first) => {
        let count = 0;
        for (let c = first; c < Math.min(cols, first + group); c++) if (data[row * cols + c] !== 0) count++;
        if (count > kept) fits = false;
      });
      return fits ? { kind: `${kept}:${group}` } : undefined;
    },
    encode({ data, rows, cols }) {
      const values = new Float32Array((rows * up(cols, 8)) / 2);
      const places = new Uint8Array((values.length * bits) / 8);
      let slot = 0;
      eachGroup(group, rows, cols, (row, first) => {
        const at = (i: number): number => (first + i < cols ? data[row * cols + first + i]! : 0);
        let zeros = kept;
        for (let i = 0; i < group; i++) if (at(i) !== 0) zeros--;
        // The first zeros fill what is left free.
        for (let i = 0; i < group; i++) {
          const value = at(i);
          if (value === 0 && zeros-- <= 0) continue;
          values[slot] = value;
          places[(slot * bits) >> 3]! |= i << ((slot * bits) & 7);
          slot++;
        }
      });
      return { values, places, starts: new Int32Array() };
    },
  };
}

/** As in `sparseLayouts`, and in its order. */
export const sparseEncoders: Readonly<Record<SparseKind, SparseEncoder>> = {
  "2:4": half(4, 2),
  "4:8": half(8, 4),
  block4x1: blocks("block4x1", 4, 1),
  block1x4: blocks("block1x4", 1, 4),
  csr,
  bitmap,
};
