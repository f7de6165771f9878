/** What an element is: 32-bit float, 32-bit signed integer, byte (also masks: 0 is false). */
export type DType = "f32" | "i32" | "u8";

/** What a tensor may hold: elements one by one, or a matrix packed in a format of its own (see Packed). */
export type Held = DType | "packed";

/** The typed array that `data()` of a tensor of dtype `D` gives. */
export type DataOf<D extends Held = Held> = D extends "f32" | "packed"
  ? Float32Array
  : D extends "i32"
    ? Int32Array
    : Uint8Array;

/** Bytes per element. */
export const bytesOf: Readonly<Record<DType, number>> = { f32: 4, i32: 4, u8: 1 };

/** A typed array over part of a buffer. */
export function viewOf(dtype: DType, buffer: ArrayBufferLike, offset: number, length: number): DataOf {
  if (dtype === "f32") return new Float32Array(buffer, offset, length);
  if (dtype === "i32") return new Int32Array(buffer, offset, length);
  return new Uint8Array(buffer, offset, length);
}
