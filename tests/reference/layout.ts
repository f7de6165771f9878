import { coordinates, indexOf, type Reference, sizeOf, sumTo } from "./array.js";

/** Dimension i of the result is dimension axes[i] of x. */
export function transpose(x: Reference, axes: readonly number[]): Reference {
  const shape = axes.map((axis) => x.shape[axis]!);
  const data = new Float64Array(x.data.length);
  const from = x.shape.map(() => 0);
  let n = 0;
  for (const at of coordinates(shape)) {
    for (const [i, axis] of axes.entries()) from[axis] = at[i]!;
    data[n++] = x.data[indexOfExact(x.shape, from)]!;
  }
  return { shape, data };
}

export interface Range {
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
}

/** The indices that Python's start:end:step selects from 0..size−1, from their definition: walk, leave out, take every step-th. */
export function selected(size: number, { start, end, step = 1 }: Range): number[] {
  const count = (i: number): number => (i < 0 ? i + size : i);
  const all = Array.from({ length: size }, (_, i) => i);
  const walk = step > 0 ? all : all.reverse();
  const begun = (i: number): boolean => start === undefined || (step > 0 ? i >= count(start) : i <= count(start));
  const open = (i: number): boolean => end === undefined || (step > 0 ? i < count(end) : i > count(end));
  return walk.filter((i) => begun(i) && open(i)).filter((_, n) => n % Math.abs(step) === 0);
}

export function slice(x: Reference, ranges: readonly Range[]): Reference {
  const picks = x.shape.map((size, axis) => selected(size, ranges[axis] ?? {}));
  const shape = picks.map((p) => p.length);
  const data = new Float64Array(sizeOf(shape));
  let n = 0;
  for (const at of coordinates(shape))
    data[n++] =
      x.data[
        indexOfExact(
          x.shape,
          at.map((i, axis) => picks[axis]![i]!),
        )
      ]!;
  return { shape, data };
}

/** The adjoint of slice: g where it was read, 0 elsewhere. */
export function sliceVjp(g: Reference, shape: readonly number[], ranges: readonly Range[]): Reference {
  const picks = shape.map((size, axis) => selected(size, ranges[axis] ?? {}));
  const data = new Float64Array(sizeOf(shape));
  let n = 0;
  for (const at of coordinates(g.shape))
    data[
      indexOfExact(
        shape,
        at.map((i, axis) => picks[axis]![i]!),
      )
    ]! += g.data[n++]!;
  return { shape, data };
}

export function expand(x: Reference, shape: readonly number[]): Reference {
  const data = new Float64Array(sizeOf(shape));
  let n = 0;
  for (const at of coordinates(shape)) data[n++] = x.data[indexOf(x.shape, at)]!;
  return { shape, data };
}

export const expandVjp = sumTo;

function indexOfExact(shape: readonly number[], at: readonly number[]): number {
  return shape.reduce((index, size, i) => index * size + at[i]!, 0);
}
