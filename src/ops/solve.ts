import { checkFlag, checkNumber, checkOptions, said } from "../check.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { checkDType } from "../op.js";
import { scope } from "../scope.js";
import { sameShape, show } from "../shape.js";
import { checkUntraced } from "../tape.js";
import { readTensor, type Tensor, tensor } from "../tensor.js";
import { matmul } from "./matmul.js";
import {
  eliminate,
  gram,
  inverse,
  inverseFactor,
  moments,
  readDoubles,
  rounded,
  type System,
  substitute,
} from "./system.js";

/** Guards a matrix of data: f32, a row at least, no NaN, no infinity. Returns what `moments` tells, and it on the heap. */
export function checkData(who: string, name: string, x: Tensor, center: boolean): [Float64Array, Tensor<"u8">] {
  checkDType(who, name, x, "f32");
  checkUntraced(who, x);
  if (x.rank !== 2) throw new ShapeError(`${who}: ${name} is ${show(x.shape)}; it must be a matrix, a row an example`);
  if (x.shape[0] === 0) throw new ShapeError(`${who}: ${name} is ${show(x.shape)}; it needs a row at least`);
  const onHeap = moments(x, center);
  const values = readDoubles(onHeap);
  const bad = values.subarray(x.shape[1]!).findIndex((square) => !Number.isFinite(square));
  if (bad >= 0)
    throw new ArgumentError(`${who}: column ${bad} of ${name} holds NaN or an infinity; mend the data first`);
  return [values, onHeap];
}

/** Guards that there is a row of y to each of x. */
export function checkRows(who: string, x: Tensor, y: Tensor): void {
  if (x.shape[0] !== y.shape[0])
    throw new ShapeError(`${who}: x is ${show(x.shape)}, y ${show(y.shape)}; each row of x needs one of y`);
}

const indices = (from: ArrayLike<number>): Tensor<"i32"> => tensor(Int32Array.from(from));
export const upTo = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

/**
 * The least L2 that takes the place of none, as a share of the mean of the diagonal: rounding errors of f64 stay as far below it as
 * it stays below what data in f32 tell.
 */
const trace = 2 ** -26;

/**
 * The w [r, order.length] of the least ||X wᵀ − Y||² + l2 · ||w||². Where columns of X depend on each other, the one of the least
 * norm: the limit of l2 → 0, extrapolated from three small ones (Richardson), which leaves an error of their third power.
 */
export function solve(system: System, l2: Float64Array, order: Int32Array, targets: Int32Array): Float64Array {
  return scope(() => {
    const [m, r] = [order.length, targets.length];
    const [rows, columns] = [indices(order), indices(targets)];
    const at = (more: number): Float64Array | undefined => {
      const done = eliminate(system, { ridge: l2.map((own) => own + more) }, rows, columns);
      return done && substitute(done, m, r);
    };
    const exact = at(0);
    if (exact !== undefined) return exact;
    const mean = order.reduce((sum, i) => sum + system.diagonal(i), 0) / m;
    const step = (mean > 0 ? mean : 1) * trace;
    const [one, two, four] = [1, 2, 4].map((times) => at(step * times)!) as [Float64Array, Float64Array, Float64Array];
    return one.map((w, i) => (8 * w - 6 * two[i]! + four[i]!) / 3);
  });
}

export interface LeastSquaresOptions {
  /** Weight of ||W||² in what is minimized. Default 0. */
  l2?: number;
  /** Whether to fit a bias, which is not penalized. Default false. */
  bias?: boolean;
}

export interface LeastSquaresFit {
  /** f32 [r, k]: a row to each column of y, as `matmul` with `transposeB` and layers take it. */
  readonly weight: Tensor<"f32">;
  /** f32 [r]; zeros if none was fitted. */
  readonly bias: Tensor<"f32">;
}

/**
 * The linear map from x to y in closed form: the least ||X Wᵀ + b − Y||² + l2 · ||W||². In f64 by Cholesky's factor of XᵀX, so to
 * about 1e-16 · cond(X)², rounded to f32. Where columns of x depend on each other (or there are fewer rows than columns) and l2 is 0,
 * the W of the least norm, as NumPy's lstsq, to about 1e-6 of the largest weight; directions in which x varies less than 1e-6 as much
 * as on the mean may be cut short then.
 *
 * @param x f32 [n, k], n at least 1.
 * @param y f32 [n, r].
 * @throws {ShapeError} unless x and y are matrices of equally many rows.
 * @throws {ArgumentError} if x or y holds NaN or an infinity, l2 is below 0, or a weight is beyond f32.
 * @example
 * const { weight } = leastSquares(tensor([[0], [1], [2]]), tensor([[1], [3], [5]]), { bias: true });
 * const slope = await weight.data(); // [2]
 */
export function leastSquares(x: Tensor, y: Tensor, options: LeastSquaresOptions = {}): LeastSquaresFit {
  const who = "leastSquares";
  checkOptions(who, options);
  const { l2 = 0, bias = false } = options;
  checkNumber(who, "l2", l2, 0, Number.MAX_VALUE);
  checkFlag(who, "bias", bias);
  return scope(() => {
    const [ofX, xMoments] = checkData(who, "x", x, bias);
    const [ofY, yMoments] = checkData(who, "y", y, bias);
    checkRows(who, x, y);
    const [k, r] = [x.shape[1]!, y.shape[1]!];
    const weight = solve(gram(x, xMoments, y, yMoments), new Float64Array(k).fill(l2), upTo(k), upTo(r));
    const offsets = Float64Array.from({ length: r }, (_, t) => {
      let offset = ofY[t]!;
      for (let i = 0; i < k; i++) offset -= weight[t * k + i]! * ofX[i]!;
      return offset;
    });
    return { weight: rounded(who, "weight", weight, [r, k]), bias: rounded(who, "bias", offsets, [r]) };
  });
}

/**
 * Weights that a mask thinned out, refitted: each row of the result is the best over its kept entries, the least ||X w − X w₀||², and 0
 * elsewhere. A row that loses nothing stays as it is, to the bit. Rows of one mask are solved together. Where kept columns of x depend
 * on each other, the nearest to w₀.
 *
 * @param x f32 [n, k], n at least 1: what the weights meet.
 * @param w f32 [r, k].
 * @param mask u8 [r, k]; 0 prunes.
 * @throws {ShapeError} if the shapes do not fit.
 * @throws {ArgumentError} if x or w holds NaN or an infinity.
 * @example
 * const x = tensor([[1, 1], [2, 2]]);
 * const refitted = maskedLeastSquares(x, tensor([[2, 1]]), tensor(new Uint8Array([1, 0]), [1, 2])); // [[3, 0]]
 */
export function maskedLeastSquares(x: Tensor, w: Tensor, mask: Tensor): Tensor<"f32"> {
  const who = "maskedLeastSquares";
  return scope(() => {
    const [, xMoments] = checkData(who, "x", x, false);
    checkDType(who, "w", w, "f32");
    checkUntraced(who, w);
    checkDType(who, "mask", mask, "u8");
    const k = x.shape[1]!;
    if (w.rank !== 2 || w.shape[1] !== k || !sameShape(w.shape, mask.shape))
      throw new ShapeError(
        `${who}: x is ${show(x.shape)}, w ${show(w.shape)}, mask ${show(mask.shape)}; w and mask need [rows, ${k}]`,
      );
    const kept = readTensor(mask as Tensor<"u8">);
    const dropped = readTensor(w as Tensor<"f32">);
    const bad = dropped.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new ArgumentError(`${who}: row ${Math.floor(bad / k)} of w holds ${dropped[bad]}; mend it first`);
    const weight = dropped.map((value, i) => (kept[i] ? value : 0));
    for (let i = 0; i < weight.length; i++) if (kept[i]) dropped[i] = 0;
    // What the pruned weights did is what the kept ones are to make up for.
    const lost = matmul(x, tensor(dropped, w.shape), { transposeB: true });
    if (w.shape[0] === 0 || k === 0) return tensor(weight, w.shape);
    const [, lostMoments] = checkData(who, "x · w", lost, false);
    const system = gram(x, xMoments, lost, lostMoments);
    for (const [, rows] of rowsByMask(kept, dropped, k)) {
      const from = rows[0]! * k;
      const order = upTo(k).filter((i) => kept[from + i]);
      if (order.length === 0) continue;
      const change = solve(system, new Float64Array(k), order, Int32Array.from(rows));
      for (const [t, row] of rows.entries())
        for (const [i, column] of order.entries()) weight[row * k + column]! += change[t * order.length + i]!;
    }
    return rounded(who, "weight", weight, w.shape);
  });
}

/** Rows that lose something, by what they keep. */
function rowsByMask(kept: Uint8Array, dropped: Float32Array, k: number): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (let row = 0; row * k < kept.length; row++) {
    if (dropped.subarray(row * k, row * k + k).every((value) => value === 0)) continue;
    const key = kept
      .subarray(row * k, row * k + k)
      .map((keep) => (keep ? 1 : 0))
      .join("");
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [row]);
    else known.push(row);
  }
  return groups;
}

/**
 * The diagonal of H = XᵀX · 2 / n, in f64: how much the squared error bends in each weight. 0 where a column of x is dead.
 *
 * @param x f32 [n, k], n at least 1.
 * @throws {ShapeError} unless x is a matrix that has a row.
 * @throws {ArgumentError} if x holds NaN or an infinity.
 * @example
 * const bends = hessianDiagonal(tensor([[1, 0], [3, 0]])); // [10, 0]
 */
export function hessianDiagonal(x: Tensor): Float64Array {
  return scope(() => {
    const [values] = checkData("hessianDiagonal", "x", x, false);
    return values.slice(x.shape[1]!).map((square) => (square * 2) / x.shape[0]!);
  });
}

export interface InverseHessianOptions {
  /** Added to the diagonal, as a share of its mean. Default 0.01. */
  damp?: number;
  /** The columns of x in the order that rows and columns of H take: each once. Default: as they are. */
  order?: ArrayLike<number>;
}

/** Eliminates the damped H of `x` beside the identity, columns `order`ed and maybe then in reverse. */
function eliminateHessian(who: string, x: Tensor, options: InverseHessianOptions, reverse: boolean): Tensor<"u8"> {
  checkOptions(who, options);
  const { damp = 0.01 } = options;
  checkNumber(who, "damp", damp, 0, Number.MAX_VALUE);
  const [, xMoments] = checkData(who, "x", x, false);
  const k = x.shape[1]!;
  const order = orderOf(who, options.order, k);
  const system = gram(x, xMoments);
  const scale = 2 / x.shape[0]!;
  const mean = order.reduce((sum, i) => sum + (scale * system.diagonal(i) || 1), 0) / k;
  const h = { scale, dead: 1, ridge: new Float64Array(k).fill(damp * mean) };
  const done = eliminate(system, h, indices(reverse ? order.reverse() : order));
  if (done === undefined)
    throw new ArgumentError(
      `${who}: the Hessian of x ${show(x.shape)} is not positive definite with damp ${damp}; give it more, such as 0.01`,
    );
  return done;
}

function orderOf(who: string, order: ArrayLike<number> | undefined, k: number): Int32Array {
  if (order === undefined) return upTo(k);
  const once = new Set(Array.from(order ?? [], (i) => (Number.isInteger(i) && i >= 0 && i < k ? i : -1)));
  if (order?.length !== k || once.size !== k || once.has(-1))
    throw new ArgumentError(`${who}: order is ${said(order)}; it must name each of the ${k} columns of x once`);
  return Int32Array.from(order);
}

/**
 * H⁻¹ of the squared error of a linear layer that meets x: H = XᵀX · 2 / n, where a dead column (all 0) gets 1 on the diagonal, then
 * damp · mean(diag H) on all of it. Computed in f64 and rounded to f32.
 *
 * @param x f32 [n, k], n at least 1.
 * @returns f32 [k, k].
 * @throws {ShapeError} unless x is a matrix that has a row.
 * @throws {ArgumentError} if x holds NaN or an infinity, an option is out of range, or H is not positive definite: more damp then.
 * @example
 * const h = inverseHessian(tensor([[1, 0], [1, 2]]), { damp: 0 }); // [[1, -0.5], [-0.5, 0.5]]
 */
export function inverseHessian(x: Tensor, options: InverseHessianOptions = {}): Tensor<"f32"> {
  const who = "inverseHessian";
  return scope(() => inverse(who, eliminateHessian(who, x, options, false), x.shape[1]!));
}

/**
 * The upper U with H⁻¹ = UᵀU, of the H of `inverseHessian`: what GPTQ and SparseGPT walk along (Frantar et al. 2022). From Cholesky's
 * factor of H in reverse order, so H⁻¹ is never formed. Computed in f64 and rounded to f32.
 *
 * @param x f32 [n, k], n at least 1.
 * @returns f32 [k, k].
 * @throws {ShapeError} unless x is a matrix that has a row.
 * @throws {ArgumentError} if x holds NaN or an infinity, an option is out of range, or H is not positive definite: more damp then.
 * @example
 * const u = choleskyOfInverse(tensor([[1, 0], [1, 2]]), { damp: 0 }); // [[1, -0.5], [0, 0.5]]
 */
export function choleskyOfInverse(x: Tensor, options: InverseHessianOptions = {}): Tensor<"f32"> {
  const who = "choleskyOfInverse";
  return scope(() => inverseFactor(who, eliminateHessian(who, x, options, true), x.shape[1]!));
}
