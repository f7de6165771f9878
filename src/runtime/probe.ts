import type { Kernels } from "./kernels.js";

// (v128) { i32.const 0; i8x16.splat; i8x16.popcnt }
const simd = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];
// (v128) { i32.const 1; i8x16.splat; i32.const 2; i8x16.splat; i8x16.relaxed_swizzle }
const relaxed = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
];

/** Whether this host validates 128-bit SIMD. */
export function hasSimd(): boolean {
  return WebAssembly.validate(new Uint8Array(simd));
}

/** Whether this host validates relaxed SIMD; what it computes is another question. */
export function hasRelaxed(): boolean {
  return WebAssembly.validate(new Uint8Array(relaxed));
}

// (1 + 2⁻¹²)² − (1 + 2⁻¹¹) is 2⁻²⁴ with one rounding, 0 with two.
const x = 1 + 2 ** -12;
const c = 1 + 2 ** -11;

/** Whether multiply and add round separately, as plain SIMD does on every host. */
export function roundsTwice(k: Kernels): boolean {
  return k.probe_madd(x, x, -c) === 0 && k.probe_nmadd(x, x, c) === 0;
}

/**
 * Whether a binary's instructions compute what the kernels count on. Multiply-add may round once or twice, nothing else;
 * the byte dot must be exact with a second operand of 0..127 (one host's experimental relaxed SIMD is not).
 */
export function computesRight(k: Kernels): boolean {
  const sum = k.probe_madd(x, x, -c);
  const difference = k.probe_nmadd(x, x, c);
  if ((sum !== 2 ** -24 && sum !== 0) || (difference !== -(2 ** -24) && difference !== 0)) return false;
  if (k.probe_madd(3, 5, 7) !== 22 || k.probe_nmadd(3, 5, 7) !== -8) return false;
  for (const a of [-128, -127, -1, 0, 1, 127])
    for (const b of [0, 1, 64, 127]) if (k.probe_dot(a, b, 1000) !== 1000 + 4 * a * b) return false;
  return true;
}
