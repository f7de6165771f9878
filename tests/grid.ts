// What every op is tried on: sizes around the vectors and tiles of the kernels, seeded numbers of many kinds, and comparisons that
// name the worst offender.
import { afterAll, beforeAll, expect } from "vitest";
import { init } from "../src/runtime/embedded.js";
import { heap, memory } from "../src/runtime/heap.js";
import type { RuntimeInfo } from "../src/runtime/init.js";
import { kernels } from "../src/runtime/kernels.js";

/** The wasm memory as bytes, good until it grows. */
export const wasmBytes = (): Uint8Array => new Uint8Array(heap.memory.buffer);

/** f32 values per vector. */
export const lane = 4;
/** Rows and columns that a matmul tile computes, and the values that a reduction takes per turn. */
export const tile = { rows: 4, columns: 8, run: 16 } as const;

/** 0, 1, and the sizes around each of the above; primes; large. */
export const sizes: readonly number[] = [
  ...[0, 1, lane - 1, lane, lane + 1, 2 * lane + 1],
  ...[tile.columns - 1, tile.columns, tile.run - 1, tile.run, tile.run + 1, 2 * tile.run + 1],
  ...[31, 1009, 4099],
];

/** Half a unit in the last place of 1: the rounding error of one f32 operation, relative. */
export const roundoff = 2 ** -24;

/** Random numbers in [0, 1) from a seed (mulberry32). */
export type Random = () => number;
export function random(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An integer from 0 to `below` − 1. */
export function pick(next: Random, below: number): number {
  return Math.floor(next() * below);
}

/** f32 values where arithmetic turns: NaN, infinities, both zeros, ±1, least and largest denormal, normal and finite numbers. */
export const specials: readonly number[] = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1],
  ...[2 ** -149, -(2 ** -149), 2 ** -126 - 2 ** -149, 2 ** -126, (2 - 2 ** -23) * 2 ** 127, -(2 - 2 ** -23) * 2 ** 127],
];

const normal = (next: Random): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

/** One number of each kind. */
export const distributions = {
  uniform: (next) => next() * 2 - 1,
  normal,
  /** Both signs, 28 orders of magnitude. */
  logNormal: (next) => Math.exp(normal(next) * 8) * (next() < 0.5 ? -1 : 1),
  special: (next) => (next() < 0.3 ? specials[pick(next, specials.length)]! : normal(next) * 4),
} satisfies Record<string, (next: Random) => number>;

export type Distribution = keyof typeof distributions;
export const finite: readonly Distribution[] = ["uniform", "normal", "logNormal"];
export const all: readonly Distribution[] = [...finite, "special"];

export function draw(distribution: Distribution, count: number, seed: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: count }, () => distributions[distribution](next));
}

/** Loads the kernels before the tests of a file, and asserts after them that no tensor and no byte stayed behind. */
export function zeroLeaks(): void {
  let before = memory();
  beforeAll(async () => {
    await init();
    before = memory();
  });
  afterAll(() => {
    const { tensors, bytes } = memory();
    expect({ tensors, bytes }, "memory() after the file's tests").toEqual({
      tensors: before.tensors,
      bytes: before.bytes,
    });
  });
}

/** Runs `fn` on the plain binary, where every bit is fixed, and goes back to what the host would choose. */
export async function deterministic<T>(fn: (info: RuntimeInfo) => T): Promise<T> {
  const info = await init({ deterministic: true });
  try {
    return fn(info);
  } finally {
    await init({ deterministic: false });
  }
}

/** Whether the loaded binary fuses multiply and add. */
export function fuses(): boolean {
  const x = 1 + 2 ** -12;
  return kernels().probe_madd(x, x, -(1 + 2 ** -11)) !== 0;
}

/** The distance between f32 numbers at `x`. */
export function spacing(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 2 ** -126) return 2 ** -149;
  bits.f64[0] = magnitude;
  return 2 ** ((bits.u32[1]! >>> 20) - 1023 - 23);
}

const buffer = new ArrayBuffer(8);
const bits = { f64: new Float64Array(buffer), u32: new Uint32Array(buffer) };

/** A bound for every element, one for each, or how to work it out from the expected value. */
export type Bound = number | ArrayLike<number> | ((index: number, expected: number) => number);

/**
 * |actual − expected| ≤ bound per element; NaN wants NaN, and what rounds to the same f32 is always right (so infinities are, and
 * overflow). Throws with the worst element.
 */
export function expectWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: Bound,
  about: string,
): void {
  if (actual.length !== expected.length)
    throw new Error(`${about}: ${actual.length} values, expected ${expected.length}`);
  let worst = 0;
  let at = -1;
  let failures = 0;
  for (let i = 0; i < actual.length; i++) {
    const got = actual[i]!;
    const want = expected[i]!;
    if (got === want || got === Math.fround(want) || (Number.isNaN(got) && Number.isNaN(want))) continue;
    const limit = limitAt(bound, i, want);
    const error = Math.abs(got - want);
    if (error <= limit && limit < Number.POSITIVE_INFINITY) continue;
    failures++;
    const ratio = error / limit;
    if (at === -1 || !(ratio <= worst)) {
      worst = ratio;
      at = i;
    }
  }
  if (failures > 0)
    throw new Error(
      `${about}: ${failures} of ${actual.length} values outside the bound; the worst, [${at}], is ${actual[at]}, ` +
        `expected ${expected[at]} ± ${limitAt(bound, at, expected[at]!)} (${worst} bounds off)`,
    );
}

function limitAt(bound: Bound, index: number, expected: number): number {
  if (typeof bound === "number") return bound;
  return typeof bound === "function" ? bound(index, expected) : bound[index]!;
}

/** The same numbers, signs of zeros included; any NaN equals any. */
export function expectSame(actual: ArrayLike<number>, expected: ArrayLike<number>, about: string): void {
  if (actual.length !== expected.length)
    throw new Error(`${about}: ${actual.length} values, expected ${expected.length}`);
  for (let i = 0; i < actual.length; i++)
    if (!Object.is(actual[i], expected[i]))
      throw new Error(`${about}: [${i}] is ${show(actual[i]!)}, expected ${show(expected[i]!)}`);
}

function show(x: number): string {
  return Object.is(x, -0) ? "-0" : String(x);
}
