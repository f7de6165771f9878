import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import { beforeAll, describe, expect, test } from "vitest";
import { heap } from "../../src/runtime/heap.js";
import { kernels } from "../../src/runtime/kernels.js";
import { Arena } from "../arena.js";
import { fuses, spacing, zeroLeaks } from "../grid.js";
import { erf } from "../reference/unary.js";

zeroLeaks();

/** Functions of assembly/math.ts that no kernel exports bare, compiled from the same source with the same flags. */
const bare = ["erf4", "log1p4", "sigmoid4", "softplus4"] as const;
const bareMemory = new WebAssembly.Memory({ initial: 4 });
let compiled: Record<string, (out: number, x: number, count: number) => void>;

beforeAll(async () => {
  const source = [
    `import { ${bare} } from "./math";`,
    ...bare.map(
      (name) => `export function ${name}_all(out: usize, x: usize, count: usize): void {
      for (let at: usize = 0; at < count << 2; at += 16) v128.store(out + at, ${name}(v128.load(x + at)));
    }`,
    ),
  ].join("\n");
  let binary: Uint8Array | undefined;
  const flags =
    "--runtime stub --importMemory --initialMemory 4 --noAssert -O3 --converge --enable simd --disableWarning 112";
  const { error, stderr } = await asc.main(["assembly/bare.ts", "-o", "bare.wasm", ...flags.split(" ")], {
    readFile: (name: string, base: string) => {
      if (name === "assembly/bare.ts") return source;
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
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary as BufferSource), {
    env: { memory: bareMemory },
  });
  compiled = exports as typeof compiled;
});

interface Measured {
  readonly ulps: number;
  readonly at: number;
  readonly inputs: number;
}

const block = 16384;

/**
 * The largest error in units of the last place over every `stride`-th of the 2³² f32 (an odd prime, so all exponents and mantissas
 * come up), among those `within`. NaN for a number, or a number for NaN, counts as infinitely wrong.
 */
function measure(
  run: (out: number, x: number, count: number) => void,
  memory: () => ArrayBuffer,
  start: number,
  exact: (x: number) => number,
  within: (x: number) => boolean,
  stride: number,
): Measured {
  const x = new Float32Array(memory(), start, block);
  const patterns = new Uint32Array(memory(), start, block);
  const y = new Float32Array(memory(), start + block * 4, block);
  let [ulps, at, inputs] = [0, 0, 0];
  for (let pattern = stride >> 1; pattern < 2 ** 32; ) {
    let count = 0;
    for (; count < block && pattern < 2 ** 32; pattern += stride) patterns[count++] = pattern;
    run(start + block * 4, start, count);
    for (let i = 0; i < count; i++) {
      const input = x[i]!;
      if (!within(input)) continue;
      inputs++;
      const got = y[i]!;
      const want = exact(input);
      if (got === Math.fround(want)) continue;
      const wrong = Number.isNaN(want) && Number.isNaN(got) ? 0 : Math.abs(got - want) / spacing(want);
      if (!(wrong <= ulps)) [ulps, at] = [Number.isNaN(wrong) ? Number.POSITIVE_INFINITY : wrong, input];
    }
  }
  return { ulps, at, inputs };
}

const everywhere = (): boolean => true;

test("the f64 truth of erf is right to 1e-15", () => {
  // erf of the C library (glibc 2.36), which is right to the last place or one off.
  const known = [
    [0, 0],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [4, 0.9999999845827421],
  ] as const;
  for (const [x, y] of known) {
    expect(Math.abs(erf(x) - y), `erf ${x}`).toBeLessThanOrEqual(1e-15);
    expect(erf(-x)).toBe(-erf(x));
  }
  expect([erf(1e-12), erf(7), erf(Number.NEGATIVE_INFINITY)]).toEqual([2e-12 / Math.sqrt(Math.PI), 1, -1]);
});

describe("errors in units of the last place, over every 61st or 251st of all 2³² inputs", () => {
  // The bound of every binary, and the worst of all 2³² inputs on the plain one, where it is the same everywhere.
  test.each([
    ["exp", "exp_f32", Math.exp, 1, 0.97],
    ["log", "log_f32", Math.log, 1, 0.84],
    ["tanh", "tanh_f32", Math.tanh, 2, 1.34],
  ] as const)("%s", (_, name, exact, bound, worst) => {
    const arena = new Arena(block * 8 + 4096);
    try {
      const kernel = kernels()[name];
      const start = arena.room(block * 8);
      const run = (out: number, x: number, count: number): void => kernel(out, x, 0, 0, 0, count);
      const { ulps, at, inputs } = measure(run, () => heap.memory.buffer, start, exact, everywhere, 61);
      expect(inputs).toBeGreaterThan(7e7);
      expect(ulps, `worst at ${at}`).toBeLessThanOrEqual(fuses() ? bound : worst);
    } finally {
      arena.dispose();
    }
  });

  // Below −87 e⁻ˣ overflows and sigmoid is 0, 2⁻¹²⁶ off at most.
  test.each([
    ["erf", "erf4", erf, everywhere, 1.37, 61],
    ["log1p on [0, 1]", "log1p4", Math.log1p, (x: number) => x >= 0 && x <= 1, 1.24, 251],
    ["sigmoid above −87", "sigmoid4", (x: number) => 1 / (1 + Math.exp(-x)), (x: number) => !(x < -87), 2.5, 251],
    ["softplus", "softplus4", (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), everywhere, 2, 251],
  ] as const)("%s", (_, name, exact, within, bound, stride) => {
    const { ulps, at, inputs } = measure(
      compiled[`${name}_all`]!,
      () => bareMemory.buffer,
      1024,
      exact,
      within,
      stride,
    );
    expect(inputs).toBeGreaterThan(4e6);
    expect(ulps, `worst at ${at}`).toBeLessThanOrEqual(bound);
  });
});
