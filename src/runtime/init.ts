import { checkNumber } from "../check.js";
import { ArgumentError, DeviceError } from "../errors.js";
import { heap, maxBytes as mostBytes } from "./heap.js";
import { useKernels } from "./kernels.js";
import { loadKernels, type WasmSource } from "./load.js";
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
}

/** The binaries that an entry of the package brings, each made or loaded when it is chosen. */
export type Binaries = Readonly<Record<"simd" | "relaxed", () => WasmSource | Promise<WasmSource>>>;

/** What `init()` settled on. */
export interface RuntimeInfo {
  /** `simd` rounds multiply and add separately, `relaxed` may fuse them; `custom` was passed in. */
  readonly binary: "simd" | "relaxed" | "custom";
  readonly deterministic: boolean;
}

let ready: Promise<RuntimeInfo> | undefined;
let chosen: InitOptions = {};
let fixed = false;
/** What the last call that succeeded left: a call that fails falls back to it. */
let settled: { readonly ready: Promise<RuntimeInfo>; readonly chosen: InitOptions } | undefined;

/** `init()` of every entry of the package: they share what it settles on, and differ in the binaries they bring. */
export function start(options: InitOptions, binaries?: Binaries): Promise<RuntimeInfo> {
  const { maxBytes } = options;
  if (maxBytes !== undefined) {
    checkNumber("init", "maxBytes", maxBytes, 65536, 2 ** 32);
    heap.limitBytes = Math.min(maxBytes, mostBytes);
  }
  const same =
    (options.wasm === undefined || options.wasm === chosen.wasm) &&
    (options.deterministic === undefined || options.deterministic === (chosen.deterministic ?? false));
  if (ready !== undefined && same) return ready;
  chosen = options;
  // One at a time: a second call waits for the first, and a failed one leaves the way free for the next.
  const next = (ready ?? Promise.resolve()).catch(() => {}).then(() => choose(options, binaries));
  ready = next;
  next.then(
    ({ deterministic }) => {
      settled = { ready: next, chosen: options };
      fixed = deterministic;
    },
    () => {
      if (ready === next) ({ ready, chosen } = settled ?? { ready: undefined, chosen: {} });
    },
  );
  return next;
}

/** Whether results must be the same on every host: then no clock decides anything. */
export function isDeterministic(): boolean {
  return fixed;
}

async function choose(options: InitOptions, binaries: Binaries | undefined): Promise<RuntimeInfo> {
  void heap.memory; // without WebAssembly or memory there is nothing to choose
  if (!hasSimd())
    throw new DeviceError(
      "init: this host has no WebAssembly SIMD; it needs Node 16.4, Chrome 91, Firefox 89, Safari 16.4 or later",
    );
  const deterministic = options.deterministic ?? false;
  if (options.wasm !== undefined) {
    const { kernels: custom } = await loadKernels(options.wasm);
    if (!computesRight(custom))
      throw new DeviceError("init: `wasm` does not multiply as it must on this host; use spokeshave/kernels.wasm");
    if (deterministic && !roundsTwice(custom))
      throw new ArgumentError(
        "init: `wasm` fuses multiply and add on this host, so `deterministic` cannot hold; pass the plain binary, spokeshave/kernels.wasm",
      );
    useKernels(custom);
    return { binary: "custom", deterministic };
  }
  if (binaries === undefined)
    throw new ArgumentError(
      "init: spokeshave/core brings no kernels; pass them, init({ wasm }), such as spokeshave/kernels.wasm, or import from spokeshave",
    );
  if (!deterministic && hasRelaxed()) {
    // A host that validates one relaxed instruction may still refuse the binary, or compute it wrong.
    const relaxed = await loadKernels(binaries.relaxed()).catch(() => undefined);
    if (relaxed !== undefined && computesRight(relaxed.kernels)) {
      useKernels(relaxed.kernels);
      return { binary: "relaxed", deterministic };
    }
  }
  const simd = await loadKernels(binaries.simd());
  useKernels(simd.kernels);
  return { binary: "simd", deterministic };
}
