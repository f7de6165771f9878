// Wasm memory that is watched: kernels called by hand must write what they are told to, and nothing else.
import { heap } from "../src/runtime/heap.js";
import { wasmBytes } from "./grid.js";

/** Bytes around each block; they hold NaN as f32, so that a value read past an end and used shows, too. */
const guard = 64;
const filler = 0xff;

export class Arena {
  private readonly start: number;
  private next = guard;

  constructor(private readonly bytes = 1 << 16) {
    this.start = heap.allocate(bytes);
    this.bytesView().fill(filler);
  }

  /** Room for `bytes` bytes, `shift` bytes past a multiple of 16, filled with 0xff. */
  room(bytes: number, shift = 0): number {
    const base = Math.ceil((this.start + this.next) / 16) * 16 - this.start + shift;
    this.next = base + bytes + guard;
    if (this.next > this.bytes) throw new Error(`arena: ${this.next} bytes needed, ${this.bytes} there`);
    return this.start + base;
  }

  /** A pointer to a copy of the values. */
  put(values: Float32Array | Int32Array | Uint8Array, shift = 0): number {
    const pointer = this.room(values.byteLength, shift);
    this.bytesView().set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), pointer - this.start);
    return pointer;
  }

  floats(pointer: number, count: number): Float32Array {
    return new Float32Array(this.copy(pointer, count * 4).buffer);
  }

  /** A copy of the bytes. */
  copy(pointer: number, bytes: number): Uint8Array<ArrayBuffer> {
    return this.bytesView().slice(pointer - this.start, pointer - this.start + bytes);
  }

  /** Runs `fn` and asserts that of the blocks here, and a page past them, only the bytes [from, to) changed. */
  writes(from: number, to: number, about: string, fn: () => void): void {
    const watched = Math.min(this.bytes, this.next + 4096);
    const before = this.bytesView().slice(0, watched);
    fn();
    const after = this.bytesView();
    const same = (start: number, end: number): boolean =>
      Buffer.compare(before.subarray(start, end), after.subarray(start, end)) === 0;
    if (same(0, from - this.start) && same(to - this.start, watched)) return;
    const at = before.findIndex((byte, i) => byte !== after[i] && (i < from - this.start || i >= to - this.start));
    throw new Error(`${about}: wrote at byte ${this.start + at}, outside of ${from} to ${to}`);
  }

  /** Forgets what was put; for the next case. */
  clear(): void {
    this.bytesView().fill(filler);
    this.next = guard;
  }

  dispose(): void {
    heap.release(this.start, this.bytes);
  }

  private bytesView(): Uint8Array {
    return wasmBytes().subarray(this.start, this.start + this.bytes);
  }
}

/** Runs `fn` with an arena and frees it. */
export function withArena<T>(fn: (arena: Arena) => T, bytes?: number): T {
  const arena = new Arena(bytes);
  try {
    return fn(arena);
  } finally {
    arena.dispose();
  }
}

/** Ways to cut [0, work) into slices: whole, in two at several places, and one by one where that is short. */
export function cuts(work: number): (readonly [begin: number, end: number])[][] {
  const two = [...new Set([1, 2, 3, 5, work >> 1, work - 1])].filter((at) => at > 0 && at < work);
  const ways: (readonly [number, number])[][] = two.map((at) => [
    [at, work],
    [0, at],
  ]);
  if (work <= 33) ways.push(Array.from({ length: work }, (_, i) => [i, i + 1] as const));
  return ways;
}
