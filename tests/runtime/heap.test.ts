import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { OutOfMemoryError } from "../../src/errors.js";
import { heap, memory, Storage } from "../../src/runtime/heap.js";
import { wasmBytes } from "../grid.js";

const page = 65536;
/** What kernels may read behind a block. */
const overread = 16;
const unlimited = heap.limitBytes;
const { headroom } = heap;

interface Block {
  readonly pointer: number;
  readonly bytes: number;
  readonly mark: number;
}

afterEach(() => {
  vi.restoreAllMocks();
  heap.limitBytes = unlimited;
  heap.headroom = headroom;
  expect(memory().bytes).toBe(0);
});

function take(bytes: number, mark = 0): Block {
  return { pointer: heap.allocate(bytes), bytes, mark };
}

function free(...blocks: { pointer: number; bytes: number }[]): void {
  for (const { pointer, bytes } of blocks) heap.release(pointer, bytes);
}

/** Takes all that is left below the present end of memory, in blocks of `bytes`; from then on growth fails. */
function exhaust(bytes = 48): Block[] {
  heap.limitBytes = memory().heapBytes;
  const blocks: Block[] = [];
  try {
    for (;;) blocks.push(take(bytes));
  } catch (error) {
    expect(error).toBeInstanceOf(OutOfMemoryError);
  }
  return blocks;
}

const size = fc.oneof(
  { weight: 4, arbitrary: fc.nat(300) },
  { weight: 3, arbitrary: fc.nat(20_000) },
  { weight: 1, arbitrary: fc.nat(300_000) },
);
/** A size to allocate, or which of the live blocks to free. */
const steps = fc.array(
  fc.oneof(
    size.map((take) => ({ take })),
    fc.nat().map((give) => ({ give })),
  ),
  {
    maxLength: 120,
  },
);

/** Runs steps against the allocator and checks every promise it makes; returns how many allocations were refused. */
function play(list: ({ take: number } | { give: number })[]): number {
  const live: Block[] = [];
  const before = memory();
  let refused = 0;
  const giveBack = (block: Block) => {
    const bytes = wasmBytes().subarray(block.pointer, block.pointer + block.bytes);
    expect(bytes.every((b) => b === block.mark)).toBe(true);
    free(block);
  };
  for (const [i, step] of list.entries()) {
    if ("give" in step) {
      if (live.length > 0) giveBack(live.splice(step.give % live.length, 1)[0]!);
    } else {
      const held = memory().bytes;
      try {
        const block = take(step.take, (i % 255) + 1);
        wasmBytes().fill(block.mark, block.pointer, block.pointer + block.bytes);
        live.push(block);
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemoryError);
        expect(memory().bytes).toBe(held);
        refused++;
      }
    }
    check(live, before.bytes);
  }
  for (const block of live) giveBack(block);
  expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  return refused;
}

/** `base`: bytes held beside the blocks. */
function check(live: readonly Block[], base: number): void {
  const sorted = [...live].sort((a, b) => a.pointer - b.pointer);
  let end = 64; // address 0 stays reserved
  for (const { pointer, bytes } of sorted) {
    if (pointer % 64 !== 0 || pointer < end) throw new Error(`block at ${pointer}: the one before ends at ${end}`);
    end = pointer + bytes + overread;
  }
  const { peakBytes, heapBytes } = memory();
  const bytes = memory().bytes - base;
  const asked = live.reduce((sum, block) => sum + block.bytes, 0);
  if (end > heapBytes) throw new Error(`a block ends at ${end}, the memory at ${heapBytes}`);
  // A block holds what was asked, the over-read, a line's rest, and at most an eighth more.
  const most = live.reduce((sum, block) => sum + ((block.bytes + overread) * 9) / 8 + 64, 0);
  if (bytes < asked || bytes > most || peakBytes < base + bytes)
    throw new Error(`${asked} bytes asked, ${bytes} counted`);
}

describe("the allocator", () => {
  it("keeps blocks apart, aligned and whole, whatever is taken and freed", () => {
    fc.assert(
      fc.property(steps, (list) => {
        expect(play(list)).toBe(0);
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  it("keeps its promises when the memory may not grow", () => {
    // 128 KB are free, in blocks that have to be joined first.
    const ballast = exhaust();
    free(...ballast.splice(0, 2048));
    let refused = 0;
    fc.assert(
      fc.property(steps, (list) => {
        refused += play(list);
      }),
      { numRuns: 100, seed: 2 },
    );
    expect(refused).toBeGreaterThan(0);
    expect(memory().heapBytes).toBe(heap.limitBytes);
    free(...ballast);
  });

  it("gives a freed block to the next of its size", () => {
    const [a, b] = [take(1000), take(1000)];
    free(a);
    expect(take(1000).pointer).toBe(a.pointer);
    free(a, b);
  });

  it("does not grow while it reuses: 10,000 rounds of mixed sizes", () => {
    const round = () => {
      const blocks = [100, 5000, 70_000, 100, 33].map((bytes) => take(bytes));
      free(...blocks);
    };
    round();
    const { heapBytes } = memory();
    for (let i = 0; i < 10_000; i++) round();
    expect(memory().heapBytes).toBe(heapBytes);
  });

  it("splits a larger block when nothing else is left", () => {
    const large = take(4096);
    const rest = exhaust();
    free(large);
    const parts = [48, 48, 1000].map((bytes) => take(bytes));
    for (const { pointer } of parts) {
      expect(pointer).toBeGreaterThanOrEqual(large.pointer);
      expect(pointer).toBeLessThan(large.pointer + large.bytes);
    }
    free(...parts, ...rest);
  });

  it("joins freed neighbours when no block is large enough", () => {
    const rest = exhaust();
    const { heapBytes } = memory();
    // Every second block first, so that none has a free neighbour yet.
    free(...rest.filter((_, i) => i % 2 === 0));
    expect(() => heap.allocate(300)).toThrow(OutOfMemoryError);
    free(...rest.filter((_, i) => i % 2 === 1));
    const whole = take(rest.length * 56);
    expect(memory().heapBytes).toBe(heapBytes);
    free(whole);
  });

  it("grows by what is missing when the end of the memory is free", () => {
    const blocks = exhaust();
    const { heapBytes } = memory();
    // One block stays in the middle: two fifths are free before it, two behind it up to the end.
    const [low, high] = [Math.floor(blocks.length * 0.4), Math.floor(blocks.length * 0.6)];
    const sorted = blocks.sort((a, b) => a.pointer - b.pointer);
    free(...sorted.slice(0, low), ...sorted.slice(high));
    Object.assign(heap, { limitBytes: unlimited, headroom: 0 });
    const large = take(heapBytes * 0.55);
    expect(memory().heapBytes - heapBytes).toBeLessThan(heapBytes * 0.3);
    free(large, ...sorted.slice(low, high));
  });

  it("counts the bytes alive and the most there were", () => {
    const before = memory();
    const a = new Storage(10_000);
    const held = memory().bytes;
    expect(held).toBeGreaterThanOrEqual(10_000);
    expect(a.retain()).toBe(a);
    a.release();
    expect(memory().bytes).toBe(held);
    a.release();
    expect(memory().bytes).toBe(before.bytes);
    expect(memory().peakBytes).toBeGreaterThanOrEqual(held);
  });

  it("tells its limit and what the memory holds", () => {
    heap.limitBytes = 3 * page;
    expect(memory().limitBytes).toBe(3 * page);
    expect(memory().heapBytes).toBe(heap.memory.buffer.byteLength);
    expect(memory().heapBytes % page).toBe(0);
  });
});

describe("out of memory", () => {
  it("says what is needed, free and allowed, and leaves everything as it was", () => {
    const kept = new Storage(64);
    wasmBytes().fill(7, kept.pointer, kept.pointer + 64);
    heap.limitBytes = memory().heapBytes;
    const before = memory();
    const bytes = 2 * before.heapBytes;
    let error: unknown;
    try {
      heap.allocate(bytes);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(OutOfMemoryError);
    const { needed, free, limit, message } = error as OutOfMemoryError;
    expect(needed).toBeGreaterThanOrEqual(bytes);
    expect(free).toBeGreaterThanOrEqual(0);
    expect(free).toBeLessThan(before.heapBytes);
    expect(limit).toBe(heap.limitBytes);
    for (const figure of [needed, free, limit]) expect(message).toContain(`${figure}`);
    expect(message).toContain("dispose of tensors");
    expect(memory()).toEqual(before);
    expect(
      wasmBytes()
        .subarray(kept.pointer, kept.pointer + 64)
        .every((b) => b === 7),
    ).toBe(true);
    // What is free can still be taken.
    const small = new Storage(free > 1024 ? 512 : 0);
    small.release();
    kept.release();
  });

  it("tries with less headroom before it gives up", () => {
    const { grow } = WebAssembly.Memory.prototype;
    heap.headroom = 100;
    const asked: number[] = [];
    vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(function (this: WebAssembly.Memory, pages) {
      asked.push(pages);
      if (pages > 50) throw new RangeError("WebAssembly.Memory.grow(): Maximum memory size exceeded");
      return grow.call(this, pages);
    });
    const bytes = memory().heapBytes;
    const block = take(bytes);
    expect(asked).toHaveLength(2);
    expect(asked[0]).toBeGreaterThan(50);
    expect(asked[1]).toBeLessThanOrEqual(Math.ceil((bytes * 9) / 8 / page) + 1);
    free(block);
  });

  it("comes also when the host refuses to grow, by an error or by −1", () => {
    const spy = vi.spyOn(WebAssembly.Memory.prototype, "grow");
    const bytes = 2 * memory().heapBytes;
    for (const refuse of [
      () => -1,
      () => {
        throw new RangeError("no");
      },
    ]) {
      spy.mockImplementation(refuse);
      const before = memory();
      expect(() => heap.allocate(bytes)).toThrow(OutOfMemoryError);
      expect(memory()).toEqual(before);
    }
  });

  it("comes for sizes beyond any memory", () => {
    for (const bytes of [2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER])
      expect(() => heap.allocate(bytes)).toThrow(OutOfMemoryError);
  });
});
