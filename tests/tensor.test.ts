import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { DType } from "../src/dtype.js";
import { DisposedError, DTypeError, ShapeError } from "../src/errors.js";
import { add } from "../src/ops/binary.js";
import { reshape } from "../src/ops/layout.js";
import { sum } from "../src/ops/reduce.js";
import { memory } from "../src/runtime/heap.js";
import { scope } from "../src/scope.js";
import { readTensor, type Tensor, type TensorData, tensor } from "../src/tensor.js";
import { expectSame, specials, zeroLeaks } from "./grid.js";

zeroLeaks();

describe("tensor()", () => {
  it.each<[name: string, data: TensorData, shape: number[], dtype: DType, values: number[]]>([
    ["a number", 7, [], "f32", [7]],
    ["a boolean", true, [], "u8", [1]],
    ["an array", [1, 2, 3], [3], "f32", [1, 2, 3]],
    ["no numbers", [], [0], "f32", []],
    [
      "rows",
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [3, 2],
      "f32",
      [1, 2, 3, 4, 5, 6],
    ],
    ["empty rows", [[], []], [2, 0], "f32", []],
    ["four levels", [[[[1], [2]]], [[[3], [4]]]], [2, 1, 2, 1], "f32", [1, 2, 3, 4]],
    [
      "booleans",
      [
        [true, false],
        [false, true],
      ],
      [2, 2],
      "u8",
      [1, 0, 0, 1],
    ],
    ["booleans after a number", [2, true], [2], "f32", [2, 1]],
    [
      "typed rows",
      [new Float32Array([1, 2]), new Float32Array([3, 4])] as unknown as TensorData,
      [2, 2],
      "f32",
      [1, 2, 3, 4],
    ],
    ["what is like an array", { length: 2, 0: 5, 1: 6 }, [2], "f32", [5, 6]],
    ["a Float32Array", new Float32Array([1.5, -0]), [2], "f32", [1.5, -0]],
    ["a Float64Array", new Float64Array([0.1, 1e300, 1e-300]), [3], "f32", [Math.fround(0.1), Infinity, 0]],
    ["an Int32Array", new Int32Array([-(2 ** 31), 2 ** 31 - 1]), [2], "i32", [-(2 ** 31), 2 ** 31 - 1]],
    ["a Uint8Array", new Uint8Array([0, 255]), [2], "u8", [0, 255]],
    ["a Buffer", Buffer.from([1, 2]), [2], "u8", [1, 2]],
    ["an Int8Array", new Int8Array([-1, 1]), [2], "f32", [-1, 1]],
    ["a Uint16Array", new Uint16Array([65535]), [1], "f32", [65535]],
    ["special values", specials, [specials.length], "f32", [...specials]],
  ])("reads %s", (_, data, shape, dtype, values) => {
    scope(() => {
      const t = tensor(data as number[]);
      expect(t.shape).toEqual(shape);
      expect(t.dtype).toBe(dtype);
      expect([t.size, t.rank, t.device]).toEqual([values.length, shape.length, "wasm"]);
      expectSame(readTensor(t), values, "values");
    });
  });

  it("takes a shape and a dtype", () => {
    scope(() => {
      const t = tensor([1, 2, 3, 4, 5, 6], [2, 3], { dtype: "i32" });
      expect([t.shape, t.dtype]).toEqual([[2, 3], "i32"]);
      expect(readTensor(t)).toEqual(new Int32Array([1, 2, 3, 4, 5, 6]));
      expect(
        tensor(
          [
            [1, 2],
            [3, 4],
          ],
          [4],
        ).shape,
      ).toEqual([4]);
      expect(tensor(new Uint8Array([1, 2]) as number[] & Uint8Array, [2], { dtype: "f32" } as object).dtype).toBe(
        "f32",
      );
      expect([...readTensor(tensor([true, false], [2], { dtype: "f32" }))]).toEqual([1, 0]);
      expect(tensor(3, [1, 1]).shape).toEqual([1, 1]);
    });
  });

  it("reads views at any offset, shared and resizable buffers", () => {
    scope(() => {
      const bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
      for (const offset of [0, 1, 2, 3, 5, 13])
        expect([...readTensor(tensor(bytes.subarray(offset, offset + 7)))]).toEqual([
          ...bytes.slice(offset, offset + 7),
        ]);
      expect([...readTensor(tensor(new Float32Array([1, 2, 3, 4]).subarray(1, 3)))]).toEqual([2, 3]);

      const shared = new Float32Array(new SharedArrayBuffer(16));
      shared.set([1, 2, 3, 4]);
      expect([...readTensor(tensor(shared))]).toEqual([1, 2, 3, 4]);

      const Resizable = ArrayBuffer as unknown as new (
        bytes: number,
        options: object,
      ) => ArrayBuffer & { resize(n: number): void };
      const buffer = new Resizable(16, { maxByteLength: 64 });
      const view = new Int32Array(buffer);
      view.set([1, 2, 3, 4]);
      const t = tensor(view);
      buffer.resize(8);
      expect([...readTensor(t)]).toEqual([1, 2, 3, 4]);
      expect(tensor(view).shape).toEqual([2]);
      expect(() => tensor(view, [4])).toThrow("tensor: shape [4] has 4 elements, the data has 2");
    });
  });

  it("refuses a buffer that was transferred away", () => {
    const before = memory();
    const data = new Float32Array([1, 2]);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    expect(() => tensor(data, [2])).toThrow(ShapeError);
    expect(() => tensor(data)).toThrow(DTypeError);
    expect(() => tensor(data)).toThrow("tensor: the data cannot be read; was its buffer transferred?");
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it("copies: what happens to data and shape afterwards does not matter", () => {
    scope(() => {
      const [data, shape] = [new Float32Array([1, 2]), [2, 1]];
      const t = tensor(data, shape);
      data[0] = 9;
      shape[0] = 9;
      expect([...readTensor(t)]).toEqual([1, 2]);
      expect(t.shape).toEqual([2, 1]);
    });
  });

  const ragged = "tensor: the nested arrays are ragged: ";
  it.each<[name: string, data: unknown, error: typeof ShapeError | typeof DTypeError, text: string]>([
    ["a short row", [[1, 2], [3]], ShapeError, `${ragged}one at depth 1 has 1 entries, the first 2`],
    ["a long row", [[1], [2, 3]], ShapeError, `${ragged}one at depth 1 has 2 entries, the first 1`],
    ["a number for a row", [[1], 2], ShapeError, `${ragged}one at depth 1 has undefined entries, the first 1`],
    ["a row for a number", [1, [2]], ShapeError, `${ragged}an array stands where depth 1 has numbers`],
    [
      "a row of one for a number",
      [
        [1, 2],
        [3, [4]],
      ],
      ShapeError,
      `${ragged}an array stands where depth 2 has numbers`,
    ],
    ["an empty row", [[1], []], ShapeError, `${ragged}one at depth 1 has 0 entries, the first 1`],
    ["a text", "12", DTypeError, "tensor: the data hold a value of type string; they must be numbers or booleans"],
    ["texts", ["1", "2"], DTypeError, "tensor: the data hold a value of type string"],
    ["null", null, DTypeError, "tensor: the data hold null"],
    ["a null among numbers", [1, null], DTypeError, "tensor: the data hold null"],
    ["nothing", undefined, DTypeError, "tensor: the data hold a value of type undefined"],
    ["a hole", [1, undefined, 3], DTypeError, "tensor: the data hold a value of type undefined"],
    ["a bigint", [1n], DTypeError, "tensor: the data hold a value of type bigint"],
    ["a BigInt64Array", new BigInt64Array(2), DTypeError, "tensor: the data hold a value of type bigint"],
    ["a DataView", new DataView(new ArrayBuffer(4)), ShapeError, "tensor: shape [] has the size undefined"],
  ])("refuses %s, and allocates nothing", (_, data, error, text) => {
    const before = memory();
    expect(() => tensor(data as number[])).toThrow(error);
    expect(() => tensor(data as number[])).toThrow(text);
    expect(memory()).toEqual(before);
  });

  it("refuses a shape or dtype that does not fit", () => {
    const before = memory();
    expect(() => tensor([1, 2, 3], [2, 2])).toThrow(ShapeError);
    expect(() => tensor([1, 2, 3], [2, 2])).toThrow("tensor: shape [2, 2] has 4 elements, the data has 3");
    for (const shape of [[-3], [1.5, 2], [Number.NaN]]) expect(() => tensor([1, 2, 3], shape)).toThrow(ShapeError);
    for (const dtype of ["f64", "hasOwnProperty"]) {
      expect(() => tensor([1], [1], { dtype: dtype as DType })).toThrow(DTypeError);
      expect(() => tensor([1], [1], { dtype: dtype as DType })).toThrow(
        `tensor: there is no dtype "${dtype}"; there are f32, i32 and u8`,
      );
    }
    expect(memory()).toEqual(before);
  });
});

describe("reading", () => {
  it("data() is a copy", async () => {
    const t = tensor([1, 2]);
    const copy = await t.data();
    copy[0] = 9;
    expect([...(await t.data())]).toEqual([1, 2]);
    t.dispose();
    expect([...copy]).toEqual([9, 2]);
  });

  it("data() reads now: growing and disposing afterwards do not matter", async () => {
    const t = tensor([1, 2]);
    const promise = t.data();
    t.dispose();
    tensor(new Float32Array(memory().heapBytes / 4)).dispose();
    expect([...(await promise)]).toEqual([1, 2]);
  });

  it("item() reads one element, of any shape", async () => {
    for (const shape of [[], [1], [1, 1]]) {
      const t = tensor([5], shape);
      expect(await t.item()).toBe(5);
      t.dispose();
    }
    for (const data of [[1, 2], []]) {
      const t = tensor(data);
      await expect(t.item()).rejects.toThrow(ShapeError);
      await expect(t.item()).rejects.toThrow(
        `item: the tensor is [${data.length}]; item() reads one element, data() all`,
      );
      t.dispose();
    }
  });

  it("toString() tells dtype, shape, and whether it is gone", () => {
    const t = tensor(new Int32Array(6), [2, 3]);
    expect(`${t}`).toBe("Tensor(i32 [2, 3])");
    t.dispose();
    expect(`${t}`).toBe("Tensor(i32 [2, 3], disposed)");
  });
});

describe("dispose()", () => {
  it("frees once, however often it is called", () => {
    const before = memory();
    const t = tensor([1, 2]);
    expect(memory().tensors).toBe(before.tensors + 1);
    expect(memory().bytes).toBeGreaterThan(before.bytes);
    for (let i = 0; i < 3; i++) t.dispose();
    expect(t.disposed).toBe(true);
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it.each<[name: string, use: (t: Tensor) => unknown]>([
    ["data()", (t) => t.data()],
    ["item()", (t) => t.item()],
    ["pointer", (t) => t.pointer],
    ["alias()", (t) => t.alias()],
    ["an op", (t) => add(t, 1)],
    ["an op on both sides", (t) => scope(() => add(tensor([1]), t))],
    ["a reduction", (t) => sum(t)],
    ["reshape", (t) => reshape(t, [1, 1])],
  ])("makes %s throw, and nothing leaks", async (_, use) => {
    const before = memory();
    const t = tensor([1]);
    t.dispose();
    const failed = await Promise.resolve()
      .then(() => use(t))
      .catch((e: unknown) => e);
    expect(failed).toBeInstanceOf(DisposedError);
    expect((failed as Error).message).toBe(
      "tensor [1]: used after it was disposed of; return it from its scope, or keep() it",
    );
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it("leaves views alive, and the storage until the last is gone", () => {
    const before = memory();
    const x = tensor([1, 2, 3, 4]);
    const held = memory().bytes;
    const views = [reshape(x, [2, 2]), x.alias(), reshape(x, [4, 1])];
    expect(memory().bytes).toBe(held);
    expect(new Set(views.map((v) => v.pointer)).size).toBe(1);
    x.dispose();
    for (const view of views) {
      expect(memory().bytes).toBe(held);
      expect([...readTensor(view)]).toEqual([1, 2, 3, 4]);
      view.dispose();
    }
    expect(memory().bytes).toBe(before.bytes);
  });
});

describe("the net under tensors that nobody disposes of", () => {
  it("frees what the garbage collector finds, and counts it", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const before = memory();
    const drop = () => {
      for (let i = 0; i < 10; i++) reshape(tensor(new Float32Array(1000)), [10, 100]);
      tensor([1]).dispose();
    };
    drop();
    expect(memory().tensors).toBe(before.tensors + 20);
    for (let i = 0; i < 100 && memory().tensors > before.tensors; i++) {
      gc();
      await new Promise((done) => setTimeout(done, 5));
    }
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes, collected: before.collected + 20 });
  });
});

/** `Symbol` as it was before there was `Symbol.dispose`, or with another. */
function symbols(more: { dispose?: symbol } = {}): object {
  const { iterator } = Symbol;
  const native = Symbol;
  return Object.assign((description?: string) => native(description), { iterator, for: native.for, ...more });
}

describe("hosts without", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it.each([
    ["Symbol.dispose", () => vi.stubGlobal("Symbol", symbols())],
    ["FinalizationRegistry", () => vi.stubGlobal("FinalizationRegistry", undefined)],
  ])("%s have tensors and scopes all the same", async (name, hide) => {
    vi.resetModules();
    hide();
    const fresh = await import("../src/tensor.js");
    const { Scope } = await import("../src/scope.js");
    const { memory: count } = await import("../src/runtime/heap.js");
    const s = new Scope();
    const x = fresh.tensor([1, 2]);
    expect([...fresh.readTensor(x)]).toEqual([1, 2]);
    s.dispose();
    fresh.tensor([3]).dispose();
    vi.unstubAllGlobals();
    expect(x.disposed).toBe(true);
    expect(count()).toMatchObject({ tensors: 0, bytes: 0 });
    expect(Symbol.dispose in fresh.Tensor.prototype).toBe(name !== "Symbol.dispose");
    expect(Symbol.dispose in Scope.prototype).toBe(name !== "Symbol.dispose");
  });

  it("the symbol get it when it is defined before the import", async () => {
    vi.resetModules();
    const mine = Symbol("dispose");
    vi.stubGlobal("Symbol", symbols({ dispose: mine }));
    const fresh = await import("../src/tensor.js");
    const x = fresh.tensor([1]) as unknown as Record<symbol, () => void> & { disposed: boolean };
    vi.unstubAllGlobals();
    x[mine]!();
    expect(x.disposed).toBe(true);
  });
});
