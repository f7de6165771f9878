import { checkCount, checkFlag, checkNumber, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { apply, type Op, type OutPlan } from "../op.js";
import { add, mul, sub } from "../ops/binary.js";
import { cast } from "../ops/cast.js";
import { concat } from "../ops/concat.js";
import { zeros } from "../ops/fill.js";
import { columnsOf } from "../ops/gather.js";
import { slice } from "../ops/layout.js";
import { matmul } from "../ops/matmul.js";
import { sum } from "../ops/reduce.js";
import { choleskyOfInverse, hessianDiagonal } from "../ops/solve.js";
import { square } from "../ops/unary.js";
import { scope } from "../scope.js";
import { type Tensor, tensor } from "../tensor.js";
import { AffineScheme } from "./affine.js";
import type { Codes, Grid } from "./grid.js";
import type { Method } from "./method.js";

interface Block {
  readonly codes: Codes;
  /** Columns in it. */
  readonly size: number;
  /** Its first column, in the order of the rounding: where U is read. */
  readonly start: number;
}

/** Inputs: w [out, left], the block its first columns; U [in, in]; scale and zeroPoint [out, groups]; the columns' groups, i32. */
const blockOp: Op<Block, OutPlan<"f32"> & { readonly left: number; readonly all: number; readonly count: number }> = {
  name: "gptq",
  infer([w, u, scale], { size }) {
    const [rows, left] = w!.shape as [number, number];
    return { shape: [rows, 2 * size], dtype: "f32", work: rows, left, all: u!.shape[0]!, count: scale!.shape[1]! };
  },
  wasm(k, out, [w, u, scale, zero, groups], { left, all, count }, { codes: { low, high }, size, start }, begin, end) {
    const corner = u! + start * (all + 1) * 4;
    k.gptq_block_f32(out, w!, left, corner, all, scale!, zero!, groups!, count, size, low, high, begin, end);
  },
};

export interface GptqOptions {
  /** Columns between two updates of all that follow. Default 128. */
  block?: number;
  /** Rounds the columns that matter most first; groups then keep the grids of the weights as they were. Default false. */
  actOrder?: boolean;
  /** Added to the diagonal of the Hessian, as a share of its mean. Default 0.01. */
  damp?: number;
}

export interface GptqSettings extends Required<GptqOptions> {
  readonly codes: Codes;
  /** Columns that share a scale. */
  readonly group: number;
  /** Scales and zero points of some rows of weights, [out, groups]. */
  readonly grid: (w: Tensor) => Grid;
}

export interface GptqResult {
  /** i32 [out, in] */
  readonly codes: Tensor<"i32">;
  /** [out, groups] */
  readonly grid: Grid;
  /** The columns in the order in which they were rounded. */
  readonly order: Int32Array;
  /** What is lost of the squared error on the data: Σ e² / 2. */
  readonly loss: Tensor<"f32">;
}

/** Rounds w [out, in] for what a layer reads, x [rows, in]. */
export function gptqCodes(w: Tensor, x: Tensor, settings: GptqSettings): GptqResult {
  const { codes, group, grid: gridOf, block, actOrder, damp } = settings;
  return scope(() => {
    const columns = w.shape[1]!;
    const diagonal = hessianDiagonal(x);
    const alive = diagonal.map((h) => (h === 0 ? 0 : 1));
    const order = orderOf(
      diagonal.map((h) => h || 1),
      actOrder,
    );
    const u = choleskyOfInverse(x, { damp, order });
    // A weight that never meets anything is free.
    const live = mul(w, tensor(Float32Array.from(alive)));
    // Groups lie side by side in storage; where columns change places their grids have to be known before.
    const before = actOrder || group >= columns ? gridOf(live) : undefined;
    const grids: Grid[] = [];
    const found: Tensor[] = [];
    let left: Tensor = actOrder ? columnsOf(live, order) : live;
    let loss: Tensor<"f32"> = zeros([]);
    for (let start = 0; start < columns; ) {
      const nextGroup = before === undefined ? start + group - (start % group) : columns;
      const size = Math.min(start + block, nextGroup, columns) - start;
      if (before === undefined && start % group === 0) grids.push(gridOf(slice(left, [{}, { end: group }])));
      const { scale, zeroPoint } = before ?? grids.at(-1)!;
      const groups = Int32Array.from({ length: size }, (_, i) =>
        before === undefined ? 0 : Math.floor(order[start + i]! / group),
      );
      const both = apply(blockOp, [left, u, scale, zeroPoint, tensor(groups)], { codes, size, start });
      const errors = slice(both, [{}, { start: size }]);
      found.push(slice(both, [{}, { end: size }]));
      loss = add(loss, sum(square(errors)));
      const end = start + size;
      const rows = slice(u, [{ start, end }, { start: end }]);
      left = end < columns ? sub(slice(left, [{}, { start: size }]), matmul(errors, rows)) : left;
      start = end;
    }
    const all = cast(concat(found, { axis: 1 }), "i32");
    return {
      codes: actOrder ? columnsOf(all, inverseOf(order)) : all,
      grid: before ?? joined(grids),
      order,
      loss: mul(loss, 0.5),
    };
  });
}

/** The columns by the bend of the error in them, steepest first; of equals the first. */
function orderOf(diagonal: Float64Array, actOrder: boolean): Int32Array {
  const order = Int32Array.from(diagonal, (_, i) => i);
  return actOrder ? order.sort((a, b) => diagonal[b]! - diagonal[a]! || a - b) : order;
}

function inverseOf(order: Int32Array): Int32Array {
  const inverse = new Int32Array(order.length);
  for (const [place, column] of order.entries()) inverse[column] = place;
  return inverse;
}

/** Grids of groups side by side. */
function joined(grids: readonly Grid[]): Grid {
  return {
    scale: concat(
      grids.map((grid) => grid.scale),
      { axis: 1 },
    ),
    zeroPoint: concat(
      grids.map((grid) => grid.zeroPoint),
      { axis: 1 },
    ),
  };
}

/**
 * Rounds column after column and makes up for each error in the columns that are still to come, as far as calibration data show
 * them to move together (Frantar et al. 2023). Scales of groups come from the weights as updated so far, with `actOrder` from the
 * weights as they were. For affine schemes.
 *
 * @throws {ArgumentError} if an option is out of range.
 * @example
 * const small = quantize(model, { weights: int4({ group: 32 }), method: gptq(), calibration: data.take(512) });
 */
export function gptq(options: GptqOptions = {}): Method {
  checkOptions("gptq", options);
  const { block = 128, actOrder = false, damp = 0.01 } = options;
  checkCount("gptq", "block", block, 1);
  checkNumber("gptq", "damp", damp, 0, Number.MAX_VALUE);
  checkFlag("gptq", "actOrder", actOrder);
  return {
    name: "gptq",
    calibrated: true,
    round({ w, scheme, inputs }) {
      if (!(scheme instanceof AffineScheme))
        throw new ArgumentError(`gptq: ${scheme.name} has no affine codes; take int8(), int4(), int2() or uint8()`);
      const grid = (part: Tensor) => scheme.grid(part);
      const settings = { block, actOrder, damp, codes: scheme.codes, group: scheme.groupOf(w), grid };
      return scope(() => {
        const result = gptqCodes(w, inputs(), settings);
        return scheme.store(result.codes, result.grid);
      });
    },
  };
}
