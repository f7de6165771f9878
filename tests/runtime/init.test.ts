import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { InitOptions } from "../../src/runtime/init.js";
import type { Kernels } from "../../src/runtime/kernels.js";

const path = "build/kernels/simd.wasm";
const url = pathToFileURL(path);
const bytes = new Uint8Array(await readFile(path));
/** The smallest module: it compiles, and exports nothing. */
const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);

/** The library as a program finds it that has just started. */
async function load() {
  const [errors, init, heap, kernels, tensor, binary, matmul, scope] = await Promise.all([
    import("../../src/errors.js"),
    import("../../src/runtime/embedded.js"),
    import("../../src/runtime/heap.js"),
    import("../../src/runtime/kernels.js"),
    import("../../src/tensor.js"),
    import("../../src/ops/binary.js"),
    import("../../src/ops/matmul.js"),
    import("../../src/scope.js"),
  ]);
  return { ...errors, ...init, ...heap, ...kernels, ...tensor, ...binary, ...matmul, ...scope };
}

let lib: Awaited<ReturnType<typeof load>>;

beforeEach(async () => {
  vi.resetModules();
  lib = await load();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.doUnmock("../../src/runtime/load.js");
  const { tensors, bytes } = lib.memory();
  expect({ tensors, bytes }).toEqual({ tensors: 0, bytes: 0 });
});

/** 1 + 2 by the kernels. */
function works(): boolean {
  const { add, readTensor, scope, tensor } = lib;
  return scope(() => readTensor(add(tensor([1]), tensor([2])))[0] === 3);
}

describe("before init()", () => {
  it("tensors can be made and read, an op says what is missing", async () => {
    const { add, DisposedError, memory, tensor } = lib;
    const x = tensor([1, 2]);
    expect([...(await x.data())]).toEqual([1, 2]);
    const before = memory();
    expect(() => add(x, x)).toThrow(DisposedError);
    expect(() => add(x, x)).toThrow("spokeshave: the kernels are not loaded; call `await init()` first");
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    await lib.init();
    expect(works()).toBe(true);
    x.dispose();
  });
});

describe("init()", () => {
  it("loads once: the same answer and the same kernels", async () => {
    const first = await lib.init();
    const k = lib.kernels();
    expect(await lib.init()).toBe(first);
    expect(await lib.init({})).toBe(first);
    expect(lib.kernels()).toBe(k);
    expect(first.deterministic).toBe(false);
    expect(works()).toBe(true);
  });

  it("chooses relaxed where the host has it and computes it right, else simd; deterministic is always simd", async () => {
    const { hasRelaxed } = await import("../../src/runtime/probe.js");
    expect((await lib.init()).binary).toBe(hasRelaxed() ? "relaxed" : "simd");
    expect(await lib.init({ deterministic: true })).toMatchObject({ binary: "simd", deterministic: true });
  });

  it("swaps the binary under living tensors", async () => {
    await lib.init();
    const { matmul, readTensor, tensor } = lib;
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const before = matmul(x, x);
    const k = lib.kernels();
    await lib.init({ deterministic: true });
    expect(lib.kernels()).not.toBe(k);
    const after = matmul(x, x);
    expect([...readTensor(x)]).toEqual([1, 2, 3, 4]);
    expect([...readTensor(before)]).toEqual([7, 10, 15, 22]);
    expect([...readTensor(after)]).toEqual([7, 10, 15, 22]);
    for (const t of [x, before, after]) t.dispose();
  });

  it("without options keeps what was chosen; with the other option goes back", async () => {
    const pinned = await lib.init({ deterministic: true });
    expect(await lib.init()).toBe(pinned);
    expect(await lib.init({ deterministic: true })).toBe(pinned);
    expect((await lib.init({ deterministic: false })).deterministic).toBe(false);
  });

  it("called many times at once ends with the last choice", async () => {
    const infos = await Promise.all([
      lib.init(),
      lib.init(),
      lib.init({ deterministic: true }),
      lib.init(),
      lib.init({ wasm: bytes }),
      lib.init(),
    ]);
    expect(infos.map((info) => info.deterministic)).toEqual([false, false, true, true, false, false]);
    expect(infos[5]).toMatchObject({ binary: "custom", deterministic: false });
    expect(works()).toBe(true);
  });
});

describe("init({ wasm })", () => {
  const response = () => new Response(bytes, { headers: { "content-type": "application/wasm" } });
  const forms: [name: string, make: () => InitOptions["wasm"]][] = [
    ["a module", () => new WebAssembly.Module(bytes)],
    ["a Uint8Array", () => bytes],
    ["an ArrayBuffer", () => bytes.slice().buffer],
    ["a promise of bytes", () => readFile(path)],
    ["a Response", response],
    ["a promise of a Response", () => Promise.resolve(response())],
    ["a file URL", () => url],
    ["the text of a file URL", () => url.href],
  ];

  it.each(forms)("takes %s", async (_, make) => {
    expect(await lib.init({ wasm: make()! })).toMatchObject({ binary: "custom", deterministic: false });
    expect(works()).toBe(true);
  });

  it.each([
    ["a URL", (href: string) => new URL(href)],
    ["its text", (href: string) => href],
  ])("fetches %s", async (_, make) => {
    const fetch = vi.fn(async () => response());
    vi.stubGlobal("fetch", fetch);
    await lib.init({ wasm: make("https://example.org/kernels.wasm") });
    expect(`${(fetch.mock.calls as unknown[][])[0]![0]}`).toBe("https://example.org/kernels.wasm");
    expect(works()).toBe(true);
  });

  /** What is refused: how, and with what text. */
  const bad: [name: string, make: () => InitOptions["wasm"], error: "ArgumentError" | "DeviceError", text: string][] = [
    ["another module", () => empty, "ArgumentError", "is not a Spokeshave kernel binary of this version"],
    ["half a file", () => bytes.slice(0, bytes.length / 2), "DeviceError", "check that the file is whole"],
    ["a file without its last byte", () => bytes.slice(0, -1), "DeviceError", "check that the file is whole"],
    ["no bytes", () => new Uint8Array(), "DeviceError", "does not compile or instantiate the kernels"],
    ["a text file", () => new TextEncoder().encode("<!doctype html>"), "DeviceError", "does not compile"],
    ["a missing file", () => new URL("none.wasm", url), "ArgumentError", "cannot read the kernels from"],
    ["a relative path", () => "kernels.wasm", "ArgumentError", 'give a whole URL, e.g. new URL("./kernels.wasm"'],
    ["a page that is not there", () => "https://example.org/none", "ArgumentError", "the server answered 404"],
    ["a Response of an error", () => new Response("no", { status: 404 }), "DeviceError", "does not compile"],
  ];

  it.each(bad)("refuses %s, and keeps what was there", async (_, make, error, text) => {
    vi.stubGlobal("fetch", async () => new Response("no", { status: 404 }));
    const pinned = await lib.init({ deterministic: true });
    const k = lib.kernels();
    const failed = await lib.init({ wasm: make()! }).catch((e: unknown) => e);
    expect(failed).toBeInstanceOf(lib[error]);
    expect((failed as Error).message).toContain(text);
    expect((failed as Error).message).toMatch(/^init: /);
    expect(lib.kernels()).toBe(k);
    expect(await lib.init()).toBe(pinned);
    expect(works()).toBe(true);
  });

  it("passes on the error of a promise that fails", async () => {
    const offline = new Error("offline");
    await expect(lib.init({ wasm: Promise.reject(offline) })).rejects.toBe(offline);
  });

  it("that fails first leaves the way free for the next", async () => {
    await expect(lib.init({ wasm: empty })).rejects.toBeInstanceOf(lib.ArgumentError);
    expect(() => lib.kernels()).toThrow(lib.DisposedError);
    await lib.init();
    expect(works()).toBe(true);
  });

  it("that fails does not stop a call that waits behind it", async () => {
    const failing = lib.init({ wasm: empty });
    const waiting = lib.init({ deterministic: true });
    await expect(failing).rejects.toBeInstanceOf(lib.ArgumentError);
    expect(await waiting).toMatchObject({ binary: "simd", deterministic: true });
    expect(await lib.init()).toBe(await waiting);
  });
});

describe("hosts", () => {
  it("without SIMD get a clear error", async () => {
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    const failed = await lib.init().catch((e: unknown) => e);
    expect(failed).toBeInstanceOf(lib.DeviceError);
    expect((failed as Error).message).toContain("init: this host has no WebAssembly SIMD; it needs Node");
  });

  it("without WebAssembly get a clear error, of init() and of a tensor", async () => {
    vi.stubGlobal("WebAssembly", undefined);
    const failed = await lib.init().catch((e: unknown) => e);
    expect(failed).toBeInstanceOf(lib.DeviceError);
    expect((failed as Error).message).toContain(
      "this host has no WebAssembly; a browser that is locked down must allow it",
    );
    expect(() => lib.tensor([1])).toThrow(lib.DeviceError);
    vi.unstubAllGlobals();
    await lib.init();
    expect(works()).toBe(true);
  });

  it("without memory left get a clear error, and go on when there is some", async () => {
    vi.spyOn(WebAssembly, "Memory").mockImplementation(function none() {
      throw new RangeError("WebAssembly.Memory(): could not allocate memory");
    });
    const failed = await lib.init().catch((e: unknown) => e);
    expect(failed).toBeInstanceOf(lib.OutOfMemoryError);
    expect(failed).toMatchObject({ needed: 65536, free: 0, limit: 0 });
    expect((failed as Error).message).toContain("raise the limit on memory, also of addresses (ulimit -v)");
    expect(() => lib.tensor([1])).toThrow(lib.OutOfMemoryError);
    vi.restoreAllMocks();
    await lib.init();
    expect(works()).toBe(true);
  });

  it("with as little room as a shell may give say so", () => {
    const program = `import("./build/index.js").then(({ init }) => init()).catch((e) => console.log(e.name, e.message))`;
    const { stdout } = spawnSync("sh", ["-c", `ulimit -v 6000000; exec "${process.execPath}" -e '${program}'`], {
      encoding: "utf8",
    });
    expect(stdout).toMatch(/^OutOfMemoryError memory: .* \(ulimit -v\)$/m);
  });

  it("that forbid compiling are told to pass a module, which then works", async () => {
    const module = new WebAssembly.Module(bytes);
    vi.spyOn(WebAssembly, "compile").mockRejectedValue(
      new WebAssembly.CompileError("Wasm code generation disallowed by embedder"),
    );
    const failed = await lib.init().catch((e: unknown) => e);
    expect(failed).toBeInstanceOf(lib.DeviceError);
    expect((failed as Error).message).toContain("pass a precompiled module, init({ wasm: module })");
    expect((failed as Error).message).toContain("content security policy must allow 'wasm-unsafe-eval'");
    expect((failed as Error).message).toContain("Wasm code generation disallowed by embedder");
    expect(await lib.init({ wasm: module })).toMatchObject({ binary: "custom", deterministic: false });
    expect(works()).toBe(true);
  });

  it("that validate relaxed SIMD and then refuse the binary fall back to simd", async () => {
    const { compile } = WebAssembly;
    vi.spyOn(WebAssembly, "validate").mockReturnValue(true);
    vi.spyOn(WebAssembly, "compile")
      .mockRejectedValueOnce(new WebAssembly.CompileError("invalid SIMD opcode"))
      .mockImplementation(compile);
    expect(await lib.init()).toMatchObject({ binary: "simd", deterministic: false });
    expect(works()).toBe(true);
  });

  const faults: [name: string, fault: Partial<Kernels>][] = [
    ["dot", { probe_dot: (a, b, c) => c + 4 * a * (b & 63) }],
    ["madd", { probe_madd: (a, b, c) => Math.fround(a * b + c) + 1 }],
  ];

  /** A host whose first binary, of those that are loaded, computes wrong. */
  async function faulty(fault: Partial<Kernels>): Promise<void> {
    vi.resetModules();
    let loaded = 0;
    vi.doMock("../../src/runtime/load.js", async (original) => {
      const { loadKernels } = await original<typeof import("../../src/runtime/load.js")>();
      return {
        async loadKernels() {
          const { kernels, module } = await loadKernels(bytes);
          return { kernels: { ...kernels, ...(loaded++ === 0 && fault) }, module };
        },
      };
    });
    lib = await load();
    vi.spyOn(WebAssembly, "validate").mockReturnValue(true);
  }

  it.each(faults)("that compute the relaxed %s wrong get simd", async (_, fault) => {
    await faulty(fault);
    expect(await lib.init()).toMatchObject({ binary: "simd", deterministic: false });
    expect(works()).toBe(true);
  });

  it.each(faults)("that compute the %s of a binary passed in wrong refuse it", async (_, fault) => {
    await faulty(fault);
    const failed = await lib.init({ wasm: bytes }).catch((e: unknown) => e);
    expect(failed).toBeInstanceOf(lib.DeviceError);
    expect((failed as Error).message).toContain("does not multiply as it must");
    expect(() => lib.kernels()).toThrow(lib.DisposedError);
  });
});

describe("init({ maxBytes })", () => {
  const page = 65536;

  it("limits growth", async () => {
    await lib.init({ maxBytes: 4 * page });
    expect(lib.memory().limitBytes).toBe(4 * page);
    expect(() => lib.tensor(new Float32Array(5 * page))).toThrow(lib.OutOfMemoryError);
    expect(works()).toBe(true);
    expect(lib.memory().heapBytes).toBeLessThanOrEqual(4 * page);
    await lib.init({ maxBytes: 2 ** 32 });
    lib.tensor(new Float32Array(5 * page)).dispose();
  });

  it("goes from a page to 4 GiB", async () => {
    for (const maxBytes of [0, page - 1, 2 ** 32 + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => lib.init({ maxBytes })).toThrow(lib.ArgumentError);
      expect(() => lib.init({ maxBytes })).toThrow(`init: maxBytes is ${maxBytes}; it goes from 65536 to 4294967296`);
    }
    await lib.init();
  });
});
