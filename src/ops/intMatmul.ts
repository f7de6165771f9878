import { checkCount, checkOptions } from "../check.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import { scope } from "../scope.js";
import { show } from "../shape.js";
import { type Tensor, tensor } from "../tensor.js";
import { largestGroup } from "./affine.js";
import { slice, transpose } from "./layout.js";

export interface IntMatmulOptions {
  /** The code of a that stands for 0, from 0 to 255. Default 0. */
  zeroPointA?: number | undefined;
  /** That of b, or one for each of its columns. Default 0. */
  zeroPointB?: number | ArrayLike<number> | undefined;
  /** Reads b as [n, k]; nothing is copied. */
  transposeB?: boolean | undefined;
}

interface IntPlan extends OutPlan<"i32"> {
  readonly k: number;
  /** Columns of b, and those that are made: 8 at least, those past the end the last again. */
  readonly columns: number;
  readonly n: number;
  /** i16 of a widened row. */
  readonly stride: number;
  readonly panelsAt: number;
}

/** Inputs: a u8 [m, k], b u8 [n, k], zero points of b u8 [n]. */
const intMatmulOp: Op<{ readonly zeroPointA: number }, IntPlan> = {
  name: "intMatmul",
  infer([a, b]) {
    const [m, k] = a!.shape as [number, number];
    const columns = b!.shape[0]!;
    const n = columns === 0 ? 0 : Math.max(columns, 8);
    const stride = Math.ceil(k / 8) * 8;
    const panels = Math.ceil(n / 8);
    const panelsAt = m * stride * 2;
    return {
      shape: [m, n],
      dtype: "i32",
      work: n === 0 ? 0 : m,
      prepareWork: m + panels,
      scratch: panelsAt + panels * stride * 16,
      k,
      columns,
      n,
      stride,
      panelsAt,
    };
  },
  prepare(kernels, _, [a, b, zeroPoints], plan, { zeroPointA }, begin, end, scratch) {
    const { k, columns, stride, panelsAt, work: m } = plan;
    if (k === 0) return;
    if (begin < m) kernels.widen_rows_i16(scratch, a!, k, zeroPointA, stride, begin, Math.min(end, m));
    const [first, last] = [Math.max(begin - m, 0), end - m];
    if (last > 0) kernels.pack_codes(scratch + panelsAt, b!, 0, zeroPoints!, k, columns, k, 8, stride, first, last);
  },
  wasm(kernels, out, _, { k, n, stride, panelsAt }, __, begin, end, scratch) {
    kernels.int_matmul_i16(out, scratch, 0, scratch + panelsAt, 0, k, n, Math.max(k, 1), stride, 0, begin, end);
  },
};

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
  const zeroPoints = typeof zeroPointB === "number" ? new Array<number>(n!).fill(zeroPointB) : Array.from(zeroPointB);
  if (zeroPoints.length !== n)
    throw new ArgumentError(`intMatmul: ${zeroPoints.length} zero points for the ${n} columns of b; give one, or ${n}`);
  for (const zero of zeroPoints) checkCount("intMatmul", "zeroPointB", zero, 0, 255);
  return scope(() => {
    const zeros = tensor(Uint8Array.from(zeroPoints));
    const y = apply(intMatmulOp, [a, transposeB ? b : transpose(b), zeros], { zeroPointA });
    return y.shape[1] === n ? y : slice(y, [{}, { end: n! }]);
  });
}
