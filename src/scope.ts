import { said } from "./check.js";
import { SpokeshaveError } from "./errors.js";

/** What a scope can own. */
export interface Scoped {
  /** The scope that frees it, if any, and its place there. */
  home: Scope | undefined;
  place: number;
  dispose(): void;
  /** Called when it leaves the outermost scope. */
  freed(): void;
}

const open: Scope[] = [];

/**
 * Owns every tensor born while it is open, until it is disposed of. For stretches with `await` in them, where `scope()` cannot
 * go: `using s = new Scope()`. Scopes nest: a tensor belongs to the one opened last, whoever opened it. So where async work
 * interleaves (requests to one server, say), only one flow may use it; the others wrap each synchronous stretch in `scope()`,
 * or dispose of what they make.
 *
 * @example
 * const s = new Scope();
 * const y = matmul(tensor([1, 2], [1, 2]), tensor([3, 4], [2, 1]));
 * const [value] = await y.data(); // 11
 * s.dispose(); // y and both operands are gone
 */
export class Scope {
  private readonly born: Scoped[] = [];
  private closed = false;

  constructor() {
    open.push(this);
  }

  /** Takes over a tensor; one that leaves every scope is its holder's to dispose of. @internal */
  adopt(value: Scoped): void {
    value.home?.forget(value);
    value.home = this;
    value.place = this.born.length;
    this.born.push(value);
  }

  /** @internal */
  forget(value: Scoped): void {
    const last = this.born.pop()!;
    if (last !== value) {
      this.born[value.place] = last;
      last.place = value.place;
    }
    value.home = undefined;
  }

  /** Moves the tensors found in `value` to the scope around this one. @internal */
  release<T>(value: T): T {
    const outer = open[open.lastIndexOf(this) - 1];
    visit(value, (found) => {
      if (found.home !== this) return;
      if (outer !== undefined) outer.adopt(found);
      else {
        this.forget(found);
        found.freed();
      }
    });
    return value;
  }

  /** Disposes of all it owns and closes; a second call does nothing. */
  dispose(): void {
    if (this.closed) return;
    this.closed = true;
    open.splice(open.lastIndexOf(this), 1);
    while (this.born.length > 0) this.born[this.born.length - 1]!.dispose();
  }

  /** As `dispose()`. A host without the symbol gets a method of no use. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The scope that owns what is born now. */
export function currentScope(): Scope | undefined {
  return open[open.length - 1];
}

/**
 * Runs `fn` and frees every tensor born inside, except those in what it returns: alone, or in arrays, objects, maps; not those
 * that only a closure or a private field holds.
 *
 * @throws {SpokeshaveError} if `fn` returns a Promise: tensors would be freed while it still runs.
 * @example
 * const norm = scope(() => sum(square(tensor([3, 4])))); // the square is freed, the sum lives on
 * norm.dispose();
 */
export function scope<T>(fn: () => T): T {
  if (typeof fn !== "function") throw new SpokeshaveError(`scope: got ${said(fn)}; it takes a function`);
  const inner = new Scope();
  try {
    const value = fn();
    if (typeof (value as { then?: unknown } | undefined)?.then === "function")
      throw new SpokeshaveError(
        "scope: the function returned a Promise; a scope is synchronous. Await outside of it, or use `using s = new Scope()`",
      );
    return inner.release(value);
  } finally {
    inner.dispose();
  }
}

/**
 * Takes the tensors found in `value` out of every scope: their holder disposes of them.
 *
 * @example
 * const cache: Tensor[] = [];
 * scope(() => void cache.push(keep(tensor([1, 2]))));
 * const values = await cache[0].data(); // [1, 2]
 * cache[0].dispose();
 */
export function keep<T>(value: T): T {
  visit(value, (found) => {
    if (found.home === undefined) return;
    found.home.forget(found);
    found.freed();
  });
  return value;
}

/** Calls `each` with the tensors in a value; one that stands there twice may come twice. */
function visit(value: unknown, each: (found: Scoped) => void, seen?: Set<object>): void {
  if (typeof value !== "object" || value === null || seen?.has(value)) return;
  const list = Array.isArray(value);
  if (!list && "freed" in value && typeof value.freed === "function") {
    each(value as Scoped);
    return;
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return;
  const within = (seen ?? new Set()).add(value);
  if (list || value instanceof Set || value instanceof Map) for (const item of value) visit(item, each, within);
  else for (const name of Object.keys(value)) visit((value as Record<string, unknown>)[name], each, within);
}
