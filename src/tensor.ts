import { bytesOf, type DataOf, type DType, type Held, viewOf } from "./dtype.js";
import { DisposedError, DTypeError, ShapeError } from "./errors.js";
import { heap, Storage } from "./runtime/heap.js";
import type { Device } from "./runtime/launch.js";
import { currentScope, type Scope } from "./scope.js";
import { checkShape, type Shape, show, sizeOf } from "./shape.js";

/** The net under tensors that no scope owns and nobody disposed of. A plan it is not: it never runs in a synchronous loop. */
const net =
  typeof FinalizationRegistry === "function"
    ? /* @__PURE__ */ new FinalizationRegistry<Storage>((storage) => {
        storage.release();
        heap.tensors--;
        heap.collected++;
      })
    : undefined;

/**
 * Numbers in wasm memory: a shape, a dtype, contiguous row-major storage. A value: ops make new tensors and change none (the
 * optimizers, which step in place, say so). Views made by `reshape` share storage.
 */
export class Tensor<D extends Held = Held> {
  readonly device: Device = "wasm";
  /** Owner and place there; kept by scope.ts. @internal */
  home: Scope | undefined = undefined;
  /** @internal */
  place = 0;
  private alive = true;
  private caught = false;

  /**
   * Takes over one reference to `storage`; to make tensors call `tensor()`. `held`: its maker disposes of it, no scope does.
   * @internal
   */
  constructor(
    readonly shape: Shape,
    readonly dtype: D,
    /** @internal */
    readonly storage: Storage,
    held = false,
  ) {
    heap.tensors++;
    if (held) return;
    const scope = currentScope();
    if (scope !== undefined) scope.adopt(this);
    else this.freed();
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  get rank(): number {
    return this.shape.length;
  }

  get disposed(): boolean {
    return !this.alive;
  }

  /** Where the bytes are in wasm memory. @throws {DisposedError} @internal */
  get pointer(): number {
    if (!this.alive)
      throw new DisposedError(
        `tensor ${show(this.shape)}: used after it was disposed of; return it from its scope, or keep() it`,
      );
    return this.storage.pointer;
  }

  /** A second handle on the same storage. @internal */
  alias(shape: Shape = this.shape, held = false): Tensor<D> {
    void this.pointer;
    return new Tensor(shape, this.dtype, this.storage.retain(), held);
  }

  /**
   * The numbers, copied out: the one way to read a tensor.
   *
   * @throws {DisposedError}
   * @example
   * const values = await tensor([1, 2, 3]).data(); // Float32Array [1, 2, 3]
   */
  async data(): Promise<DataOf<D>> {
    return readTensor(this);
  }

  /** The one number of a tensor with one element. @throws {ShapeError} if there are more. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new ShapeError(`item: the tensor is ${show(this.shape)}; item() reads one element, data() all`);
    return readTensor(this)[0]!;
  }

  /** Frees the storage, unless a view still uses it. A second call does nothing. */
  dispose(): void {
    if (!this.alive) return;
    this.alive = false;
    heap.tensors--;
    this.home?.forget(this);
    if (this.caught) net?.unregister(this);
    this.storage.release();
  }

  /** As `dispose()`. A host without the symbol gets a method of no use. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** No scope owns it any more: the net goes up. @internal */
  freed(): void {
    this.caught = true;
    net?.register(this, this.storage, this);
  }

  toString(): string {
    return `Tensor(${this.dtype} ${show(this.shape)}${this.alive ? "" : ", disposed"})`;
  }

  /** What `console.log` shows in Node, Deno and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** A tensor with unset contents. */
export function place<D extends DType>(shape: Shape, dtype: D): Tensor<D> {
  return new Tensor(shape, dtype, new Storage(sizeOf(shape) * bytesOf[dtype]));
}

/** The contents in place. Not to be kept: growth of the memory detaches it. */
export function contents<D extends Held>(t: Tensor<D>): DataOf<D> {
  const { dtype }: { dtype: Held } = t;
  if (dtype === "packed") throw new DTypeError(`${t} is packed; take its dense()`);
  return viewOf(dtype, heap.memory.buffer, t.pointer, t.size) as DataOf<D>;
}

/** Copies the contents out, now. Internal: users read with `await t.data()`, which stays right on other devices. */
export function readTensor<D extends Held>(t: Tensor<D>): DataOf<D> {
  return contents(t).slice() as DataOf<D>;
}

/** Guards a dtype given by name. */
export function checkDTypeName(who: string, dtype: DType): void {
  if (!Object.hasOwn(bytesOf, dtype))
    throw new DTypeError(`${who}: there is no dtype "${dtype}"; there are f32, i32 and u8`);
}

/** Numbers as typed arrays or nested arrays. */
export type TensorData = ArrayLike<number> | ArrayLike<boolean> | NestedNumbers | number | boolean;
export interface NestedNumbers extends ReadonlyArray<NestedNumbers | number | boolean> {}

export interface TensorOptions<D extends DType = DType> {
  /** Default: from the typed array (Float32Array f32, Int32Array i32, Uint8Array u8), u8 for booleans, else f32. */
  dtype?: D;
}

/**
 * Makes a tensor from numbers, copying them; f64 values are rounded to f32, integers out of range wrap as in typed arrays
 * (`cast` saturates).
 *
 * @param shape default: the nesting of the arrays, or one dimension.
 * @throws {ShapeError} if the shape and the number of values differ, or nested arrays are ragged.
 * @throws {DTypeError} if the data are no numbers, or there is no such dtype.
 * @throws {OutOfMemoryError}
 * @example
 * const a = tensor([[1, 2], [3, 4]]); // f32, shape [2, 2]
 * const b = tensor(new Int32Array([1, 2, 3, 4]), [4, 1]); // i32, shape [4, 1]
 */
export function tensor(data: Int32Array, shape?: Shape, options?: { dtype?: never }): Tensor<"i32">;
export function tensor(data: Uint8Array, shape?: Shape, options?: { dtype?: never }): Tensor<"u8">;
export function tensor<D extends DType = "f32">(data: TensorData, shape?: Shape, options?: TensorOptions<D>): Tensor<D>;
export function tensor(data: TensorData, shape?: Shape, options: TensorOptions = {}): Tensor {
  const nesting = nestingOf(data);
  const flat = flatten(data, nesting);
  const to = shape ?? nesting;
  checkShape("tensor", to);
  if (sizeOf(to) !== flat.length)
    throw new ShapeError(`tensor: shape ${show(to)} has ${sizeOf(to)} elements, the data has ${flat.length}`);
  const dtype = options.dtype ?? dtypeOf(data, flat);
  checkDTypeName("tensor", dtype);
  const made = place([...to], dtype);
  try {
    contents(made).set(flat as ArrayLike<number>);
  } catch (cause) {
    made.dispose();
    throw new DTypeError("tensor: the data cannot be read; was its buffer transferred? Make the tensor before", {
      cause,
    });
  }
  return made;
}

function dtypeOf(data: TensorData, flat: ArrayLike<number | boolean>): DType {
  if (data instanceof Int32Array) return "i32";
  if (data instanceof Uint8Array) return "u8";
  return typeof flat[0] === "boolean" ? "u8" : "f32";
}

function nestingOf(data: TensorData): number[] {
  const nesting: number[] = [];
  for (let level: unknown = data; typeof level === "object" && level !== null; level = (level as ArrayLike<unknown>)[0])
    nesting.push((level as ArrayLike<unknown>).length);
  return nesting;
}

function flatten(data: TensorData, nesting: readonly number[]): ArrayLike<number | boolean> {
  if (ArrayBuffer.isView(data) && typeof nesting[0] === "number" && typeof (data as ArrayLike<unknown>)[0] !== "bigint")
    return data as ArrayLike<number>;
  const flat: (number | boolean)[] = [];
  const walk = (level: unknown, depth: number): void => {
    if (depth === nesting.length) {
      if (typeof level === "number" || typeof level === "boolean") flat.push(level);
      else if (typeof level === "object" && level !== null)
        throw new ShapeError(`tensor: the nested arrays are ragged: an array stands where depth ${depth} has numbers`);
      else
        throw new DTypeError(
          `tensor: the data hold ${level === null ? "null" : `a value of type ${typeof level}`}; ` +
            "they must be numbers or booleans, convert with Number()",
        );
      return;
    }
    const entries = level as ArrayLike<unknown> | undefined;
    const length = entries?.length;
    if (length !== nesting[depth])
      throw new ShapeError(
        `tensor: the nested arrays are ragged: one at depth ${depth} has ${length} entries, the first ${nesting[depth]}`,
      );
    for (let i = 0; i < length!; i++) walk(entries![i], depth + 1);
  };
  walk(data, 0);
  return flat;
}
