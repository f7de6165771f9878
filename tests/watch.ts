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

/**
 * Runs `fn`, which makes its own tensors, with kernels that assert two things: the same bits in any slices, done in any order, and
 * no byte written outside of the block that `out` points into. With `shift`, blocks lie so many bytes off their alignment.
 */
export function watched<T>(fn: () => T, shift = 0): T {
  const real = kernels();
  const blocks: Blocks = new Map();
  const allocate = heap.allocate.bind(heap);
  const release = heap.release.bind(heap);
  const spies = [
    vi.spyOn(heap, "allocate").mockImplementation((bytes) => {
      const pointer = allocate(bytes + 2 * margin) + margin + shift;
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
  }
}

function watch(name: string, kernel: Call, blocks: Blocks): Call {
  if (name.startsWith("probe") || name === "first_bad_index_i32") return kernel;
  return (...args) => {
    const [pointer, bytes] = blockOf(args[0]!, blocks);
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

function blockOf(pointer: number, blocks: Blocks): readonly [pointer: number, bytes: number] {
  for (const block of blocks) if (pointer >= block[0] && pointer <= block[0] + block[1]) return block;
  throw new Error(`no block at ${pointer}: make the tensors inside of watched()`);
}
