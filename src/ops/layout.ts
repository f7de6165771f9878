// Moves values without computing: reshape shares storage, transpose and slice copy through one strided kernel.
import { checkList, wrong } from "../check.js";
import { bytesOf } from "../dtype.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { apply, applyInPlace, checkTensor, elementsOf, type Op, type OutPlan } from "../op.js";
import { checkAxis, checkShape, type Shape, sameShape, show, sizeOf, stridesOf } from "../shape.js";
import { record, recording } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { zeros } from "./fill.js";

/** A strided read: output sizes, steps through the input in elements, and where it starts. */
export interface Strided {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly start: number;
}

/** How a strided copy finds its gradient. */
interface StridedParams extends Strided {
  readonly name: string;
  readonly back: (g: Tensor, x: Tensor) => Tensor;
}

const stridedOp: Op<StridedParams> = {
  name: "copy",
  infer([x], { shape, strides }): OutPlan {
    // The kernel wants at least one dimension.
    const table = shape.length === 0 ? [1, 0] : [...shape, ...strides];
    const cols = shape[shape.length - 1] ?? 1;
    return { shape, dtype: elementsOf("copy", x!), table, work: cols === 0 ? 0 : sizeOf(shape) / cols };
  },
  wasm(k, out, [x], { dtype, table }, { start }, begin, end, scratch) {
    const rank = table!.length / 2;
    if (dtype === "u8") k.copy_x8(out, x! + start, scratch, rank, begin, end);
    else k.copy_x32(out, x! + start * 4, scratch, rank, begin, end);
  },
  vjp: (g, { inputs: [x], params }) => [params.back(g, x!)],
};

/** Copies by strides. */
export function strided<T extends Tensor>(x: T, params: StridedParams): T {
  return apply(stridedOp, [x], params) as T;
}

/** The same numbers in storage of their own. */
export function copy<T extends Tensor>(x: T): T {
  return strided(x, { name: "copy", shape: x.shape, strides: stridesOf(x.shape), start: 0, back: (g) => g });
}

const assignOp: Op<undefined> = {
  name: "assign",
  infer([target, source]): OutPlan {
    if (!sameShape(target!.shape, source!.shape) || target!.dtype !== source!.dtype)
      throw new ShapeError(`assign: the target is ${target}, the source ${source}; both need one shape and dtype`);
    const dtype = elementsOf("assign", target!);
    return { shape: target!.shape, dtype, work: target!.size * bytesOf[dtype] };
  },
  wasm(k, out, [source], _, __, begin, end) {
    k.copy_rows_x8(out + begin, source! + begin, 0, end - begin, 0, 1);
  },
};

/**
 * Writes the numbers of `source` over those of `target`, in place: parameters into a model, say.
 *
 * @throws {ShapeError} unless both have one shape and dtype.
 * @example
 * const x = zeros([2]);
 * assign(x, tensor([1, 2]));
 */
export function assign(target: Tensor, source: Tensor): void {
  applyInPlace(assignOp, target, [source], undefined);
}

const reshapeOp: Op<Shape> = {
  name: "reshape",
  infer: ([x], shape) => ({ shape, dtype: elementsOf("reshape", x!), work: 0 }),
  wasm() {},
  vjp: (g, { inputs: [x] }) => [reshape(g, x!.shape)],
};

/**
 * The same numbers under another shape, sharing storage; one size may be −1 and is worked out.
 *
 * @throws {ShapeError} if the number of elements differs.
 * @example
 * const y = reshape(tensor([1, 2, 3, 4]), [2, -1]); // [[1, 2], [3, 4]]
 */
export function reshape<T extends Tensor>(x: T, shape: Shape): T {
  checkTensor("reshape", x);
  elementsOf("reshape", x);
  const to = solve(x, shape);
  const y = x.alias(to) as T;
  if (recording()) record(reshapeOp as Op<unknown>, [x], y, to, reshapeOp.infer([x], to));
  return y;
}

function solve(x: Tensor, shape: Shape): Shape {
  const open = Array.isArray(shape) ? shape.indexOf(-1) : -1;
  if (open === -1) {
    checkShape("reshape", shape);
    if (sizeOf(shape) !== x.size)
      throw new ShapeError(
        `reshape: ${show(x.shape)} has ${x.size} elements, ${show(shape)} has ${sizeOf(shape)}; they must be equal`,
      );
    return [...shape];
  }
  const rest = shape.filter((_, i) => i !== open);
  if (rest.includes(-1)) throw new ShapeError(`reshape: ${show(shape)} leaves two sizes open; only one may be −1`);
  checkShape("reshape", rest);
  const size = x.size / sizeOf(rest);
  if (!Number.isInteger(size))
    throw new ShapeError(`reshape: ${show(x.shape)} has ${x.size} elements, which ${show(shape)} does not divide`);
  return shape.map((d, i) => (i === open ? size : d));
}

/** The last two dimensions swapped. */
const swapOp: Op<undefined, OutPlan & { rows: number; cols: number }> = {
  name: "transpose",
  infer([x]) {
    const [rows, cols] = x!.shape.slice(-2) as [number, number];
    const lead = x!.shape.slice(0, -2);
    const work = rows === 0 ? 0 : sizeOf(lead) * Math.ceil(cols / 16);
    return { shape: [...lead, cols, rows], dtype: elementsOf("transpose", x!), work, rows, cols };
  },
  wasm(k, out, [x], { rows, cols }, _, begin, end) {
    k.transpose_x32(out, x!, rows, cols, begin, end);
  },
  vjp: (g) => [apply(swapOp, [g], undefined)],
};

/**
 * Permutes dimensions: dimension i of the result is dimension `axes[i]` of x. Default: reversed. Copies; matmul takes
 * transposed operands without.
 *
 * @throws {ShapeError} if `axes` is no permutation.
 * @example
 * const y = transpose(tensor([[1, 2, 3], [4, 5, 6]])); // [[1, 4], [2, 5], [3, 6]]
 */
export function transpose<T extends Tensor>(x: T, axes?: readonly number[]): T {
  checkTensor("transpose", x);
  if (axes === undefined)
    return transpose(
      x,
      x.shape.map((_, i) => x.rank - 1 - i),
    );
  checkList("transpose", "axes", axes);
  const order = axes.map((axis) => checkAxis("transpose", axis, x.rank));
  if (order.length !== x.rank || new Set(order).size !== x.rank)
    throw new ShapeError(
      `transpose: axes [${axes}] do not name each of the ${x.rank} dimensions of ${show(x.shape)} once`,
    );
  const swaps = order.every((axis, i) => axis === (i < x.rank - 2 ? i : 2 * x.rank - 3 - i));
  if (swaps && x.rank >= 2 && x.dtype !== "u8") return apply(swapOp, [x], undefined) as T;
  const strides = stridesOf(x.shape);
  return strided(x, {
    name: "transpose",
    shape: order.map((axis) => x.shape[axis]!),
    strides: order.map((axis) => strides[axis]!),
    start: 0,
    back: (g) =>
      transpose(
        g,
        order.map((_, i) => order.indexOf(i)),
      ),
  });
}

/** Where a slice begins, ends (excluded) and how far it steps, per axis. */
export interface SliceRange {
  start?: number;
  end?: number;
  step?: number;
}

/**
 * Part of a tensor: per axis a range, with Python's meaning of negative bounds; axes not named are whole. Copies.
 *
 * @throws {ShapeError} if there are more ranges than axes.
 * @throws {ArgumentError} if a bound is no integer, or a step 0 or no integer.
 * @example
 * const y = slice(tensor([[1, 2, 3], [4, 5, 6]]), [{ start: 1 }, { end: -1 }]); // [[4, 5]]
 */
export function slice<T extends Tensor>(x: T, ranges: readonly SliceRange[]): T {
  checkTensor("slice", x);
  checkList("slice", "ranges", ranges);
  for (const range of ranges)
    if (typeof range !== "object" || range === null || Array.isArray(range))
      throw wrong("slice", "a range", range, "{ start, end, step }");
  if (ranges.length > x.rank)
    throw new ShapeError(`slice: ${ranges.length} ranges for ${show(x.shape)}, which has ${x.rank} axes`);
  const steps = stridesOf(x.shape);
  const cuts = x.shape.map((size, axis) => cut(size, ranges[axis] ?? {}));
  const region: Strided = {
    shape: cuts.map((c) => c.length),
    strides: cuts.map((c, axis) => c.step * steps[axis]!),
    start: cuts.reduce((sum, c, axis) => sum + c.start * steps[axis]!, 0),
  };
  return strided(x, { name: "slice", ...region, back: (g, from) => scatter(g, from.shape, region) });
}

function cut(size: number, { start, end, step = 1 }: SliceRange): { start: number; length: number; step: number } {
  if (!Number.isInteger(step) || step === 0)
    throw new ArgumentError(`slice: step ${step}; steps are integers other than 0`);
  for (const value of [start, end])
    if (value !== undefined && !Number.isInteger(value))
      throw new ArgumentError(`slice: bound ${value}; bounds are integers, or left out for the whole axis`);
  const bound = (value: number, low: number, high: number): number =>
    Math.min(Math.max(value < 0 ? value + size : value, low), high);
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const first = start === undefined ? (step > 0 ? low : high) : bound(start, low, high);
  const last = end === undefined ? (step > 0 ? high : low) : bound(end, low, high);
  const length = Math.max(0, Math.ceil((last - first) / step));
  return { start: length === 0 ? 0 : first, length, step };
}

/** The inverse of a strided copy: g written where it was read, 0 elsewhere. */
const scatterOp: Op<{ shape: Shape; region: Strided }> = {
  name: "scatter",
  infer([g], { shape, region }): OutPlan {
    const cols = g!.shape[g!.rank - 1] ?? 1;
    const table = g!.rank === 0 ? [1, 0] : [...region.shape, ...region.strides];
    return { shape, dtype: "f32", table, prepareWork: sizeOf(shape), work: cols === 0 ? 0 : g!.size / cols };
  },
  prepare(k, out, _, __, ___, begin, end) {
    k.fill_x32(out, 0, begin, end);
  },
  wasm(k, out, [g], { table }, { region }, begin, end, scratch) {
    k.scatter_x32(out + region.start * 4, g!, scratch, table!.length / 2, begin, end);
  },
  vjp: (gg, { params: { shape, region } }) => [
    strided(gg, { name: "slice", ...region, back: (g) => scatter(g, shape, region) }),
  ],
};

function scatter(g: Tensor, shape: Shape, region: Strided): Tensor {
  return g.size === 0 ? zeros(shape) : apply(scatterOp, [g], { shape, region });
}
