import { checkNumbers } from "./check.js";
import type { Epilogue } from "./epilogue.js";
import { ArgumentError, DTypeError } from "./errors.js";
import { heap, Storage } from "./runtime/heap.js";
import { scope } from "./scope.js";
import { type Shape, sameShape, show, sizeOf } from "./shape.js";
import { readTensor, Tensor } from "./tensor.js";

/** How the numbers of a packed tensor are stored: plain data, saved beside them. */
export interface Format {
  /** Which class of packed tensor it is, in a file too. */
  readonly kind: string;
  readonly [setting: string]: number | boolean | string | undefined;
}

/** A named part of a packed tensor's storage, as a file holds it. */
export interface Section {
  readonly name: string;
  readonly dtype: "U8" | "I8" | "U16" | "I32" | "F32";
  readonly shape: Shape;
  /** Bytes from the start of the storage; a multiple of 16, so that kernels read whole vectors. */
  readonly offset: number;
}

/** Bytes of an element of a section. */
export const sectionBytes: Readonly<Record<Section["dtype"], number>> = { U8: 1, I8: 1, U16: 2, I32: 4, F32: 4 };

/** Sections one after another, each aligned, and the bytes they take together. */
export function layOut(parts: readonly Omit<Section, "offset">[]): { sections: Section[]; bytes: number } {
  let bytes = 0;
  const sections = parts.map((part) => {
    const section = { ...part, offset: bytes };
    const size = sizeOf(part.shape) * sectionBytes[part.dtype];
    bytes += Math.ceil(size / 16) * 16;
    return section;
  });
  return { sections, bytes };
}

/**
 * A matrix [out, in] that is not stored as f32: quantized, sparse, binary. It goes wherever `matmul` takes a weight; all other ops
 * refuse it, and `dense()` makes it f32 for them. One block of storage, laid out by its format.
 */
export abstract class Packed extends Tensor<"packed"> {
  constructor(
    shape: Shape,
    readonly format: Format,
    storage: Storage,
    held = false,
  ) {
    super(shape, "packed", storage, held);
  }

  /** What is where in the storage. */
  abstract readonly sections: readonly Section[];

  /** The f32 numbers it stands for. */
  abstract dense(): Tensor<"f32">;

  /** x [m, in] · thisᵀ → [m, out], then bias and activation. Called by `matmul`, which has checked the shapes. @internal */
  abstract multiply(x: Tensor, epilogue: Epilogue): Tensor<"f32">;

  /** A handle of the same class on the same storage. @internal */
  protected abstract again(held: boolean): Packed;

  /** Bytes that it takes. */
  get bytes(): number {
    return this.storage.bytes;
  }

  /** The f32 numbers it stands for, copied out. */
  override async data(): Promise<Float32Array> {
    const dense = this.dense();
    try {
      return readTensor(dense);
    } finally {
      dense.dispose();
    }
  }

  /** @internal */
  override alias(shape: Shape = this.shape, held = false): Packed {
    void this.pointer;
    if (!sameShape(shape, this.shape))
      throw new DTypeError(
        `reshape: ${show(this.shape)} is packed as ${this.format.kind} and keeps its shape; take its dense()`,
      );
    return this.again(held);
  }

  override toString(): string {
    return `Tensor(packed ${this.format.kind} ${show(this.shape)}${this.disposed ? ", disposed" : ""})`;
  }
}

/** A class of packed tensors: what a file needs to make one. */
export interface PackedClass {
  new (shape: Shape, format: Format, storage: Storage, held?: boolean): Packed;
  /** What is where. @throws {ArgumentError} if the format makes no sense for the shape. */
  layout(shape: Shape, format: Format): { readonly sections: readonly Section[]; readonly bytes: number };
  /** Guards contents that come from outside: indices in range, scales finite. @throws {ArgumentError} */
  verify(packed: Packed): void;
}

/**
 * A packed tensor from the bytes of its sections.
 *
 * @throws {ArgumentError} if a section is missing or of another size, or its contents make no sense.
 * @throws {OutOfMemoryError}
 */
export function assemble(
  kind: PackedClass,
  shape: Shape,
  format: Format,
  parts: Readonly<Record<string, ArrayBufferView>>,
): Packed {
  const { sections, bytes } = kind.layout(shape, format);
  for (const section of sections) {
    const part = parts[section.name];
    const size = sizeOf(section.shape) * sectionBytes[section.dtype];
    if (part?.byteLength !== size)
      throw new ArgumentError(
        `packed ${format.kind} ${show(shape)}: section ${section.name} takes ${size} bytes, got ${part?.byteLength ?? "none"}`,
      );
  }
  const packed = new kind(shape, format, new Storage(bytes));
  try {
    // What lies between the sections is 0: the same tensor, the same bytes.
    const memory = new Uint8Array(heap.memory.buffer, packed.pointer, bytes).fill(0);
    for (const { name, offset } of sections) {
      const { buffer, byteOffset, byteLength } = parts[name]!;
      memory.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    }
    kind.verify(packed);
  } catch (error) {
    packed.dispose();
    throw error;
  }
  return packed;
}

/** Guards what codes and scales stand for: two finite factors may still be too much together. @throws {ArgumentError} */
export function checkDense(packed: Packed): void {
  scope(() => checkNumbers(`${packed}`, "number", readTensor(packed.dense())));
}

/** The bytes of a section, copied out. */
export function sectionOf(packed: Packed, { shape, dtype, offset }: Section): Uint8Array {
  const bytes = sizeOf(shape) * sectionBytes[dtype];
  return new Uint8Array(heap.memory.buffer, packed.pointer + offset, bytes).slice();
}
