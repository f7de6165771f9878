// Threads that share the slices of launches. A launch stays synchronous: the caller notes the kernel calls of every slice on a board, takes
// slices itself and waits for those that threads have taken. Slices are claimed one by one, so a thread that sleeps, is slow or dead
// holds up nothing that it has not claimed; who runs which slice changes no bit.
//
// Nothing of the core is imported: bundlers would split off what both need, and programs without threads would load more files.
import { asleep, boardSize, done, failed, firstNumber, left, mostSlices, over, program, starts } from "./board.js";
import type { Kernels } from "./kernels.js";
import type { Crew, Launchable, Operand, Plan } from "./launch.js";
import { hasThreads, processors, type Spawned, spawn } from "./spawn.js";

/** Most that "auto" takes: what more would bring, the memory holds up. */
const mostAuto = 8;

/** What an element costs that is read or written, in multiply-adds. */
const perElement = 4;

/** Runs the slice [begin, end) of a kernel. */
export type Slices = (k: Kernels, begin: number, end: number) => void;

/** How often the caller looks whether the last slices are done before it looks at the clock. */
const looks = 4096;
/** How long it goes on so before it lets others have its processor, one of the threads perhaps, and for how long at a time. */
const spinMs = 1;
const napMs = 0.05;

/** How long the caller waits for a slice that a thread has claimed. */
const patienceMs = 60_000;

export class Pool implements Crew {
  /** What they share: the heap must be moved to it before the first launch. */
  readonly memory: WebAssembly.Memory;
  declare kernels: Kernels;
  /** Cost of a launch that is worth sharing, and of the smallest slice: about 20 and 4 µs on a machine of 2022. */
  worth = 400_000;
  least = 80_000;
  declare private module: WebAssembly.Module;
  /** Stands in for the kernels, and notes what is called with what. */
  declare private recorder: Kernels;
  private readonly board: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;
  /** Where the next call is noted. */
  private next = firstNumber;
  private readonly hired = new Set<Spawned>();
  /** Whether the caller may block: not on the main thread of a page. */
  private readonly blocks: boolean;

  /** How many, the caller's among them. */
  readonly threads: number;

  /**
   * @param heap The memory that there is.
   * @param failure Makes the error that says why there are none; "auto" finds none either where there is one processor.
   */
  constructor(
    threads: number | "auto",
    heap: WebAssembly.Memory,
    private readonly failure: (why: string) => Error,
  ) {
    this.threads = threads === "auto" ? Math.min(processors(), mostAuto) : threads;
    const why = this.threads === 1 ? "there is one processor" : lacking();
    if (why !== undefined) throw failure(why);
    const memory = sharable(heap);
    if (memory === undefined) throw failure(`this host reserves no shared memory of ${heap.buffer.byteLength} bytes`);
    this.memory = memory;
    this.board = new SharedArrayBuffer(boardSize * 8);
    this.words = new Int32Array(this.board);
    this.numbers = new Float64Array(this.board);
    this.blocks = mayBlock(this.words);
  }

  /** Starts the threads, each with an instance of its own over the shared memory. @throws What `failure` makes, if one does not */
  async open(kernels: Kernels, module: WebAssembly.Module): Promise<void> {
    this.kernels = kernels;
    this.module = module;
    const note =
      (kernel: number) =>
      (...args: number[]): void => {
        const { numbers, next } = this;
        numbers[next] = kernel;
        numbers[next + 1] = args.length;
        for (let i = 0; i < args.length; i++) numbers[next + 2 + i] = args[i]!;
        this.next += 2 + args.length;
      };
    const notes = Object.keys(kernels).map((name, i) => [name, note(i)]);
    this.recorder = Object.fromEntries(notes) as Kernels;
    try {
      await Promise.all(Array.from({ length: this.threads - 1 }, () => this.hire(false)));
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  launch<P, L extends Plan>(
    { prepare, wasm }: Launchable<P, L>,
    out: Operand,
    inputs: readonly Operand[],
    pointers: readonly number[],
    plan: L,
    params: P,
    scratch: number,
  ): void {
    const { work, prepareWork, tile = 1 } = plan;
    const all = inputs.reduce((sum, { size }) => sum + size, out.size) * perElement;
    const of =
      (kernel: typeof wasm): Slices =>
      (k, begin, end) =>
        kernel(k, out.pointer, pointers, plan, params, begin, end, scratch);
    if (prepareWork) this.run(of(prepare!), prepareWork, 1, all);
    this.run(of(wasm), work, tile, plan.cost ?? all);
  }

  /** Has slices run that together are [0, work). */
  run(slices: Slices, work: number, tile: number, cost: number): void {
    const { words, kernels, recorder } = this;
    const bounds = cost < this.worth || words[over] === 1 ? [0, work] : this.cut(work, tile, cost);
    const count = bounds.length - 1;
    if (count > 1) {
      this.next = firstNumber;
      for (let i = 0; i < count; i++) {
        words[starts + i] = this.next;
        slices(recorder, bounds[i]!, bounds[i + 1]!);
      }
      words[starts + count] = this.next;
    }
    // Numbers past the end of the board are not noted.
    if (count === 1 || this.next > boardSize) {
      slices(kernels, 0, work);
      return;
    }
    words[done] = words[failed] = 0;
    Atomics.store(words, left, count);
    if (Atomics.load(words, asleep) > 0) Atomics.notify(words, left);
    let own: { error: unknown } | undefined;
    for (let i = Atomics.sub(words, left, 1); i > 0; i = Atomics.sub(words, left, 1)) {
      try {
        slices(kernels, bounds[i - 1]!, bounds[i]!);
      } catch (error) {
        own = { error };
      }
      Atomics.add(words, done, 1);
    }
    this.wait(count);
    if (own) throw own.error;
    const bad = words[failed]!;
    if (bad === 0) return;
    // Whatever it was is met here again, and thrown as with one thread.
    slices(kernels, bounds[bad - 1]!, bounds[bad]!);
    throw this.failure("a kernel failed in one of them that does not fail in the caller's");
  }

  async end(): Promise<void> {
    Atomics.store(this.words, over, 1);
    Atomics.notify(this.words, left);
    const { hired } = this;
    const ends = [...hired].map((thread) => thread.terminate());
    hired.clear();
    await Promise.all(ends);
  }

  /** Ascending bounds of slices. Claimed from the last, they grow smaller: so there is little to wait for in the end. */
  private cut(work: number, tile: number, cost: number): number[] {
    // Of many elements whole cache lines, which no two threads write; of few rows less than a tile: to wait for one costs more.
    const unit = work < 256 ? Math.ceil(tile / 3) : work < 4096 ? tile : Math.ceil(64 / tile) * tile;
    const units = Math.ceil(work / unit);
    const least = Math.max(1, Math.ceil((units * this.least) / cost), Math.ceil((units * 2) / mostSlices));
    const bounds = [work];
    for (let rest = units; rest > 0; ) {
      rest = Math.max(0, rest - Math.max(least, Math.ceil(rest / (2 * this.threads))));
      bounds.push(rest * unit);
    }
    return bounds.reverse();
  }

  /** Until the last slice is done. */
  private wait(count: number): void {
    const { words } = this;
    let since = 0;
    let before = 0;
    for (let look = 1; ; look++) {
      const now = Atomics.load(words, done);
      if (now === count) return;
      if (look < looks) continue;
      const time = performance.now();
      if (now > before || look === looks) since = time;
      before = now;
      if (time - since > patienceMs) {
        this.end();
        throw this.failure(`one of them has not finished its slice for ${patienceMs / 1000} s; they are ended`);
      }
      if (this.blocks && time - since > spinMs) Atomics.wait(words, done, now, napMs);
    }
  }

  /** One more thread, ready. One that ends later, by itself, is replaced. */
  private hire(replaces: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let ready = false;
      const lost = (why: string): void => {
        if (!this.hired.delete(thread)) return;
        if (ready) this.hire(true).catch(() => {});
        else reject(this.failure(`one does not start: ${why}`));
      };
      const thread = spawn<string>(
        program,
        (broken) => {
          if (broken) return lost(broken);
          ready = true;
          thread.unref();
          resolve();
        },
        lost,
      );
      if (replaces) thread.unref();
      this.hired.add(thread);
      thread.postMessage({ module: this.module, memory: this.memory, board: this.board });
    });
  }
}

/** Why there can be no threads here. */
function lacking(): string | undefined {
  if (globalThis.crossOriginIsolated === false || typeof SharedArrayBuffer === "undefined")
    return (
      "there is no memory to share; a page must be cross-origin isolated, served with the headers " +
      "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp"
    );
  return hasThreads() ? undefined : "this host starts none";
}

/** The memory if it is shared, else a new one of its size, still empty: one that can grow to 4 GiB, or what the host reserves. */
function sharable(memory: WebAssembly.Memory): WebAssembly.Memory | undefined {
  if (!(memory.buffer instanceof ArrayBuffer)) return memory;
  const initial = memory.buffer.byteLength / 65536;
  for (let maximum = 65535; maximum >= initial; maximum >>= 1)
    try {
      return new WebAssembly.Memory({ initial, maximum, shared: true });
    } catch {}
  return undefined;
}

function mayBlock(words: Int32Array): boolean {
  try {
    Atomics.wait(words, left, 0, 0);
    return true;
  } catch {
    return false;
  }
}
