import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { OutOfMemoryError } from "../../src/errors.js";
import { valueAndGrad } from "../../src/grad.js";
import { add } from "../../src/ops/binary.js";
import { matmul } from "../../src/ops/matmul.js";
import { sum } from "../../src/ops/reduce.js";
import { relu } from "../../src/ops/unary.js";
import { heap, memory, Storage } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { zeroLeaks } from "../grid.js";
import { expectBits } from "../values.js";
import { type Call, calls, operandsOf } from "./calls.js";

zeroLeaks();

const { headroom, limitBytes } = heap;

afterEach(() => {
  vi.restoreAllMocks();
  Object.assign(heap, { headroom, limitBytes });
});

type Block = readonly [pointer: number, bytes: number];

/** Takes all free memory, so that the next allocation has to grow. */
function fill(allocate: (bytes: number) => number): Block[] {
  const taken: Block[] = [];
  const { limitBytes } = heap;
  heap.limitBytes = 0;
  for (let bytes = 2 ** 31; bytes >= 16; bytes /= 2)
    try {
      for (;;) taken.push([allocate(bytes), bytes]);
    } catch {}
  heap.limitBytes = limitBytes;
  return taken;
}

/** Runs `fn` with an allocator that calls `before` ahead of each allocation, with its number from 1, and frees what that took. */
function withAllocator<T>(before: (n: number, allocate: (bytes: number) => number) => Block[], fn: () => T): T {
  const allocate = heap.allocate.bind(heap);
  const taken: Block[] = [];
  let n = 0;
  const spy = vi.spyOn(heap, "allocate").mockImplementation((bytes) => {
    taken.push(...before(++n, allocate));
    return allocate(bytes);
  });
  try {
    return fn();
  } finally {
    spy.mockRestore();
    for (const [pointer, bytes] of taken) heap.release(pointer, bytes);
  }
}

/** Runs `fn` with an nth allocation that finds no memory, in a host that gives no more; says whether it got that far. */
function failing(n: number, fn: () => readonly Tensor[]): boolean {
  const before = memory();
  const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
  let failed: unknown;
  let made: readonly Tensor[] = [];
  withAllocator(
    (i, allocate) => {
      if (i !== n) return [];
      grow.mockImplementation(() => {
        throw new RangeError("WebAssembly.Memory.grow(): Maximum memory size exceeded");
      });
      return fill(allocate);
    },
    () => {
      try {
        made = fn();
      } catch (error) {
        failed = error;
      }
    },
  );
  grow.mockRestore();
  for (const t of made) t.dispose();
  expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes, heapBytes: before.heapBytes });
  if (failed === undefined) return false;
  expect(failed).toBeInstanceOf(OutOfMemoryError);
  const { needed, free, limit } = failed as OutOfMemoryError;
  expect(needed).toBeGreaterThan(0);
  expect(free).toBeLessThan(needed);
  expect(limit).toBe(limitBytes);
  return true;
}

/** A product of 4 × 4 matrices, to see that all is well. */
function expectAlive(): void {
  scope(() => {
    const a = tensor(
      Float32Array.from({ length: 16 }, (_, i) => i),
      [4, 4],
    );
    const product = readTensor(matmul(a, a));
    expect([...product]).toEqual([56, 62, 68, 74, 152, 174, 196, 218, 248, 286, 324, 362, 344, 398, 452, 506]);
  });
}

/** Fails the first allocation, then the second, and so on until all succeed; returns how many failed. */
function failEach(arrange: () => Tensor[], fn: (operands: Tensor[]) => readonly Tensor[]): number {
  const before = memory();
  const operands = arrange();
  let n = 1;
  while (failing(n, () => fn(operands))) {
    expectAlive();
    n++;
  }
  for (const t of operands) t.dispose();
  expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  return n - 1;
}

const nameOf = ({ op, how }: Call): string => `${op} ${how}`;

const named = calls.map((c) => [nameOf(c), c] as const);

/** Those that can be differentiated: what the others give is no f32, or does not depend on an f32. */
const smooth = calls.filter(
  (c) => c.shapes.length > 0 && !/^(argmax|equal|greater|less|cast to bytes)/.test(nameOf(c)),
);

function gradients(c: Call, operands: readonly Tensor[], constants: readonly Tensor[]): readonly Tensor[] {
  const { value, grads } = valueAndGrad((xs: readonly Tensor[]) => sum(c.run(xs, constants)))(operands);
  return [value, ...grads];
}

it("the table holds every op of src/core.ts", () => {
  const text = readFileSync("src/core.ts", "utf8");
  const names = [...text.matchAll(/export \{([^}]*)\} from "\.\/ops\//g)].flatMap(([, list]) => list!.split(","));
  const ops = names.map((name) => name.trim()).filter((name) => name !== "" && !name.startsWith("type "));
  expect(ops.length).toBeGreaterThan(45);
  expect([...new Set(calls.map((c) => c.op))].sort()).toEqual(ops.sort());
});

describe("outside any scope, nothing but the result is born:", () => {
  it.each(named)("%s", (_, c) => {
    const operands = [...operandsOf(c), ...c.constants()];
    const before = memory().tensors;
    // assign() changes one of its operands, and gives that one back.
    const y = c.run(operands.slice(0, c.shapes.length), operands.slice(c.shapes.length));
    expect(memory().tensors).toBe(operands.includes(y) ? before : before + 1);
    for (const t of [...operands, y]) t.dispose();
  });
});

describe("100,000 op calls in scopes", () => {
  it("leave the wasm memory as large as after the first, and the JS heap flat", () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const [x, w, b] = [
      tensor(new Float32Array(64), [4, 16]),
      tensor(new Float32Array(160), [16, 10]),
      tensor(new Float32Array(10)),
    ];
    /** Op calls of many sizes, some kept a little while. */
    const round = (i: number): void => {
      const kept = scope(() => {
        const steps = Array.from({ length: 4 }, () => relu(add(matmul(x, w, { bias: b }), (i % 5) + 1)));
        return sum(steps.reduce((a, s) => add(a, s)));
      });
      scope(() => void add(tensor(new Float32Array(1 + (i % 300))), kept));
      kept.dispose();
    };
    const callsPerRound = 17;
    const rounds = Math.ceil(100_000 / callsPerRound);
    for (let i = 0; i < rounds / 10; i++) round(i);
    gc();
    const [before, js] = [memory(), process.memoryUsage().heapUsed];
    for (let i = 0; i < rounds; i++) round(i);
    gc();
    expect(memory()).toEqual(before);
    expect(process.memoryUsage().heapUsed).toBeLessThan(js * 1.05);
    for (const t of [x, w, b]) t.dispose();
  });
});

describe("out of memory", () => {
  it.each(named)("at any allocation of %s leaves all as it was", (_, c) => {
    const split = c.shapes.length;
    const arrange = () => [...operandsOf(c), ...c.constants()];
    const failures = failEach(arrange, (all) => [c.run(all.slice(0, split), all.slice(split))]);
    const allocates = !["reshape to a vector", "cast to what it is"].includes(nameOf(c));
    expect(failures > 0).toBe(allocates);
  });

  it.each(smooth.map((c) => [nameOf(c), c] as const))("at any allocation of the gradient of %s, too", (_, c) => {
    const split = c.shapes.length;
    const arrange = () => [...operandsOf(c), ...c.constants()];
    const failures = failEach(arrange, (all) => gradients(c, all.slice(0, split), all.slice(split)));
    expect(failures).toBeGreaterThan(1);
  });

  it("at any allocation of tensor() leaves all as it was", () => {
    expect(
      failEach(
        () => [],
        () => [
          tensor([
            [1, 2],
            [3, 4],
          ]),
        ],
      ),
    ).toBe(1);
  });

  it("a thousand times leaks nothing, and the heap does not grow", () => {
    const operands = [tensor(new Float32Array(15), [3, 5]), tensor(new Float32Array(45), [5, 9])];
    const c = calls.find((d) => nameOf(d) === "matmul of matrices")!;
    const { heapBytes, bytes } = memory();
    for (let i = 0; i < 1000; i++) expect(failing(1 + (i % 7), () => gradients(c, operands, []))).toBe(true);
    expect(memory()).toMatchObject({ heapBytes, bytes });
    expectAlive();
    for (const t of operands) t.dispose();
  });
});

/** Something of every call: its result, then value and gradients. Freed as soon as read. */
function results(c: Call): ReturnType<typeof readTensor>[] {
  return scope(() => {
    const [operands, constants] = [operandsOf(c), c.constants()];
    const y = c.run(operands, constants);
    return [y, ...(smooth.includes(c) ? gradients(c, operands, constants) : [])].map((t) => readTensor(t));
  });
}

function expectResults(c: Call, truth: ReturnType<typeof results>, got: ReturnType<typeof results>): void {
  expect(got.length).toBe(truth.length);
  for (const [i, values] of got.entries()) expectBits(values, truth[i]!, `${nameOf(c)}, result ${i}`);
}

describe("the same bits, forwards and back,", () => {
  it.each(named)("of %s when the memory grows at every allocation", (_, c) => {
    const truth = results(c);
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
    heap.headroom = 0;
    const got = withAllocator(
      (_, allocate) => fill(allocate),
      () => results(c),
    );
    expect(grow.mock.calls.length).toBeGreaterThan(c.shapes.length);
    expectResults(c, truth, got);
  });

  it("of every call above 2 GiB, where pointers are negative as i32", () => {
    const truth = calls.map(results);
    const half = new Storage(2 ** 31);
    const above = withAllocator(
      (n, allocate) => (n === 1 ? fill(allocate) : []),
      () => {
        const x = tensor([0]);
        expect(x.pointer).toBeGreaterThan(2 ** 31);
        x.dispose();
        return calls.map(results);
      },
    );
    for (const [i, c] of calls.entries()) expectResults(c, truth[i]!, above[i]!);
    half.release();
  });
});
