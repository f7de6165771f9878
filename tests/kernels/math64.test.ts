import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import { beforeAll, describe, expect, test } from "vitest";
import { type Random, random } from "../grid.js";

type All = (out: number, x: number, count: number) => void;
const memory = new WebAssembly.Memory({ initial: 16 });
let compiled: Record<"exp64_all" | "log64_all", All>;

/** The functions of assembly/math64.ts, which no kernel exports bare, compiled from the same source with the same flags. */
beforeAll(async () => {
  const source = ["exp64", "log64"]
    .map(
      (name) => `import { ${name} } from "./math64";
      export function ${name}_all(out: usize, x: usize, count: usize): void {
        for (let at: usize = 0; at < count << 3; at += 8) store<f64>(out + at, ${name}(load<f64>(x + at)));
      }`,
    )
    .join("\n");
  let binary: Uint8Array | undefined;
  const flags =
    "--runtime stub --importMemory --initialMemory 16 --noAssert -O3 --converge --enable simd --disableWarning 112";
  const { error, stderr } = await asc.main(["assembly/bare64.ts", "-o", "bare64.wasm", ...flags.split(" ")], {
    readFile: (name: string, base: string) => {
      if (name === "assembly/bare64.ts") return source;
      try {
        return readFileSync(`${base}/${name}`, "utf8");
      } catch {
        return null;
      }
    },
    writeFile: (name: string, contents: unknown) => {
      if (name.endsWith(".wasm")) binary = contents as Uint8Array;
    },
  });
  if (error) throw new Error(`${error.message}\n${stderr}`);
  const module = new WebAssembly.Module(binary as BufferSource);
  compiled = new WebAssembly.Instance(module, { env: { memory } }).exports as typeof compiled;
});

function run(name: keyof typeof compiled, xs: Float64Array): Float64Array {
  const [from, to] = [1024, 1024 + xs.byteLength];
  new Float64Array(memory.buffer, from, xs.length).set(xs);
  compiled[name](to, from, xs.length);
  return new Float64Array(memory.buffer, to, xs.length).slice();
}

// Truth in integers: numbers times 2^places.
const places = 200n;
const one = 1n << places;

/** Integer part and power of two: x = mantissa · 2^exponent, exactly. */
function parts(x: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const field = Number((bits >> 52n) & 2047n);
  const fraction = bits & ((1n << 52n) - 1n);
  const mantissa = field === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: x < 0 ? -mantissa : mantissa, exponent: Math.max(field, 1) - 1075 };
}

const shift = (value: bigint, by: number): bigint => (by >= 0 ? value << BigInt(by) : value >> BigInt(-by));

/** ln of m · 2^−places, m near one: 2 artanh((m − 1) / (m + 1)). */
function lnNear(m: bigint): bigint {
  const s = ((m - one) << places) / (m + one);
  const square = (s * s) >> places;
  let [power, sum] = [s, 0n];
  for (let i = 1n; power !== 0n && power !== -1n; i += 2n) {
    sum += power / i;
    power = (power * square) >> places;
  }
  return 2n * sum;
}

// ln 2 = 3 ln(5/4) + ln(128/125)
const ln2 = 3n * lnNear((one * 5n) / 4n) + lnNear((one * 128n) / 125n);

/** How far y is from eˣ, in units of the last place of y. */
function expError(x: number, y: number): number {
  const { mantissa, exponent } = parts(x);
  const fixed = shift(mantissa, exponent + Number(places));
  const n = fixed / ln2;
  const r = fixed - n * ln2;
  let [term, sum] = [one, 0n];
  for (let i = 1n; term !== 0n && term !== -1n; i++) {
    sum += term;
    term = (term * r) / (i << places);
  }
  // Both divided by the last place of y.
  const got = parts(y);
  const exact = shift(sum, Number(n) - got.exponent);
  return Math.abs(Number(exact - (got.mantissa << places)) / Number(one));
}

/** How far y is from ln x, in units of the last place of y. */
function logError(x: number, y: number): number {
  const { mantissa, exponent } = parts(x);
  // The mantissa from ¾ to 1½: ln 1 is then exactly 0.
  const length = mantissa.toString(2).length;
  const bits = mantissa * 4n < 3n << BigInt(length) ? length - 1 : length;
  const exact = lnNear(shift(mantissa, Number(places) - bits)) + BigInt(exponent + bits) * ln2;
  const got = parts(y);
  return Math.abs(Number(shift(exact, -got.exponent) - (got.mantissa << places)) / Number(one));
}

function worst(name: keyof typeof compiled, draw: (next: Random, i: number) => number, error: typeof expError): number {
  const next = random(7);
  const xs = Float64Array.from({ length: 20_000 }, (_, i) => draw(next, i));
  const ys = run(name, xs);
  return xs.reduce((most, x, i) => Math.max(most, error(x, ys[i]!)), 0);
}

describe("errors in units of the last place, against integers of 200 places", () => {
  test("the truth itself: ln 2, e", () => {
    expect(Number(ln2) / Number(one)).toBe(Math.LN2);
    expect(expError(1, Math.E)).toBeLessThan(0.5);
    expect(expError(-1, Math.E)).toBeGreaterThan(2 ** 52);
    expect(logError(2, Math.LN2)).toBeLessThan(0.5);
    expect(logError(1e-300, -690.7755278982137)).toBeLessThan(0.5);
  });

  test.each<[string, (next: Random, i: number) => number]>([
    ["all that is neither 0 nor infinite", (next) => next() * 1454 - 744.5],
    ["−40 to 0, what softmax takes", (next) => -40 * next()],
    ["near 0", (next) => (next() - 0.5) * 2 ** (-60 * next())],
    ["where n changes", (next, i) => ((i % 200) - 100 + 0.5) * Math.LN2 + (next() - 0.5) * 1e-9],
  ])("exp: %s", (_, draw) => {
    expect(worst("exp64_all", draw, expError)).toBeLessThan(1);
  });

  test.each<[string, (next: Random) => number]>([
    ["every exponent", (next) => (1 + next()) * 2 ** Math.floor(next() * 2045 - 1022)],
    ["1 to 1000, what softmax takes", (next) => 1 + next() * 999],
    ["near 1", (next) => 1 + (next() - 0.5) * 2 ** (-50 * next())],
  ])("log: %s", (_, draw) => {
    expect(worst("log64_all", draw, logError)).toBeLessThan(1);
  });
});

test("where there is nothing to round", () => {
  const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: less } = Number;
  expect([...run("exp64_all", Float64Array.of(0, -0, less, inf, nan, 710, -746, 1e300, -1e300))]).toEqual([
    ...[1, 1, 0, inf, nan, inf, 0, inf, 0],
  ]);
  expect([...run("log64_all", Float64Array.of(1, 2 ** -1022))]).toEqual([0, -1022 * Math.LN2]);
});
