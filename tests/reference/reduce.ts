import { coordinates, indexOf, normalAxes, type Reference, sizeOf } from "./array.js";

export type ReduceName = "sum" | "mean" | "max" | "min" | "norm";

export interface ReduceOptions {
  readonly axes?: number | readonly number[];
  readonly keepDims?: boolean;
}

/** For each element of the result, in order, where in x the elements are that it is made of, in order. */
export function groups(shape: readonly number[], options: ReduceOptions): { kept: number[]; members: number[][] } {
  const gone = normalAxes(options.axes, shape.length);
  const kept = shape.map((d, i) => (gone.includes(i) ? 1 : d));
  const members = Array.from({ length: sizeOf(kept) }, (): number[] => []);
  let n = 0;
  for (const at of coordinates(shape)) members[indexOf(kept, at)]!.push(n++);
  return { kept, members };
}

const folds: Record<ReduceName, (xs: readonly number[]) => number> = {
  sum: (xs) => xs.reduce((a, x) => a + x, 0),
  mean: (xs) => xs.reduce((a, x) => a + x, 0) / xs.length,
  max: (xs) => Math.max(...xs),
  min: (xs) => Math.min(...xs),
  norm: (xs) => Math.sqrt(xs.reduce((a, x) => a + x * x, 0)),
};

/** The derivative of the result by each of its members. */
const slopes: Record<ReduceName, (x: number, xs: readonly number[], y: number) => number> = {
  sum: () => 1,
  mean: (_, xs) => 1 / xs.length,
  max: (x, xs, y) => (x === y ? 1 / xs.filter((v) => v === y).length : 0),
  min: (x, xs, y) => (x === y ? 1 / xs.filter((v) => v === y).length : 0),
  norm: (x, _, y) => (y === 0 ? 0 : x / y),
};

function shapeOf(shape: readonly number[], options: ReduceOptions, kept: number[]): number[] {
  const gone = normalAxes(options.axes, shape.length);
  return options.keepDims ? kept : kept.filter((_, i) => !gone.includes(i));
}

export function forward(name: ReduceName, x: Reference, options: ReduceOptions = {}): Reference {
  const { kept, members } = groups(x.shape, options);
  const data = Float64Array.from(members, (group) => folds[name](group.map((i) => x.data[i]!)));
  return { shape: shapeOf(x.shape, options, kept), data };
}

export function vjp(name: ReduceName, g: Reference, x: Reference, options: ReduceOptions = {}): Reference {
  const { members } = groups(x.shape, options);
  const data = new Float64Array(x.data.length);
  for (const [e, group] of members.entries()) {
    const xs = group.map((i) => x.data[i]!);
    const y = folds[name](xs);
    for (const i of group) data[i] = g.data[e]! * slopes[name](x.data[i]!, xs, y);
  }
  return { shape: x.shape, data };
}

/** The position of the largest along an axis, the first of equals; NaN is largest. */
export function argmax(x: Reference, axis: number, keepDims = false): Reference {
  const { kept, members } = groups(x.shape, { axes: axis });
  const first = (xs: number[]): number =>
    xs.some(Number.isNaN) ? xs.findIndex(Number.isNaN) : xs.indexOf(Math.max(...xs));
  const data = Float64Array.from(members, (group) => first(group.map((i) => x.data[i]!)));
  return { shape: shapeOf(x.shape, { axes: axis, keepDims }, kept), data };
}
