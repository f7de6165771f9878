/** Which scale an element has: the same for all, one to each index of an axis, one to each group of a row. */
export interface Sharing {
  readonly axis?: number;
  readonly group?: number;
}

/** The index of the scale of each element of a tensor, and how many scales there are. */
export function scaleIndices(shape: readonly number[], { axis, group }: Sharing): { index: number[]; count: number } {
  const size = shape.reduce((n, d) => n * d, 1);
  const inner = (from: number): number => shape.slice(from).reduce((n, d) => n * d, 1);
  if (axis !== undefined) {
    const at = (i: number): number => Math.floor(i / inner(axis + 1)) % shape[axis]!;
    return { index: Array.from({ length: size }, (_, i) => at(i)), count: shape[axis]! };
  }
  if (group === undefined) return { index: new Array<number>(size).fill(0), count: 1 };
  const len = shape.at(-1)!;
  const groups = Math.ceil(len / group);
  const at = (i: number): number => Math.floor(i / len) * groups + Math.floor((i % len) / group);
  return { index: Array.from({ length: size }, (_, i) => at(i)), count: (size / len) * groups };
}

/** To the nearest integer, ties to even. */
export function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** The quotient is an f32, as the kernel's is; the rest is exact but for the last product. */
export function codeOf(x: number, scale: number, zero: number): number {
  const v = Math.fround(x / scale);
  return Number.isFinite(v) ? roundEven(v) + zero : v;
}

/** What a code within the bounds stands for. */
export function fake(x: number, scale: number, zero: number, low: number, high: number): number {
  return Math.fround((Math.min(Math.max(codeOf(x, scale, zero), low), high) - zero) * scale);
}

/** LSQ's derivative of the value by the scale. */
export function stepSlope(x: number, scale: number, low: number, high: number): number {
  const v = Math.fround(x / scale);
  if (v <= low) return low;
  return v >= high ? high : roundEven(v) - v;
}
