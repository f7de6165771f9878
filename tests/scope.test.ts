import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DisposedError, SpokeshaveError } from "../src/errors.js";
import { add } from "../src/ops/binary.js";
import { reshape } from "../src/ops/layout.js";
import { memory } from "../src/runtime/heap.js";
import { currentScope, keep, Scope, scope } from "../src/scope.js";
import { readTensor, Tensor, tensor } from "../src/tensor.js";
import { zeroLeaks } from "./grid.js";

zeroLeaks();

/** How many tensors live now, beyond those that lived when the test began to count. */
function counter(): () => number {
  const before = memory().tensors;
  return () => memory().tensors - before;
}

describe("scope()", () => {
  it("frees what is born inside and not returned", () => {
    const alive = counter();
    let inside: Tensor | undefined;
    const sum = scope(() => {
      inside = tensor([1, 2]);
      return add(inside, inside);
    });
    expect(alive()).toBe(1);
    expect(inside?.disposed).toBe(true);
    expect([...readTensor(sum)]).toEqual([2, 4]);
    sum.dispose();
    expect(alive()).toBe(0);
  });

  class Holder {
    constructor(readonly held: Tensor) {}
  }

  it.each<[name: string, wrap: (t: Tensor) => unknown]>([
    ["alone", (t) => t],
    ["in an array", (t) => [1, [t]]],
    ["in an object", (t) => ({ a: { b: t } })],
    ["in an object without a prototype", (t) => Object.assign(Object.create(null), { a: t })],
    ["as a value of a map", (t) => new Map([["a", t]])],
    ["as a key of a map", (t) => new Map([[t, "a"]])],
    ["in a set", (t) => new Set([t])],
    ["in an instance of a class", (t) => new Holder(t)],
    ["beside what a user calls home and place", (t) => ({ home: "Paris", place: 1, t })],
    ["twice", (t) => [t, { t }]],
    ["beside typed arrays, null and functions", (t) => [new Float32Array(3), null, undefined, () => 0, t]],
    [
      "in a ring",
      (t) => {
        const ring: Record<string, unknown> = { t };
        ring.again = ring;
        return ring;
      },
    ],
  ])("lets a tensor live that is returned %s", (_, wrap) => {
    const alive = counter();
    let born: Tensor | undefined;
    scope(() => {
      tensor([0]);
      born = tensor([7]);
      return wrap(born);
    });
    expect(alive()).toBe(1);
    expect([...readTensor(born!)]).toEqual([7]);
    born!.dispose();
    expect(alive()).toBe(0);
  });

  it("passes on what holds no tensor", () => {
    const value = { deep: [1, "two"] };
    expect(scope(() => value)).toBe(value);
    expect(scope(() => null)).toBe(null);
    expect(scope(() => undefined)).toBe(undefined);
    const shy = new Proxy({}, { get: () => expect.fail("was read") });
    expect(scope(() => [shy])[0] === shy).toBe(true);
  });

  it("gives what is returned to the scope around it", () => {
    const alive = counter();
    scope(() => {
      scope(() => [tensor([1]), tensor([2])]);
      expect(alive()).toBe(2);
    });
    expect(alive()).toBe(0);
  });

  it("does not take over what was born outside", () => {
    const outside = tensor([1]);
    scope(() => {
      const mine = tensor([2]);
      expect(scope(() => [outside, mine])[1]).toBe(mine);
    });
    expect(outside.disposed).toBe(false);
    expect([...readTensor(outside)]).toEqual([1]);
    outside.dispose();
  });

  it("lets a view live when what it views is freed", () => {
    const alive = counter();
    const view = scope(() => reshape(tensor([1, 2, 3, 4]), [2, 2]));
    expect(alive()).toBe(1);
    expect([...readTensor(view)]).toEqual([1, 2, 3, 4]);
    view.dispose();
  });

  it("frees everything when the function throws, and passes the error on", () => {
    const alive = counter();
    const error = new Error("mine");
    expect(() =>
      scope(() => {
        tensor([1]);
        scope(() => tensor([2]));
        throw error;
      }),
    ).toThrow(error);
    expect(alive()).toBe(0);
    expect(currentScope()).toBe(undefined);
  });

  it.each<[name: string, make: () => unknown]>([
    ["a Promise", async () => tensor([1])],
    // biome-ignore lint/suspicious/noThenProperty: what the test is about
    ["something with a then", () => ({ then: () => 0, t: tensor([1]) })],
  ])("refuses %s, names the fix, and frees", (_, make) => {
    const alive = counter();
    expect(() => scope(make)).toThrow(SpokeshaveError);
    expect(() => scope(make)).toThrow(
      "scope: the function returned a Promise; a scope is synchronous. Await outside of it, or use `using s = new Scope()`",
    );
    expect(alive()).toBe(0);
  });

  it("names keep() when something is used that it freed", () => {
    let lost: Tensor | undefined;
    scope(() => {
      lost = tensor([1, 2]);
    });
    expect(() => readTensor(lost!)).toThrow(DisposedError);
    expect(() => readTensor(lost!)).toThrow(
      "tensor [2]: used after it was disposed of; return it from its scope, or keep()",
    );
  });

  it("forgets what is disposed of inside, in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 30 }), (order) => {
        const alive = counter();
        scope(() => {
          const born = order.map((n) => tensor([n]));
          const left = [...born];
          for (const n of order.slice(0, order.length / 2)) left.splice(n % left.length, 1)[0]!.dispose();
          expect(alive()).toBe(left.length);
          for (const t of left) expect(born[born.indexOf(t)]!.disposed).toBe(false);
          for (const t of born) expect(t.disposed).toBe(!left.includes(t));
        });
        expect(alive()).toBe(0);
      }),
      { seed: 1 },
    );
  });
});

describe("keep()", () => {
  it("takes tensors out of every scope", () => {
    const alive = counter();
    const kept = scope(() => scope(() => keep({ list: [tensor([1])], map: new Map([["t", tensor([2])]]) })));
    expect(alive()).toBe(2);
    const all = [...kept.list, ...kept.map.values()];
    expect(all.map((t) => readTensor(t)[0])).toEqual([1, 2]);
    scope(() => expect(keep(kept) === kept).toBe(true)); // a second time does nothing
    for (const t of all) t.dispose();
    expect(alive()).toBe(0);
  });

  it("does not stumble over names that tensors use", () => {
    const theirs = { home: "Paris", place: 2, freed: "yes", born: 1 };
    expect(keep(theirs)).toBe(theirs);
    expect(scope(() => theirs)).toBe(theirs);
  });
});

describe("new Scope()", () => {
  it("owns what is born while it is open, across awaits", async () => {
    const alive = counter();
    const s = new Scope();
    const x = tensor([1]);
    await Promise.resolve();
    const y = add(x, x);
    expect(currentScope()).toBe(s);
    s.dispose();
    expect([x.disposed, y.disposed]).toEqual([true, true]);
    expect(alive()).toBe(0);
    s.dispose();
    expect(currentScope()).toBe(undefined);
  });

  it("frees its own when scopes close in another order than they opened", () => {
    const first = new Scope();
    const a = tensor([1]);
    const second = new Scope();
    const b = tensor([2]);
    first.dispose();
    expect([a.disposed, b.disposed]).toEqual([true, false]);
    const c = tensor([3]);
    expect(currentScope()).toBe(second);
    second.dispose();
    expect([b.disposed, c.disposed]).toEqual([true, true]);
  });

  it("lets go what release() names: to the scope around it, or to its holder", () => {
    const alive = counter();
    const outer = new Scope();
    const inner = new Scope();
    const kept = inner.release(tensor([1]));
    inner.dispose();
    expect(kept.disposed).toBe(false);
    expect(outer.release({ kept }).kept).toBe(kept);
    outer.dispose();
    expect(kept.disposed).toBe(false);
    kept.dispose();
    expect(alive()).toBe(0);
  });

  it("can be disposed of by `using`", () => {
    expect(typeof Symbol.dispose).toBe("symbol");
    const s = new Scope();
    const x = tensor([1]);
    s[Symbol.dispose]();
    expect(x.disposed).toBe(true);
    const y = tensor([1]);
    y[Symbol.dispose]();
    expect(y.disposed).toBe(true);
    expect(Object.keys(y)).not.toContain("dispose");
    expect(y).toBeInstanceOf(Tensor);
  });
});
