// What threads count on, proved without them: slices of a launch neither read nor write what another slice writes. Each slice runs alone,
// from the same memory; where two wrote one byte, or all of them together make something else than the whole, they would race.
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { init } from "../../src/index.js";
import { heap } from "../../src/runtime/heap.js";
import { kernels } from "../../src/runtime/kernels.js";
import { useCrew } from "../../src/runtime/launch.js";
import { Pool, type Slices } from "../../src/runtime/pool.js";
import { calls, operandsOf } from "../faults/calls.js";
import { wasmBytes, zeroLeaks } from "../grid.js";

beforeAll(async () => void (await init()));
zeroLeaks();
afterEach(() => {
  useCrew(undefined);
  vi.restoreAllMocks();
});

/** Bounds of slices: halves, thirds, and where there are few, each alone. */
function boundsOf(work: number, tile: number): number[][] {
  const units = Math.ceil(work / tile);
  const into = (n: number) =>
    Array.from({ length: n + 1 }, (_, i) => Math.min(work, Math.round((units * i) / n) * tile));
  return [...new Set([2, 3, Math.min(units, 16)])].filter((n) => n > 1 && n <= units).map(into);
}

/** Runs slices as threads might, and compares with the whole. */
function apart(slices: Slices, work: number, tile: number): void {
  const k = kernels();
  const before = wasmBytes().slice();
  slices(k, 0, work);
  const whole = wasmBytes().slice();
  for (const bounds of boundsOf(work, tile)) {
    const writers = new Uint8Array(before.length);
    const together = before.slice();
    for (let i = 1; i < bounds.length; i++) {
      wasmBytes().set(before);
      slices(k, bounds[i - 1]!, bounds[i]!);
      const after = wasmBytes();
      for (let at = 0; at < before.length; at++) {
        if (after[at] === before[at]) continue;
        if (writers[at] !== 0) throw new Error(`slices ${bounds}: two of them write byte ${at}`);
        writers[at] = i;
        together[at] = after[at]!;
      }
    }
    if (Buffer.compare(together, whole) !== 0) throw new Error(`slices ${bounds}: together they make something else`);
  }
  wasmBytes().set(whole);
}

describe.each([0x00, 0xff])("over a memory of %i", (filler) => {
  it.each(calls)("slices of $op $how are independent", (call) => {
    const allocate = heap.allocate.bind(heap);
    vi.spyOn(heap, "allocate").mockImplementation((bytes) => {
      const pointer = allocate(bytes);
      wasmBytes().fill(filler, pointer, pointer + bytes);
      return pointer;
    });
    useCrew({ kernels: kernels(), launch: Pool.prototype.launch.bind({ run: apart }) });
    const made = [...operandsOf(call), ...call.constants()];
    call.run(made.slice(0, call.shapes.length), made.slice(call.shapes.length)).dispose();
    for (const t of made) t.dispose();
  });
});

it("finds slices that race", () => {
  const pointer = heap.allocate(64);
  const store = (at: number, value: number) => {
    wasmBytes()[pointer + at] = value;
  };
  wasmBytes().fill(0, pointer, pointer + 64);
  const shared: Slices = (_, begin, end) => store(0, begin + end);
  const reading: Slices = (_, begin, end) => {
    for (let i = begin; i < end; i++) store(i, wasmBytes()[pointer + Math.max(0, i - 1)]! + 1);
  };
  expect(() => apart(shared, 4, 1)).toThrow("two of them write byte");
  expect(() => apart(reading, 4, 1)).toThrow("together they make something else");
  heap.release(pointer, 64);
});
