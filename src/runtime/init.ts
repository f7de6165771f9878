import { checkCount, checkFlag, checkNumber } from "../check.js";
import { ArgumentError, DeviceError } from "../errors.js";
import { heap, maxBytes as mostBytes } from "./heap.js";
import { useKernels } from "./kernels.js";
import { useCrew } from "./launch.js";
import { type Loaded, loadKernels, type WasmSource } from "./load.js";
import type { Pool } from "./pool.js";
import { computesRight, hasRelaxed, hasSimd, roundsTwice } from "./probe.js";

export interface InitOptions {
  /**
   * The same bits on every host and for any number of threads: the plain SIMD binary, and no clock decides anything that you do not
   * leave to it (`maxMs`, a budget of `ms`). Of a NaN WebAssembly fixes neither sign nor payload: where a NaN stands is the same
   * everywhere, so compare bits with all NaNs as one. Default false.
   */
  deterministic?: boolean;
  /** Bring your own binary: a module, its bytes, a URL or a Response. Default: the embedded ones, chosen by a probe. */
  wasm?: WasmSource | Promise<WasmSource>;
  /** Bytes that the wasm memory may grow to, up to 4 GiB. */
  maxBytes?: number;
  /**
   * Threads that share the work of large operations, the caller's among them: 1 to 64. "auto" takes one to a processor, 8 at most, and
   * goes on with one where there are no more. The bits of results do not depend on it. A page must be cross-origin isolated. A thread
   * that ends is replaced; one that has not finished its part after a minute ends the operation with a DeviceError. Default 1.
   */
  threads?: number | "auto";
  /**
   * Where there are several ways to do the same, the first call of each shape measures them, which takes some tens of milliseconds, and
   * the fastest is taken from then on: see `explain()`. Not under `deterministic`. Default false, or what an earlier call chose.
   */
  tune?: boolean;
}

type Sources = Readonly<Record<"simd" | "relaxed", () => WasmSource | Promise<WasmSource>>>;

/** The binaries that an entry of the package brings, each made or loaded when it is chosen. */
export interface Binaries extends Sources {
  /** Those over a memory that threads share. */
  readonly shared?: Sources;
}

/** What `init()` settled on. */
export interface RuntimeInfo {
  /** `simd` rounds multiply and add separately, `relaxed` may fuse them; `custom` was passed in. */
  readonly binary: "simd" | "relaxed" | "custom";
  readonly deterministic: boolean;
  /** Threads that share the work of large operations, the caller's among them. */
  readonly threads: number;
  /** Ends all threads but the caller's, which goes on alone, as after `init({ threads: 1 })`. */
  dispose(): Promise<void>;
  /** As `dispose()`, for `await using`; where the host has `Symbol.asyncDispose`. */
  [Symbol.asyncDispose]?(): Promise<void>;
}

/** What all calls so far ask for. */
interface Choice {
  readonly wasm?: InitOptions["wasm"];
  readonly deterministic: boolean;
  readonly threads: number | "auto";
}

/** What a call adds: without `wasm` and `deterministic` the binary stays, without `threads` the threads do. */
function added(before: Choice, { wasm, deterministic, threads = before.threads }: InitOptions): Choice {
  if (wasm === undefined && deterministic === undefined) return { ...before, threads };
  return { wasm, deterministic: deterministic ?? false, threads };
}

/** What the last call that succeeded left: a call that fails falls back to it. */
let settled: { readonly ready?: Promise<RuntimeInfo>; readonly chosen: Choice } = {
  chosen: { deterministic: false, threads: 1 },
};
/** The last call, and what it asks for. */
let { ready, chosen } = settled;
let tuning = false;

/** `init()` of every entry of the package: they share what it settles on, and differ in the binaries they bring. */
export function start(options: InitOptions, binaries?: Binaries): Promise<RuntimeInfo> {
  const { maxBytes, threads, tune } = options;
  if (threads !== undefined && threads !== "auto") checkCount("init", "threads", threads, 1, 64);
  if (maxBytes !== undefined) {
    checkNumber("init", "maxBytes", maxBytes, 65536, 2 ** 32);
    heap.limitBytes = Math.min(maxBytes, mostBytes);
  }
  if (tune !== undefined) {
    checkFlag("init", "tune", tune);
    tuning = tune;
  }
  const names = ["wasm", "deterministic", "threads"] as const;
  const same = names.every((name) => options[name] === undefined || options[name] === chosen[name]);
  if (ready !== undefined && same) return ready;
  chosen = added(chosen, options);
  // One at a time: a second call waits for the first, and a failed one leaves the way free for the next.
  const before = (ready ?? Promise.resolve()).catch(() => {});
  const next = before.then(async () => {
    const choice = added(settled.chosen, options);
    const info = await choose(choice, binaries);
    settled = { ready: next, chosen: choice };
    return info;
  });
  ready = next;
  const settle = () => {
    if (ready === next) ({ ready, chosen } = settled);
  };
  next.then(settle, settle);
  return next;
}

/** Whether the first call of a shape may measure the ways to do it. */
export function isTuning(): boolean {
  return tuning;
}

/** Whether results must be the same on every host: then no clock decides anything. */
export function isDeterministic(): boolean {
  return settled.chosen.deterministic;
}

async function choose(choice: Choice, binaries: Binaries | undefined): Promise<RuntimeInfo> {
  void heap.memory; // without WebAssembly or memory there is nothing to choose
  if (!hasSimd())
    throw new DeviceError(
      "init: this host has no WebAssembly SIMD; it needs Node 16.4, Chrome 91, Firefox 89, Safari 16.4 or later",
    );
  const { threads } = choice;
  if (threads === 1) return run(choice, binaries);
  const { Pool } = await import("./pool.js");
  try {
    return await run(choice, binaries, new Pool(threads, heap.memory, failure));
  } catch (error) {
    if (threads === "auto") return run(choice, binaries);
    throw error;
  }
}

/** The error of threads that there are not. */
function failure(why: string): DeviceError {
  return new DeviceError(`threads: ${why}; take one, or "auto"`);
}

/** What runs. */
let running: (Binary & Omit<Choice, "threads"> & { memory: WebAssembly.Memory; pool: Pool | undefined }) | undefined;

/** Loads what is asked for, and only then puts it in the place of what runs. */
async function run({ wasm, deterministic }: Choice, binaries: Binaries | undefined, pool?: Pool): Promise<RuntimeInfo> {
  const { memory } = pool ?? heap;
  const known = running?.wasm === wasm && running?.deterministic === deterministic ? running : undefined;
  // What was a response cannot be read again.
  const source = wasm && (known?.module ?? wasm);
  const next = known?.memory === memory ? known : await load(source, deterministic, binaries, memory);
  const { binary, kernels, module } = next;
  await pool?.open(kernels, module);
  heap.move(memory);
  useKernels(kernels);
  useCrew(pool);
  await running?.pool?.end();
  running = { binary, kernels, module, wasm, deterministic, memory, pool };
  const dispose = () => start({ threads: 1 }, binaries).then(() => {});
  const threads = pool?.threads ?? 1;
  return { binary, deterministic, threads, dispose, [Symbol.asyncDispose ?? "dispose"]: dispose };
}

type Binary = Loaded & Pick<RuntimeInfo, "binary">;

async function load(
  wasm: InitOptions["wasm"],
  deterministic: boolean,
  binaries: Binaries | undefined,
  memory: WebAssembly.Memory,
): Promise<Binary> {
  if (wasm !== undefined) {
    const custom = await loadKernels(wasm, memory);
    if (!computesRight(custom.kernels))
      throw new DeviceError("init: `wasm` does not multiply as it must on this host; use spokeshave/kernels.wasm");
    if (deterministic && !roundsTwice(custom.kernels))
      throw new ArgumentError(
        "init: `wasm` fuses multiply and add on this host, so `deterministic` cannot hold; pass the plain binary, spokeshave/kernels.wasm",
      );
    return { binary: "custom", ...custom };
  }
  const sources = memory.buffer instanceof ArrayBuffer ? binaries : binaries?.shared;
  if (sources === undefined)
    throw new ArgumentError(
      `init: ${binaries ? "this entry brings no kernels for threads" : "spokeshave/core brings no kernels"}; ` +
        "pass them, init({ wasm }), such as spokeshave/kernels.wasm, or import from spokeshave",
    );
  if (!deterministic && hasRelaxed()) {
    // A host that validates one relaxed instruction may still refuse the binary, or compute it wrong.
    const relaxed = await loadKernels(sources.relaxed(), memory).catch(() => undefined);
    if (relaxed !== undefined && computesRight(relaxed.kernels)) return { binary: "relaxed", ...relaxed };
  }
  return { binary: "simd", ...(await loadKernels(sources.simd(), memory)) };
}
