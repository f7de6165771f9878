import { DeviceError, OutOfMemoryError } from "../errors.js";

const page = 65536;
/** Blocks start at multiples of this; a cache line, and four vectors. */
const align = 64;
/** Kernels may read, never write, this far past the end of a tensor. */
const overread = 16;

/** Most that the memory may grow to. */
export const maxBytes = 65535 * page;

/** What `memory()` tells. */
export interface MemoryInfo {
  /** Tensors alive. */
  readonly tensors: number;
  /** Bytes that live tensors own; views add nothing. */
  readonly bytes: number;
  /** Largest `bytes` so far. */
  readonly peakBytes: number;
  /** Bytes of the wasm memory; it never shrinks. */
  readonly heapBytes: number;
  /** Bytes that it may grow to. */
  readonly limitBytes: number;
  /** Tensors that the garbage collector found before `dispose()` or a scope did: each is a leak to mend. */
  readonly collected: number;
}

/** The block size for `bytes`: whole lines, from 1 KB on in steps of an eighth, so that freed blocks are found again. */
function capacityFor(bytes: number): number {
  const lines = Math.ceil((bytes + overread) / align);
  if (lines <= 16) return lines * align;
  const step = (1 << (28 - Math.clz32(lines))) >>> 0;
  return Math.ceil(lines / step) * step * align;
}

/** @throws {OutOfMemoryError} if there is not even a page, or no addresses for it to grow into. @throws {DeviceError} */
function makeMemory(): WebAssembly.Memory {
  if (typeof WebAssembly !== "object")
    throw new DeviceError(
      "memory: this host has no WebAssembly; a browser that is locked down must allow it for this site, others must be newer",
    );
  try {
    return new WebAssembly.Memory({ initial: 1 });
  } catch {
    const fix = "close other pages or workers, or raise the limit on memory, also of addresses (ulimit -v)";
    throw new OutOfMemoryError(`memory: this host has none left for WebAssembly; ${fix}`, page, 0, 0);
  }
}

/**
 * The allocator over the one wasm memory. A freed block goes to the list of its capacity and is taken from there; only when
 * there is none, and no room above `top`, are larger blocks split, then neighbours joined, and at last the memory grown.
 */
class Heap {
  private made: WebAssembly.Memory | undefined;
  /** One page short of 4 GiB: a vector read at the end of the last block must not wrap round to 0. */
  limitBytes = maxBytes;
  /** Growth asks for this share of the present size beyond what is needed. */
  headroom = 0.25;
  tensors = 0;
  collected = 0;
  private bytes = 0;
  private peakBytes = 0;
  /** Everything from here on was never used; address 0 stays reserved. */
  private top = align;
  private readonly free = new Map<number, number[]>();
  private freeBytes = 0;
  private scattered = false;

  /** Made when first asked for, so that importing does no work. Its buffer is not to be kept: growth detaches it. */
  get memory(): WebAssembly.Memory {
    return (this.made ??= makeMemory());
  }

  /** Goes on in another memory: all that is alive is copied, and lies where it was. */
  move(to: WebAssembly.Memory): void {
    if (to === this.made) return;
    const from = this.memory.buffer;
    to.grow((from.byteLength - to.buffer.byteLength) / page);
    new Uint8Array(to.buffer).set(new Uint8Array(from, 0, this.top));
    this.made = to;
  }

  /** A pointer to `bytes` bytes, not cleared. @throws {OutOfMemoryError} */
  allocate(bytes: number): number {
    const capacity = capacityFor(bytes);
    const pointer = this.take(capacity);
    this.bytes += capacity;
    if (this.bytes > this.peakBytes) this.peakBytes = this.bytes;
    return pointer;
  }

  /** Gives back what `allocate(bytes)` returned. */
  release(pointer: number, bytes: number): void {
    const capacity = capacityFor(bytes);
    this.bytes -= capacity;
    this.put(pointer, capacity);
    this.scattered = true;
  }

  info(): MemoryInfo {
    return {
      tensors: this.tensors,
      bytes: this.bytes,
      peakBytes: this.peakBytes,
      heapBytes: this.memory.buffer.byteLength,
      limitBytes: this.limitBytes,
      collected: this.collected,
    };
  }

  private take(capacity: number): number {
    const list = this.free.get(capacity);
    if (list !== undefined && list.length > 0) {
      this.freeBytes -= capacity;
      return list.pop()!;
    }
    if (this.top + capacity <= this.memory.buffer.byteLength) return this.bump(capacity);
    if (this.freeBytes >= capacity) {
      const split = this.split(capacity);
      if (split !== 0) return split;
      if (this.scattered) {
        this.join();
        if (this.top + capacity <= this.memory.buffer.byteLength) return this.bump(capacity);
        const joined = this.split(capacity);
        if (joined !== 0) return joined;
      }
    }
    this.grow(capacity);
    return this.bump(capacity);
  }

  private bump(capacity: number): number {
    const pointer = this.top;
    this.top += capacity;
    return pointer;
  }

  private put(pointer: number, capacity: number): void {
    const list = this.free.get(capacity);
    if (list === undefined) this.free.set(capacity, [pointer]);
    else list.push(pointer);
    this.freeBytes += capacity;
  }

  /** Part of the smallest free block that is large enough; 0 if there is none. */
  private split(capacity: number): number {
    let best = Number.POSITIVE_INFINITY;
    for (const [size, list] of this.free) if (size >= capacity && size < best && list.length > 0) best = size;
    if (best === Number.POSITIVE_INFINITY) return 0;
    const pointer = this.free.get(best)!.pop()!;
    this.freeBytes -= best;
    if (best > capacity) this.put(pointer + capacity, best - capacity);
    return pointer;
  }

  /** Joins free neighbours; a last one falls back to `top`. */
  private join(): void {
    const blocks: [number, number][] = [];
    for (const [size, list] of this.free) for (const pointer of list) blocks.push([pointer, size]);
    blocks.sort((a, b) => a[0] - b[0]);
    this.free.clear();
    this.freeBytes = 0;
    this.scattered = false;
    let start = 0;
    let end = 0;
    for (const [pointer, size] of blocks) {
      if (pointer !== end) {
        if (end > start) this.put(start, end - start);
        start = pointer;
      }
      end = pointer + size;
    }
    if (end > start && end === this.top) this.top = start;
    else if (end > start) this.put(start, end - start);
  }

  private grow(capacity: number): void {
    const size = this.memory.buffer.byteLength;
    const least = Math.ceil((this.top + capacity - size) / page);
    const room = Math.floor((this.limitBytes - size) / page);
    const most = Math.min(room, Math.max(least, Math.ceil((size / page) * this.headroom)));
    if (least <= room && (this.tryGrow(most) || (most > least && this.tryGrow(least)))) return;
    const free = size - this.top + this.freeBytes;
    throw new OutOfMemoryError(
      `memory: ${capacity} bytes are needed, ${free} are free and the limit is ${this.limitBytes}; ` +
        "dispose of tensors (see memory()), use smaller batches, or raise init({ maxBytes })",
      capacity,
      free,
      this.limitBytes,
    );
  }

  private tryGrow(pages: number): boolean {
    try {
      return this.memory.grow(pages) >= 0;
    } catch {
      return false;
    }
  }
}

/** One heap, one memory, for the life of the program. */
export const heap = new Heap();

/**
 * How many tensors are alive and how many bytes they take.
 *
 * @example
 * const { tensors, bytes, peakBytes } = memory();
 */
export function memory(): MemoryInfo {
  return heap.info();
}

/** Bytes on the heap, shared by a tensor and its views. */
export class Storage {
  readonly pointer: number;
  /** Views of this storage that are alive. */
  refs = 1;

  constructor(readonly bytes: number) {
    this.pointer = heap.allocate(bytes);
  }

  retain(): this {
    this.refs++;
    return this;
  }

  release(): void {
    if (--this.refs === 0) heap.release(this.pointer, this.bytes);
  }
}
