import { expect, it } from "vitest";
import { full } from "../src/ops/fill.js";
import { exp } from "../src/ops/unary.js";
import { type Kernels, kernels, useKernels } from "../src/runtime/kernels.js";
import { scope } from "../src/scope.js";
import { wasmBytes, zeroLeaks } from "./grid.js";
import { watched } from "./watch.js";

zeroLeaks();

/** exp of nine values under watch, with a kernel that goes wrong as `fault` says. */
function run(fault: (out: number, begin: number, end: number) => void, shift = 0): void {
  const real = kernels();
  const exp_f32: Kernels["exp_f32"] = (out, x, p, q, begin, end) => {
    real.exp_f32(out, x, p, q, begin, end);
    fault(out, begin, end);
  };
  useKernels({ ...real, exp_f32 });
  try {
    watched(() => scope(() => void exp(full([9], 1))), shift);
  } finally {
    useKernels(real);
  }
}

it.each([0, 4])("watched() passes a right kernel and sees one that is wrong, shifted by %i bytes", (shift) => {
  run(() => {}, shift);
  expect(() => run((out) => (wasmBytes()[out + 36] = 1), shift)).toThrow(
    "exp_f32: wrote at byte 36 of a result that has 36",
  );
  expect(() => run((out) => (wasmBytes()[out - 1] = 1), shift)).toThrow("exp_f32: wrote at byte -1");
  expect(() => run(() => wasmBytes()[0]!++, shift)).toThrow("exp_f32: wrote at byte");
  const bySlice = (out: number, begin: number) => (wasmBytes()[out] = begin + 1);
  expect(() => run(bySlice, shift)).toThrow("exp_f32: slices [[0,1],[1,2],");
  const readsOn = (bytes: number) => (out: number) => {
    if (out + bytes > wasmBytes().length) throw new WebAssembly.RuntimeError("memory access out of bounds");
  };
  run(readsOn(36 + 16), shift);
  expect(() => run(readsOn(36 + 17), shift)).toThrow(
    "exp_f32: with the block of argument 0 at the end of the memory: reads past it",
  );
});
