// Kernels under watch: each call of an op runs again in slices, and every byte of the memory is looked at afterwards.
import { vi } from "vitest";
import { heap } from "../src/runtime/heap.js";
import { type Kernels, kernels, useKernels } from "../src/runtime/kernels.js";
import { cuts } from "./arena.js";
import { wasmBytes } from "./grid.js";

/** Kernels that do not take a slice [begin, end) of their outer loop. */
const whole = new Set([
  ...["first_bad_index_i32", "permutation_i32", "probe_madd", "probe_nmadd", "probe_dot"],
  ...["gamma_pack_i32", "gamma_unpack_i32"],
]);
/** Kernels that work in scratch of their own, and which argument it is: what they leave there is nobody's. */
const scratches: Readonly<Record<string, number>> = { obs_f32: 3 };
/** Behind each block lie NaNs, in front too if it is shifted: a value read past an end and used shows. */
const filler = 0xff;
const margin = 64;

type Call = (...args: number[]) => number | undefined;

/** Requested bytes of each live block, by its pointer. */
type Blocks = Map<number, number>;

/** Bytes past the end of a block that a kernel may read. */
const overread = 16;

/**
 * Runs `fn`, which makes its own tensors, with kernels that assert three things: the same bits in any slices, done in any order, no
 * byte written outside of the block that `out` points into, and none read more than 16 bytes past the end of any: each block in turn
 * is put at the end of the memory, where such a read traps. With `shift`, blocks lie so many bytes off their alignment.
 */
export function watched<T>(fn: () => T, shift = 0): T {
  const real = kernels();
  const blocks: Blocks = new Map();
  const allocate = heap.allocate.bind(heap);
  const release = heap.release.bind(heap);
  const skipped: (readonly [pointer: number, bytes: number])[] = [];
  /** A block beyond the numbers that dimensions are, so that they are not taken for pointers. */
  function place(bytes: number): number {
    for (;;) {
      const pointer = allocate(bytes);
      if (pointer >= 1 << 16) return pointer;
      skipped.push([pointer, bytes]);
    }
  }
  const spies = [
    vi.spyOn(heap, "allocate").mockImplementation((bytes) => {
      const pointer = place(bytes + 2 * margin) + margin + shift;
      wasmBytes().fill(filler, pointer - margin, pointer + bytes + margin - shift);
      blocks.set(pointer, bytes);
      return pointer;
    }),
    vi.spyOn(heap, "release").mockImplementation((pointer, bytes) => {
      blocks.delete(pointer);
      release(pointer - margin - shift, bytes + 2 * margin);
    }),
  ];
  const wrap = ([name, kernel]: [string, unknown]) => [name, watch(name, kernel as Call, blocks)];
  useKernels(Object.fromEntries(Object.entries(real).map(wrap)) as Kernels);
  try {
    return fn();
  } finally {
    useKernels(real);
    for (const spy of spies) spy.mockRestore();
    for (const [pointer, bytes] of skipped) release(pointer, bytes);
  }
}

function watch(name: string, kernel: Call, blocks: Blocks): Call {
  if (name.startsWith("probe") || name === "first_bad_index_i32") return kernel;
  return (...args) => {
    const [pointer, bytes] = blockOf(args[0]!, blocks);
    const largest = Math.max(...blocks.values()) + margin;
    const taken = Math.max(...blocks.keys()) + largest;
    if (taken + largest > wasmBytes().length) heap.memory.grow(Math.ceil(largest / 65536));
    const before = wasmBytes().slice();
    kernel(...args);
    const made = wasmBytes().slice(pointer, pointer + bytes);
    if (!whole.has(name))
      for (const ways of cuts(args[args.length - 1]!)) {
        wasmBytes().set(before.subarray(pointer, pointer + bytes), pointer);
        for (const [begin, end] of ways) kernel(...args.slice(0, -2), begin, end);
        const again = wasmBytes().subarray(pointer, pointer + bytes);
        if (Buffer.compare(made, again) !== 0) {
          const at = made.findIndex((byte, i) => byte !== again[i]);
          throw new Error(`${name}: slices ${JSON.stringify(ways)} give other bits, at byte ${at} of the result`);
        }
      }
    atTheEnd(name, kernel, args, blocks, before, made);
    const after = wasmBytes();
    if (name in scratches) {
      const [scratch, size] = blockOf(args[scratches[name]!]!, blocks);
      before.set(after.subarray(scratch, scratch + size), scratch);
    }
    for (const [from, to] of [
      [0, pointer],
      [pointer + bytes, after.length],
    ] as const)
      if (Buffer.compare(before.subarray(from, to), after.subarray(from, to)) !== 0) {
        const at = before.findIndex((byte, i) => i >= from && i < to && byte !== after[i]);
        throw new Error(`${name}: wrote at byte ${at - pointer} of a result that has ${bytes}`);
      }
    return undefined;
  };
}

/** Runs the kernel once for each block that it is given, with that one at the end of the memory: the result must be `made` again. */
function atTheEnd(
  name: string,
  kernel: Call,
  args: number[],
  blocks: Blocks,
  before: Uint8Array,
  made: Uint8Array,
): void {
  const memory = wasmBytes();
  const [start] = blockOf(args[0]!, blocks);
  // Pointers come first; 0 stands for none.
  const first = args.findIndex((arg) => arg !== 0 && startOf(arg, blocks) === undefined);
  const starts = args.slice(0, first).map((arg) => startOf(arg, blocks));
  for (const from of new Set(starts)) {
    if (from === undefined) continue;
    const bytes = blocks.get(from)!;
    const to = memory.length - overread - bytes;
    const lay = memory.slice(to);
    memory.set(before.subarray(start, start + made.length), start);
    memory.copyWithin(to, from, from + bytes).fill(filler, to + bytes);
    const about = `${name}: with the block of argument ${starts.indexOf(from)} at the end of the memory`;
    try {
      kernel(...args.map((arg, i) => (starts[i] === from ? arg - from + to : arg)));
    } catch (error) {
      throw new Error(`${about}: reads past it`, { cause: error });
    }
    const at = from === start ? to : start;
    if (Buffer.compare(made, memory.subarray(at, at + made.length)) !== 0) throw new Error(`${about}: other bits`);
    memory.set(made, start);
    memory.set(lay, to);
  }
}

/** Where the block starts that a pointer points into, or behind. */
function startOf(pointer: number, blocks: Blocks): number | undefined {
  for (const [start, bytes] of blocks) if (pointer >= start && pointer <= start + bytes) return start;
  return undefined;
}

function blockOf(pointer: number, blocks: Blocks): readonly [pointer: number, bytes: number] {
  const start = startOf(pointer, blocks);
  if (start === undefined) throw new Error(`no block at ${pointer}: make the tensors inside of watched()`);
  return [start, blocks.get(start)!];
}
