// Numbers for the ops that move values or take any dtype.
import { type DataOf, type DType, viewOf } from "../src/dtype.js";
import { readTensor, type Tensor } from "../src/tensor.js";
import { draw, pick, random, sizes } from "./grid.js";
import { generate, type Reference } from "./reference/array.js";

export const dtypes: readonly DType[] = ["f32", "i32", "u8"];

/** Shapes of every rank from 0 to 5 around the vector width, with ones and zeros in each place. */
export const shapes: readonly (readonly number[])[] = [
  [],
  ...sizes.map((n) => [n]),
  ...[1, 3, 4, 5, 17].flatMap((n) => [
    [n, 3],
    [4, n],
    [2, n, 3],
    [3, 2, n],
  ]),
  ...[
    [0, 3],
    [3, 0],
    [2, 0, 5],
    [0, 0],
    [1, 1, 1],
    [5, 1, 4],
    [1, 9, 1],
    [2, 3, 4, 5],
    [3, 1, 2, 1, 4],
  ],
];

/** Values of all bit patterns: f32 has NaNs with payloads, infinities, denormals. */
export function values<D extends DType>(dtype: D, count: number, seed: number): DataOf<D> {
  const next = random(seed);
  const bytes = Uint8Array.from({ length: count * (dtype === "u8" ? 1 : 4) }, () => pick(next, 256));
  return viewOf(dtype, bytes.buffer, 0, count) as DataOf<D>;
}

type Values = Float32Array | Int32Array | Uint8Array;

/** The elements as unsigned integers: JavaScript may change the payload of a NaN that it copies. */
function words(data: Values): Uint32Array | Uint8Array {
  return data instanceof Uint8Array ? data : new Uint32Array(data.buffer, data.byteOffset, data.length);
}

/** What a reference that moved positions says about values: each stands where its position went. */
export function moved(source: Values, positions: Reference): Uint32Array | Uint8Array {
  const from = words(source);
  const to =
    source instanceof Uint8Array ? new Uint8Array(positions.data.length) : new Uint32Array(positions.data.length);
  for (const [i, at] of positions.data.entries()) to[i] = from[at]!;
  return to;
}

/** The same bits, NaN payloads included. */
export function expectBits(actual: Values, expected: Values | Uint32Array, about: string): void {
  const want = expected instanceof Uint32Array ? expected : words(expected);
  const got = words(actual);
  if (got.length !== want.length) throw new Error(`${about}: ${got.length} values, expected ${want.length}`);
  for (let i = 0; i < got.length; i++)
    if (got[i] !== want[i])
      throw new Error(`${about}: [${i}] is 0x${got[i]!.toString(16)}, expected 0x${want[i]!.toString(16)}`);
}

/** 0, 1, 2 … in a shape. */
export function positions(shape: readonly number[]): Reference {
  return generate(shape, (i) => i);
}

/** A tensor as references see it. */
export function referenceOf(t: Tensor): Reference {
  return { shape: t.shape, data: Float64Array.from(readTensor(t)) };
}

/** f32 numbers of moderate size as a reference. */
export function drawn(shape: readonly number[], seed: number): Reference {
  const next = draw(
    "normal",
    shape.reduce((n, d) => n * d, 1),
    seed,
  );
  return generate(shape, (i) => next[i]!);
}
