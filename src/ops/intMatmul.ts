import { checkCount, checkOptions } from "../check.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import { scope } from "../scope.js";
import { show } from "../shape.js";
import { type Tensor, tensor } from "../tensor.js";
import { largestGroup } from "./affine.js";
import { slice } from "./layout.js";

export interface IntMatmulOptions {
  /** The code of a that stands for 0, from 0 to 255. Default 0. */
  zeroPointA?: number | undefined;
  /** That of b, or one for each of its columns. Default 0. */
  zeroPointB?: number | ArrayLike<number> | undefined;
  /** Reads b as [n, k]; nothing is copied. */
  transposeB?: boolean | undefined;
}

interface IntParams {
  readonly zeroPointA: number;
  /** Whether b is [n, k]. */
  readonly transposeB: boolean;
}

interface IntPlan extends OutPlan<"i32"> {
  readonly m: number;
  readonly k: number;
  /** Columns of b. */
  readonly columns: number;
  /** Columns that are made. */
  readonly n: number;
  /** i16 of a widened row. */
  readonly stride: number;
  /** Bytes from the start of scratch, where the sums of the rows are. */
  readonly rowsAt: number;
  readonly panelsAt: number;
}

const sizesOf = ([a, b]: readonly Tensor[], { transposeB }: IntParams) => {
  const [m, k] = a!.shape as [number, number];
  return { m, k, columns: b!.shape[transposeB ? 0 : 1]!, rowsAt: Math.ceil(m / 4) * 16 };
};

/** Inputs: a u8 [m, k], b u8, zero points of b u8 [n]. Panels have 8 columns at least; those past the last are anything. */
const intMatmulOp: Op<IntParams, IntPlan> = {
  name: "intMatmul",
  infer(inputs, params) {
    const sizes = sizesOf(inputs, params);
    const { m, k, columns, rowsAt } = sizes;
    const n = columns === 0 ? 0 : Math.max(columns, 8);
    const stride = Math.ceil(k / 8) * 8;
    const panels = Math.ceil(n / 8);
    const fours = Math.ceil(m / 4);
    const panelsAt = rowsAt + fours * stride * 8;
    return {
      shape: [m, n],
      dtype: "i32",
      work: n === 0 ? 0 : fours,
      prepareWork: m + panels,
      scratch: panelsAt + panels * stride * 16,
      ...{ ...sizes, n, stride, panelsAt },
    };
  },
  prepare(kernels, _, [a, b, zeroPoints], plan, { zeroPointA, transposeB }, begin, end, scratch) {
    const { m, k, columns, stride, rowsAt, panelsAt } = plan;
    const rows = scratch + rowsAt;
    if (begin < m) kernels.widen_rows_i16(rows, scratch, a!, k, zeroPointA, stride, true, begin, Math.min(end, m));
    const [panels, first, last] = [scratch + panelsAt, Math.max(begin - m, 0), end - m];
    if (last <= 0 || k === 0) return;
    if (transposeB) kernels.pack_codes(panels, b!, 0, zeroPoints!, k, columns, k, 8, stride, first, last);
    else kernels.pack_rows_u8(panels, b!, zeroPoints!, k, columns, stride, first, last);
  },
  wasm(kernels, out, _, { m, k, n, stride, rowsAt, panelsAt }, __, begin, end, scratch) {
    const [rows, panels, group] = [scratch + rowsAt, scratch + panelsAt, Math.max(k, 1)];
    kernels.int_matmul_i16(out, rows, 0, panels, 0, m, k, n, group, stride, 0, begin, end);
  },
};

/** The same for few rows of a: b is read where it is. */
const intMatvecOp: Op<IntParams, IntPlan> = {
  name: "intMatmul",
  infer(inputs, params) {
    const sizes = sizesOf(inputs, params);
    const { m, k, columns: n, rowsAt } = sizes;
    const stride = Math.ceil(k / 16) * 16;
    const scratch = rowsAt + m * stride * 2;
    const work = m === 0 ? 0 : n;
    return { shape: [m, n], dtype: "i32", work, prepareWork: m, scratch, ...{ ...sizes, n, stride, panelsAt: 0 } };
  },
  prepare(kernels, _, [a], { k, stride, rowsAt }, { zeroPointA }, begin, end, scratch) {
    kernels.widen_rows_i16(scratch + rowsAt, scratch, a!, k, zeroPointA, stride, false, begin, end);
  },
  wasm(kernels, out, [, b, zeros], { m, k, n, stride, rowsAt }, { transposeB }, begin, end, scratch) {
    const rows = scratch + rowsAt;
    if (transposeB)
      kernels.quant_matvec_i16(out, rows, 0, scratch, b!, 0, zeros!, 0, m, k, n, k, stride, 8, stride, 0, begin, end);
    else kernels.int_matvec_u8(out, rows, scratch, b!, zeros!, m, k, n, stride, begin, end);
  },
};

/** Up to so many rows, packing b takes longer than it saves. */
const fewRows = 4;

/**
 * Exact product of integer matrices: Σ (a − zeroPointA) · (b − zeroPointB). Codes are u8; for signed bytes add 128 to codes and zero
 * points alike, which changes nothing.
 *
 * @param a u8 [m, k], k at most 33,025: longer sums can pass 2³¹.
 * @param b u8 [k, n], or [n, k] with `transposeB`.
 * @returns i32 [m, n]
 * @throws {ShapeError} if inner sizes differ, or k is too large.
 * @throws {DTypeError} unless both are u8.
 * @throws {ArgumentError} if a zero point is no integer from 0 to 255, or zeroPointB has not n numbers.
 * @example
 * const y = intMatmul(tensor(new Uint8Array([1, 2]), [1, 2]), tensor(new Uint8Array([3, 4]), [2, 1]), { zeroPointA: 1 }); // [[4]]
 */
export function intMatmul(a: Tensor, b: Tensor, options: IntMatmulOptions = {}): Tensor<"i32"> {
  checkOptions("intMatmul", options);
  const { zeroPointA = 0, zeroPointB = 0, transposeB = false } = options;
  checkDType("intMatmul", "a", a, "u8");
  checkDType("intMatmul", "b", b, "u8");
  const [k, n] = transposeB ? [b.shape[1], b.shape[0]] : b.shape;
  if (a.rank !== 2 || b.rank !== 2 || a.shape[1] !== k)
    throw new ShapeError(
      `intMatmul: a is ${show(a.shape)}, b is ${show(b.shape)}${transposeB ? " transposed" : ""}; they must be [m, k] and [k, n]`,
    );
  if (k! > largestGroup(8))
    throw new ShapeError(
      `intMatmul: k is ${k}; sums of more than ${largestGroup(8)} products can pass 2³¹, split them`,
    );
  checkCount("intMatmul", "zeroPointA", zeroPointA, 0, 255);
  const zeroPoints = typeof zeroPointB === "number" ? [zeroPointB] : Array.from(zeroPointB);
  for (const zero of zeroPoints) checkCount("intMatmul", "zeroPointB", zero, 0, 255);
  const each = typeof zeroPointB === "number" ? new Uint8Array(n!).fill(zeroPointB) : Uint8Array.from(zeroPoints);
  if (each.length !== n)
    throw new ArgumentError(`intMatmul: ${each.length} zero points for the ${n} columns of b; give one, or ${n}`);
  return scope(() => {
    const few = a.shape[0]! <= fewRows && k! > 0;
    const y = apply(few ? intMatvecOp : intMatmulOp, [a, b, tensor(each)], { zeroPointA, transposeB });
    return y.shape[1] === n ? y : slice(y, [{}, { end: n! }]);
  });
}
