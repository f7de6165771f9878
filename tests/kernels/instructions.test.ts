// What the compiled text says of the loops that time is spent in: these instructions and no others, as many sums as engines have
// registers for, and none of them stored, or alive across a call, before the loop is over.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** Vector registers of x86-64, for which V8 compiles. */
const registers = 16;

interface Loop {
  /** How often each instruction on vectors, and each call, stands in it. */
  readonly counts: Readonly<Record<string, number>>;
  /** Vector variables that it reads or sets. */
  readonly vectors: number;
}

/** The loops of a function in which there is no other. */
function innermost(binary: string, name: string): Loop[] {
  const wat = readFileSync(`build/kernels/${binary}.wat`, "utf8");
  const start = wat.indexOf(`(func $assembly/${name} `);
  expect(start).toBeGreaterThan(0);
  const text = wat.slice(start, wat.indexOf("\n (func", start));
  const types = new Map(
    [...text.matchAll(/\((?:local|param) (\$\d+) (\w+)\)/g)].map(([, local, type]) => [local, type]),
  );
  const found: Loop[] = [];
  const open: { loop: boolean; inner: boolean; body: string[] }[] = [];
  for (const line of text.split("\n").map((one) => one.trim())) {
    if (/^(loop|block|if)\b/.test(line)) {
      const loop = line.startsWith("loop");
      if (loop) for (const around of open) around.inner = false;
      open.push({ loop, inner: true, body: [] });
    } else if (line === "end") {
      const { loop, inner, body } = open.pop()!;
      if (loop && inner) found.push(loopOf(body, types));
      open.at(-1)?.body.push(...body);
    } else open.at(-1)?.body.push(line);
  }
  return found;
}

function loopOf(body: readonly string[], types: ReadonlyMap<string | undefined, string | undefined>): Loop {
  const counts: Record<string, number> = {};
  const vectors = new Set<string>();
  for (const [op, operand] of body.map((line) => line.split(" ") as [string, string?])) {
    if (/^(v128|[if]\d+x\d+)\.|^call/.test(op)) counts[op] = (counts[op] ?? 0) + 1;
    if (op.startsWith("local.") && types.get(operand) === "v128") vectors.add(operand!);
  }
  return { counts, vectors: vectors.size };
}

/** The loop with most products: the one that counts. */
function main(binary: string, name: string): Loop {
  const products = ({ counts }: Loop) =>
    Object.entries(counts).reduce((sum, [op, count]) => sum + (/mul|madd|dot|popcnt/.test(op) ? count : 0), 0);
  return innermost(binary, name).reduce((a, b) => (products(b) > products(a) ? b : a));
}

const plainMadd = (n: number) => ({ "f32x4.mul": n, "f32x4.add": n });
const madd = (n: number) => ({ "f32x4.relaxed_madd": n });
const dot = (n: number) => ({ "i32x4.dot_i16x8_s": n, "i32x4.add": n });

describe.each([
  // Rows × 8 columns: two loads of b, and of each row one number in all lanes.
  ["simd", "matmul/matmul_f32", { "v128.load32_splat": 4, "v128.load": 2, ...plainMadd(8) }],
  ["relaxed", "matmul/matmul_f32", { "v128.load32_splat": 6, "v128.load": 2, ...madd(12) }],
  // Six columns, each its own row of weights.
  ["simd", "matvec/matvec_f32", { "v128.load": 7, ...plainMadd(6) }],
  ["relaxed", "matvec/matvec_f32", { "v128.load": 7, ...madd(6) }],
  // Pairs of 16 bits.
  ["simd", "intMatmul/int_matmul_i16", { "v128.load32_splat": 4, "v128.load": 2, ...dot(8) }],
  ["relaxed", "intMatmul/int_matmul_i16", { "v128.load32_splat": 4, "v128.load": 2, ...dot(8) }],
])("%s: the loop of %s", (binary, name, counts) => {
  const loop = main(binary, name);

  it("has these instructions on vectors, stores no sum and calls nothing", () => {
    expect(loop.counts).toEqual(counts);
  });

  it("has a register for every vector", () => {
    expect(loop.vectors).toBeLessThanOrEqual(registers);
  });
});

it.each(["matmul", "matvec", "intMatmul", "intMatvec", "quantMatvec", "bits", "sparse", "sparseBlocks"])(
  "loops of %s have a register for every vector",
  (file) => {
    for (const binary of ["simd", "relaxed"]) {
      const wat = readFileSync(`build/kernels/${binary}.wat`, "utf8");
      const names = [...wat.matchAll(/\(func \$assembly\/(\w+)\/(\w+) /g)].filter(([, of]) => of === file);
      const loops = names
        .flatMap(([, , name]) => innermost(binary, `${file}/${name}`))
        .filter(({ vectors }) => vectors > 0);
      expect(loops.length).toBeGreaterThan(0);
      for (const { vectors } of loops) expect(vectors).toBeLessThanOrEqual(registers);
    }
  },
);
