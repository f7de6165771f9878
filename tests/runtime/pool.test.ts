import { execFileSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { add, DeviceError, init, matmul, memory, search, type Tensor, tensor, threads } from "../../src/index.js";
import { heap } from "../../src/runtime/heap.js";
import { Pool } from "../../src/runtime/pool.js";
import { readTensor } from "../../src/tensor.js";
import { calls, operandsOf } from "../faults/calls.js";
import { draw, zeroLeaks } from "../grid.js";
import { expectBits } from "../values.js";

zeroLeaks();

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  worker_threads.Worker = Worker;
  await init({ threads: 1 });
});

const worker_threads = process.getBuiltinModule("worker_threads");
const { Worker } = worker_threads;

type Thread = InstanceType<typeof Worker>;

/** The threads that are started from here on. */
function threadsStarted(): Thread[] {
  const started: Thread[] = [];
  worker_threads.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      started.push(this);
    }
  };
  return started;
}

/** Has everything shared that can be, in the smallest slices. */
function shareAll(): void {
  const { run } = Pool.prototype;
  vi.spyOn(Pool.prototype, "run").mockImplementation(function (this: Pool, ...args) {
    run.apply(Object.assign(this, { worth: 0, least: 0 }), args);
  });
}

const square = (n: number): Tensor<"f32"> => tensor(draw("normal", n * n, 1), [n, n]);

/** The product of a matrix with itself, large enough to be shared. */
function product(): Float32Array {
  const x = square(128);
  const y = matmul(x, x);
  const values = readTensor(y);
  for (const t of [x, y]) t.dispose();
  return values as Float32Array;
}

describe("results", () => {
  const results = (): Map<string, Uint8Array> => {
    const found = new Map<string, Uint8Array>();
    for (const call of calls) {
      const made = [...operandsOf(call), ...call.constants()];
      const y = call.run(made.slice(0, call.shapes.length), made.slice(call.shapes.length));
      found.set(`${call.op} ${call.how}`, new Uint8Array(readTensor(y).buffer as ArrayBuffer));
      for (const t of [...made, y]) t.dispose();
    }
    return found;
  };

  it.each([true, false])(
    "of every op are the same bits for 1 to 4 threads, deterministic: %s",
    async (deterministic) => {
      await init({ deterministic });
      const alone = results();
      shareAll();
      for (const threads of [2, 3, 4]) {
        await init({ threads });
        for (const [name, bytes] of results())
          expect(Buffer.compare(bytes, alone.get(name)!), `${name} by ${threads} threads`).toBe(0);
      }
    },
  );

  it("of products of all sorts of sizes are the same bits", async () => {
    const shapes = [1, 3, 7, 8, 9, 25, 64, 129].flatMap((m) => [1, 8, 17, 100].map((n) => [m, 33, n] as const));
    const products = () =>
      shapes.map(([m, k, n]) => {
        const [a, b] = [tensor(draw("normal", m * k, m), [m, k]), tensor(draw("normal", k * n, n), [k, n])];
        const y = matmul(a, b);
        const values = readTensor(y);
        for (const t of [a, b, y]) t.dispose();
        return values;
      });
    const alone = products();
    shareAll();
    await init({ threads: 3 });
    for (const [i, values] of products().entries()) expectBits(values, alone[i]!, `${shapes[i]}`);
  });
});

describe("threads", () => {
  it("that end by themselves are replaced, and results are right meanwhile", async () => {
    const alone = product();
    const started = threadsStarted();
    shareAll();
    await init({ threads: 3 });
    expect(started.length).toBe(2);
    for (const thread of started.slice()) await thread.terminate();
    expectBits(product(), alone, "right after their end");
    await vi.waitUntil(() => started.length === 4 && started.slice(2).every(({ threadId }) => threadId > 0));
    expectBits(product(), alone, "with others");
    await init({ threads: 1 });
    await vi.waitUntil(() => started.every(({ threadId }) => threadId === -1));
    expect(started.length).toBe(4);
  });

  it("see memory that grew while they slept", async () => {
    const alone = product();
    shareAll();
    await init({ threads: 2 });
    expectBits(product(), alone, "before");
    await new Promise((done) => setTimeout(done, 100));
    const { heapBytes } = memory();
    const ballast = tensor(new Float32Array(heapBytes / 4));
    expect(memory().heapBytes).toBeGreaterThan(heapBytes);
    expectBits(product(), alone, "in what was added");
    ballast.dispose();
  });

  it("that trap give the caller the same error, and go on", async () => {
    shareAll();
    await init({ threads: 2 });
    const behind = memory().heapBytes;
    const x = tensor(draw("normal", 64, 1));
    const doubled = add(x, x);
    const of = vi.mocked(Pool.prototype.run).mock.contexts.at(-1) as Pool;
    expect(() => of.run((k, begin, end) => k.relu_f32(x.pointer, behind, 0, 0, begin, end), 64, 1, 1)).toThrow(
      WebAssembly.RuntimeError,
    );
    const again = add(x, x);
    expectBits(readTensor(again), readTensor(doubled), "after a trap");
    for (const t of [x, doubled, again]) t.dispose();
  });

  it("whose kernel fails where the caller's does not are an error", async () => {
    shareAll();
    await init({ threads: 2 });
    const x = tensor(draw("normal", 64, 1));
    add(x, x).dispose();
    const of = vi.mocked(Pool.prototype.run).mock.contexts.at(-1) as Pool;
    const behind = memory().heapBytes;
    // What is noted reads past the memory, what the caller runs does not.
    let failed: unknown;
    // On a busy machine it takes a while until the thread is there in time for a slice.
    for (const patience = performance.now() + 10_000; failed === undefined && performance.now() < patience; )
      try {
        of.run(
          (k, begin, end) => k.relu_f32(x.pointer, k === of.kernels ? x.pointer : behind, 0, 0, begin, end),
          64,
          1,
          1,
        );
      } catch (error) {
        failed = error;
      }
    expect(failed).toBeInstanceOf(DeviceError);
    expect((failed as Error).message).toContain("a kernel failed in one of them");
    x.dispose();
  });

  it("of a search are enough: 'auto' is one in them", async () => {
    const library = pathToFileURL("build/index.js").href;
    const objective = `
      import { init, matmul, tensor } from ${JSON.stringify(library)};
      const { threads } = await init({ threads: "auto" });
      export default ({ x }) => threads + 0 * x;`;
    await init({ threads: 2 });
    const url = `data:text/javascript,${encodeURIComponent(objective)}`;
    const study = await search(threads(url, { workers: 2 }), {
      space: (draw) => ({ x: draw.float("x", -1, 1) }),
      trials: 4,
    });
    expect(study.trials.map(({ values }) => values)).toEqual([[1], [1], [1], [1]]);
    expect(product().length).toBe(128 * 128);
  });
});

describe("init({ threads })", () => {
  it("moves what is alive to a memory that threads share, and says how many they are", async () => {
    const x = tensor([1, 2, 3]);
    const { pointer } = x;
    const { bytes } = memory();
    const { threads } = await init({ threads: 2 });
    expect(threads).toBe(2);
    expect(heap.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(x.pointer).toBe(pointer);
    expect([...(await x.data())]).toEqual([1, 2, 3]);
    expect(memory().bytes).toBe(bytes);
    x.dispose();
  });

  it("starts as many, and ends them with dispose() or one thread", async () => {
    const started = threadsStarted();
    const info = await init({ threads: 3 });
    expect(started.length).toBe(2);
    const ended = Promise.all(started.map((worker) => new Promise((done) => worker.once("exit", done))));
    await info.dispose();
    await ended;
    expect((await init()).threads).toBe(1);
    expect(product().length).toBe(128 * 128);
    expect(started.every(({ threadId }) => threadId === -1)).toBe(true);
  });

  it("stays when the binary is swapped, and the other way round", async () => {
    await init({ threads: 2 });
    expect(await init({ deterministic: true })).toMatchObject({ binary: "simd", deterministic: true, threads: 2 });
    expect(await init({ threads: 3 })).toMatchObject({ binary: "simd", deterministic: true, threads: 3 });
    expect(await init({ deterministic: false })).toMatchObject({ deterministic: false, threads: 3 });
  });

  it.each([0, -1, 1.5, 65, Number.NaN, "many", null, true])("refuses %s", (threads) => {
    expect(() => init({ threads: threads as number })).toThrow("init: threads is ");
  });

  it("without threads on the host is an error that says why and what to do, and 'auto' goes on with one", async () => {
    const before = await init();
    vi.stubGlobal("crossOriginIsolated", false);
    await expect(init({ threads: 2 })).rejects.toThrow(DeviceError);
    await expect(init({ threads: 2 })).rejects.toThrow("Cross-Origin-Opener-Policy: same-origin");
    expect(await init()).toBe(before);
    expect((await init({ threads: "auto" })).threads).toBe(1);
  });

  it("keeps no process alive", () => {
    const program = `
      const { init, tensor, matmul } = await import(${JSON.stringify(pathToFileURL("build/index.js").href)});
      const { threads } = await init({ threads: 2 });
      const x = tensor(new Float32Array(2 ** 16), [256, 256]);
      matmul(x, x);
      console.log(threads);`;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", program], { timeout: 20_000 });
    expect(String(said).trim()).toBe("2");
  });
});
