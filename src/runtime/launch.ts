import { heap } from "./heap.js";
import { type Kernels, kernels } from "./kernels.js";

/** Where a tensor's bytes are. `webgpu` is a seam: nothing makes such tensors yet. */
export type Device = "wasm" | "webgpu";

/** What a launch needs to know of a tensor. */
export interface Operand {
  readonly device: Device;
  readonly pointer: number;
  /** Elements. */
  readonly size: number;
}

/** The outcome of an op's check: everything a kernel is told besides pointers. */
export interface Plan {
  /** Length of the kernel's outer loop, which `begin` and `end` slice. */
  readonly work: number;
  /** Bytes of scratch that `prepare` fills or the kernel uses. */
  readonly scratch?: number;
  /** Length of `prepare`'s outer loop. */
  readonly prepareWork?: number;
  /** Sizes and strides that the kernel reads from scratch, as i32. */
  readonly table?: readonly number[];
  /** What all slices cost together, in multiply-adds of a matrix product. Default: by the elements that there are. */
  readonly cost?: number;
  /** Slices begin at multiples of this: the kernel's tile. Default 1. */
  readonly tile?: number;
}

/** Calls kernels for the slice [begin, end) of the outer loop. */
export type Kernel<P, L extends Plan> = (
  k: Kernels,
  out: number,
  inputs: readonly number[],
  plan: L,
  params: P,
  begin: number,
  end: number,
  scratch: number,
) => void;

/** How an op runs on each device. */
export interface Launchable<P, L extends Plan> {
  readonly name: string;
  /** Runs before the kernel, over [0, prepareWork): packing, clearing. */
  prepare?: Kernel<P, L>;
  wasm: Kernel<P, L>;
  /** The WebGPU twin's source, once there is one. */
  readonly wgsl?: string;
}

/** Threads that share launches: src/runtime/pool.ts. */
export interface Crew {
  /** The instance that its threads have twins of, over one memory. */
  readonly kernels: Kernels;
  launch<P, L extends Plan>(
    op: Launchable<P, L>,
    out: Operand,
    inputs: readonly Operand[],
    pointers: readonly number[],
    plan: L,
    params: P,
    scratch: number,
  ): void;
}

let crew: Crew | undefined;

/** Who takes part in launches from here on, besides the caller. */
export function useCrew(next: Crew | undefined): void {
  crew = next;
}

/**
 * The one decision point: where an op runs: here, or shared with the threads of a crew. WebGPU comes in here and nowhere else.
 */
export function launch<P, L extends Plan>(
  op: Launchable<P, L>,
  out: Operand,
  inputs: readonly Operand[],
  plan: L,
  params: P,
): void {
  const { work, table, prepareWork } = plan;
  if (work === 0) return;
  const k = kernels();
  const pointers: number[] = [];
  for (const input of inputs) pointers.push(input.pointer);
  const bytes = table !== undefined ? table.length * 4 : (plan.scratch ?? 0);
  const scratch = bytes === 0 ? 0 : heap.allocate(bytes);
  try {
    if (table !== undefined) new Int32Array(heap.memory.buffer, scratch, table.length).set(table);
    if (crew?.kernels === k) crew.launch(op, out, inputs, pointers, plan, params, scratch);
    else {
      if (prepareWork) op.prepare!(k, out.pointer, pointers, plan, params, 0, prepareWork, scratch);
      op.wasm(k, out.pointer, pointers, plan, params, 0, work, scratch);
    }
  } finally {
    if (bytes !== 0) heap.release(scratch, bytes);
  }
}
