import type { __AdaptedExports } from "#kernels";
import { DisposedError } from "../errors.js";

/** The exports of a kernel binary, typed by what `asc` compiled. */
export type Kernels = Omit<typeof __AdaptedExports, "memory">;

let current: Kernels | undefined;

/** The kernels that `init()` chose. @throws {DisposedError} before `init()`. */
export function kernels(): Kernels {
  if (current === undefined)
    throw new DisposedError("spokeshave: the kernels are not loaded; call `await init()` first");
  return current;
}

/** Swaps the binary under the heap: kernels own nothing, so tensors stay as they are. */
export function useKernels(next: Kernels): void {
  current = next;
}
