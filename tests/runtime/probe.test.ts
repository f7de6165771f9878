import { describe, expect, it, vi } from "vitest";
import { type Kernels, kernels } from "../../src/runtime/kernels.js";
import { computesRight, hasRelaxed, hasSimd, roundsTwice } from "../../src/runtime/probe.js";
import { zeroLeaks } from "../grid.js";

zeroLeaks();

const { fround } = Math;

/** Multiply-add rounded once. Its result is exact in f64 for the numbers that the probe takes. */
const fused: Partial<Kernels> = {
  probe_madd: (a, b, c) => fround(a * b + c),
  probe_nmadd: (a, b, c) => fround(c - a * b),
};

/** Multiply-add rounded twice. */
const separate: Partial<Kernels> = {
  probe_madd: (a, b, c) => fround(fround(a * b) + c),
  probe_nmadd: (a, b, c) => fround(c - fround(a * b)),
};

/** A sum of products of bytes that saturates to i16 on the way, as pmaddubsw does. */
function saturating(a: number, b: number, c: number): number {
  const pair = Math.max(-32768, Math.min(32767, 2 * a * b));
  return c + 2 * pair;
}

it("roundsTwice tells fused multiply-add from separate", () => {
  expect(roundsTwice({ ...kernels(), ...separate })).toBe(true);
  expect(roundsTwice({ ...kernels(), ...fused })).toBe(false);
});

describe("computesRight", () => {
  it("accepts the binary that was loaded, and either rounding of multiply-add", () => {
    expect(computesRight(kernels())).toBe(true);
    for (const rounding of [fused, separate]) expect(computesRight({ ...kernels(), ...rounding })).toBe(true);
    expect(computesRight({ ...kernels(), probe_dot: saturating })).toBe(true); // exact for 7 bits
  });

  it.each<[name: string, faults: Partial<Kernels>]>([
    ["dot takes signed bytes for unsigned", { probe_dot: (a, b, c) => c + 4 * (a & 255) * b }],
    ["dot does not add", { probe_dot: (a, b) => 4 * a * b }],
    ["dot takes two products for four", { probe_dot: (a, b, c) => c + 2 * a * b }],
    ["dot saturates sums of four to i16", { probe_dot: (a, b, c) => c + Math.max(-32768, Math.min(32767, 4 * a * b)) }],
    ["dot loses the last bit of its second operand", { probe_dot: (a, b, c) => c + 4 * a * (b & ~1) }],
    ["dot is wrong for −128 alone", { probe_dot: (a, b, c) => c + 4 * (a === -128 ? -127 : a) * b }],
    ["madd subtracts", { ...separate, probe_madd: (a, b, c) => fround(a * b - c) }],
    ["madd forgets what it adds to", { ...separate, probe_madd: (a, b) => fround(a * b) }],
    ["madd is off by one unit", { ...fused, probe_madd: (a, b, c) => fround(a * b + c) + 2 ** -24 }],
    ["nmadd has the other sign", { ...separate, probe_nmadd: (a, b, c) => fround(fround(a * b) - c) }],
    ["nmadd is madd", { ...separate, probe_nmadd: (a, b, c) => fround(fround(a * b) + c) }],
    ["madd gives NaN", { ...separate, probe_madd: () => Number.NaN }],
  ])("refuses a binary whose %s", (_, faults) => {
    expect(computesRight({ ...kernels(), ...faults })).toBe(false);
  });
});

describe("features", () => {
  it("are asked of the host", () => {
    expect(hasSimd()).toBe(true);
    const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    expect(hasSimd()).toBe(false);
    expect(hasRelaxed()).toBe(false);
    validate.mockRestore();
  });
});
