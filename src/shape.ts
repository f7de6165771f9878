import { said } from "./check.js";
import { ShapeError } from "./errors.js";

/** Sizes of the dimensions, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Most elements in one tensor: byte offsets stay below 2³². */
const maxElements = 2 ** 30 - 64;

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const d of shape) size *= d;
  return size;
}

/** `[2, 3]`, as errors print it. */
export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Guards a shape given by a caller. */
export function checkShape(who: string, shape: Shape): void {
  if (!Array.isArray(shape))
    throw new ShapeError(`${who}: the shape is ${said(shape)}; it must be a list, such as [2, 3]`);
  let size = 1;
  for (const d of shape) {
    if (!Number.isInteger(d) || d < 0)
      throw new ShapeError(`${who}: shape ${show(shape)} has the size ${said(d)}; sizes are integers from 0`);
    size *= d;
  }
  // Not `>`: ∞ · 0 is NaN.
  if (!(size <= maxElements))
    throw new ShapeError(`${who}: shape ${show(shape)} has ${size} elements; a tensor holds at most ${maxElements}`);
}

/** Guards the shape of weights. @throws {ShapeError} */
export function checkMatrixShape(who: string, name: string, shape: Shape): void {
  if (shape.length !== 2) throw new ShapeError(`${who}: ${name} is ${show(shape)}; it must be [out, in]`);
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The shape that `a` and `b` broadcast to: aligned at the right, equal or 1 in each dimension (as in NumPy). */
export function broadcastShape(who: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const da = a[a.length - i] ?? 1;
    const db = b[b.length - i] ?? 1;
    if (da !== db && da !== 1 && db !== 1)
      throw new ShapeError(
        `${who}: shapes ${show(a)} and ${show(b)} do not broadcast: from the right, dimension ${i} is ${da} and ${db}; ` +
          "sizes must be equal or 1",
      );
    shape[rank - i] = da === 1 ? db : da;
  }
  return shape;
}

/** An axis in 0..rank−1; negative ones count from the end. */
export function checkAxis(who: string, axis: number, rank: number): number {
  const a = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || a < 0 || a >= rank)
    throw new ShapeError(
      rank === 0
        ? `${who}: axis ${said(axis)} of a scalar; it has no axes`
        : `${who}: axis ${said(axis)} is outside a tensor of rank ${rank}; it goes from ${-rank} to ${rank - 1}`,
    );
  return a;
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}
