// What gradient checks are drawn from: shapes, and numbers that keep clear of where a function bends.
import { type Tensor, tensor } from "../../src/tensor.js";
import { distributions, type Random } from "../grid.js";
import { generate, type Reference, reference, sizeOf } from "../reference/array.js";

/** One op on operands of one shape. */
export interface Instance {
  /** What gradients are asked for. All values are f32. */
  readonly operands: readonly Reference[];
  readonly forward: (xs: readonly Reference[]) => Reference;
  /** The gradients by the operands, from g and the mathematics. */
  readonly vjp: (g: Reference, xs: readonly Reference[]) => readonly Reference[];
  readonly ours: (xs: readonly Tensor[]) => Tensor;
  /**
   * For sums of products: how many roundings each element of each gradient takes. Its error is at most (roundings + 1) · 2⁻²⁴ times
   * the vjp of the magnitudes.
   */
  readonly roundings?: readonly number[];
}

/** Draws the op for shape number `i` of `shapes`. */
export type Draw = (next: Random, i: number) => Instance;

export const shapes: readonly (readonly number[])[] = [
  ...[[], [1], [2], [3], [4], [5], [7], [9], [17], [33]],
  ...[
    [1, 1],
    [2, 3],
    [4, 5],
    [5, 1],
    [1, 6],
    [9, 4],
    [2, 3, 4],
    [3, 1, 5],
    [2, 4, 3],
    [2, 1, 3, 2],
  ],
];

export type Kind = (next: Random) => number;
export const normal: Kind = (next) => distributions.normal(next);
export const positive: Kind = (next) => 0.5 + 2 * next();
/** Far enough from where a function bends for central differences. */
export const awayFrom =
  (...kinks: number[]): Kind =>
  (next) => {
    for (;;) {
      const x = 1.5 * normal(next);
      if (kinks.every((kink) => Math.abs(x - kink) > 0.01)) return x;
    }
  };

export function real(shape: readonly number[], next: Random, kind: Kind = normal): Reference {
  return generate(shape, () => Math.fround(kind(next)));
}

/** Values a hundredth apart at least, in any order. */
export function distinct(shape: readonly number[], next: Random): Reference {
  const order = Array.from({ length: sizeOf(shape) }, (_, i) => [next(), i] as const).sort((a, b) => a[0] - b[0]);
  return generate(shape, (i) => Math.fround((order[i]![1] + next() * 0.8) * 0.05 - 1));
}

/** Shape number `i`, with an axis at least. */
export function ranked(i: number): readonly number[] {
  return shapes[i]!.length === 0 ? [6] : shapes[i]!;
}

/** Operands of one shape, and with axes that repeat on either side or both. */
export function pairOf(i: number): [readonly number[], readonly number[]] {
  const shape = shapes[i]!;
  const every = (odd: number): number[] => shape.map((d, axis) => (axis % 2 === odd ? 1 : d));
  return (
    [
      [shape, shape],
      [shape, every(0)],
      [shape.slice(1), shape],
      [every(1), every(0)],
    ] as const
  )[i % 4]!.map((s) => [...s]) as [number[], number[]];
}

/** Two operands of which no two values are near. */
export function apart(a: readonly number[], b: readonly number[], next: Random): [Reference, Reference] {
  const all = distinct([sizeOf(a) + sizeOf(b)], next).data;
  return [reference(a, all.slice(0, sizeOf(a))), reference(b, all.slice(sizeOf(a)))];
}

export function toTensor(x: Reference): Tensor {
  return tensor(Float32Array.from(x.data), x.shape);
}
