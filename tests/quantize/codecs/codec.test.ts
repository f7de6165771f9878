import { describe, expect, test, vi } from "vitest";
import { ArgumentError, FileError, OutOfMemoryError, ShapeError, SpokeshaveError } from "../../../src/errors.js";
import type { OptimizerState } from "../../../src/optim/optimizer.js";
import type { Codec } from "../../../src/quantize/codecs/codec.js";
import * as codecs from "../../../src/quantize/codecs/index.js";
import { heap, memory } from "../../../src/runtime/heap.js";
import { scope } from "../../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../../src/tensor.js";
import { leaves, type Tree } from "../../../src/tree.js";
import { draw, expectSame, expectWithin, roundoff, sizes, zeroLeaks } from "../../grid.js";

zeroLeaks();

const all: Record<string, () => Codec> = {
  signSgd: codecs.signSgd,
  ternGrad: () => codecs.ternGrad({ seed: 1 }),
  "qsgd, 1 level": () => codecs.qsgd({ levels: 1, seed: 1 }),
  "qsgd, 255 levels": () => codecs.qsgd({ levels: 255, seed: 1 }),
  "topK, a tenth": () => codecs.topK({ ratio: 0.1 }),
  "topK, 3": () => codecs.topK({ k: 3 }),
  "powerSgd, rank 1": () => codecs.powerSgd({ rank: 1, seed: 1 }),
  "powerSgd, rank 3": () => codecs.powerSgd({ rank: 3, seed: 1 }),
};

const shapes = [
  ...sizes.filter((n) => n < 100).map((n) => [n]),
  [],
  [3, 5],
  [4, 3],
  [17, 9],
  [2, 3, 4],
  [1, 7],
  [0, 4],
];

/** Whether a codec keeps what it does not send. */
const feeds = (name: string): boolean => !/^(qsgd|ternGrad)/.test(name);

/** Gradients of many shapes, in an object whose names are not in order. */
function gradients(seed: number, scale = 1): Record<string, Tree> {
  const made = shapes.map((shape, i) => {
    const size = shape.reduce((n, d) => n * d, 1);
    return tensor(
      draw("normal", size, seed * 100 + i).map((v) => v * scale),
      shape,
    );
  });
  return { z: made.slice(0, 3), a: { b: made[3]!, a: made[4]! }, m: made.slice(5) };
}

function numbers(tree: Tree): number[] {
  return leaves(tree).flatMap((leaf) => [...readTensor(leaf)]);
}

/** The tensors of a state, each as numbers. */
function snapshot({ step, slots }: OptimizerState): unknown {
  return [step, leaves(slots).map((t) => [...readTensor(t)])];
}

describe.each(Object.entries(all))("%s", (name, make) => {
  test("what is decoded has the shapes of the parameters, whatever the order of their names; gradients stay", () => {
    scope(() => {
      const [codec, grads] = [make(), gradients(1)];
      const before = numbers(grads);
      const decoded = codec.decode(codec.encode(grads, codec.init(grads)), grads);
      expect(numbers(grads)).toEqual(before);
      const pairs = leaves(decoded).map((leaf, i) => [leaf.shape, leaves(grads)[i]!.shape]);
      for (const [got, want] of pairs) expect(got).toEqual(want);
      // Each lies where its gradient does: most signs agree where something was sent.
      const [sent, meant] = [numbers(decoded), before];
      const told = sent.filter((v) => v !== 0).length;
      const right = sent.filter((v, i) => v * meant[i]! > 0).length;
      expect(told).toBeGreaterThan(10);
      expect(right / told).toBeGreaterThan(0.75);
    });
  });

  test("the same seed and state, the same bytes; the next step draws anew", () => {
    scope(() => {
      const grads = gradients(2);
      const run = () => {
        const codec = make();
        const state = codec.init(grads);
        return [codec.encode(grads, state), codec.encode(grads, state)];
      };
      const [first, second] = run();
      expect(run()).toEqual([first, second]);
      expect(second).not.toEqual(first);
    });
  });

  test("zero gradients are decoded as zeros", () => {
    scope(() => {
      const [codec, grads] = [make(), gradients(3, 0)];
      const state = codec.init(grads);
      for (let step = 0; step < 2; step++)
        expect(numbers(codec.decode(codec.encode(grads, state), grads)).every((v) => v === 0)).toBe(true);
    });
  });

  test("NaN, infinities, and numbers whose scale f32 cannot hold are refused, and the state stays", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      scope(() => {
        const codec = make();
        const good = [tensor([1, 2, 3]), tensor([[1, 2]])];
        const state = codec.init(good);
        codec.encode(good, state);
        const before = snapshot(state);
        const tensors = memory().tensors;
        expect(() => codec.encode([good[0]!, tensor([[1, bad]])], state)).toThrow(ArgumentError);
        expect(() => codec.encode([good[0]!, tensor([[1, bad]])], state)).toThrow(/: gradient 1 \[1, 2\] holds/);
        expect(snapshot(state)).toEqual(before);
        expect(memory().tensors).toBe(tensors + 2);
      });
    scope(() => {
      const codec = make();
      const huge = tensor(new Float32Array(36).fill(3.4e38), [6, 6]);
      const state = codec.init(huge);
      try {
        const decoded = readTensor(codec.decode(codec.encode(huge, state), huge));
        expect(decoded.every(Number.isFinite)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(SpokeshaveError);
        expect(state.step).toBe(0);
      }
    });
  });

  test("every cut, and every changed byte, of a message is refused, or read as finite gradients", () => {
    scope(() => {
      const codec = make();
      const grads = { w: tensor(draw("normal", 15, 6), [5, 3]), b: tensor(draw("normal", 9, 7)), s: tensor(2, []) };
      const message = codec.encode(grads, codec.init(grads));
      const before = memory();
      const outcome = (bytes: Uint8Array): unknown =>
        scope(() => {
          try {
            return numbers(codec.decode(bytes, grads)).every(Number.isFinite);
          } catch (error) {
            return error instanceof FileError;
          }
        });
      for (let end = 0; end < message.length; end++)
        expect(() => codec.decode(message.slice(0, end), grads), `cut at ${end}`).toThrow(FileError);
      expect(() => codec.decode(Uint8Array.of(...message, 0), grads)).toThrow(/1 bytes follow the last gradient/);
      for (let at = 0; at < message.length; at++)
        for (const change of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
          const bytes = message.slice();
          bytes[at]! ^= change;
          expect(outcome(bytes), `byte ${at} xor ${change}`).toBe(true);
        }
      expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    });
  });

  test("messages of others, and for other parameters, are refused", () => {
    scope(() => {
      const codec = make();
      const w = tensor([
        [1, 2],
        [3, 4],
      ]);
      const message = codec.encode([w], codec.init([w]));
      const [, other] = Object.entries(all).find(([key]) => key.slice(0, 4) !== name.slice(0, 4))!;
      expect(() => other().decode(message, [w])).toThrow(/the message begins with/);
      expect(() => codec.decode(message, [w, w])).toThrow(/has 1 tensors, there are 2 parameters/);
      expect(() => codec.decode(message, [tensor([1, 2])])).toThrow(/a gradient has 4 numbers, its parameter 2/);
      expect(() => codec.decode([1] as unknown as Uint8Array, [w])).toThrow(ArgumentError);
      if (feeds(name)) expect(() => codec.encode([w, w], codec.init([w]))).toThrow(ShapeError);
      expect(() => codec.encode([w], undefined as unknown as OptimizerState)).toThrow(ArgumentError);
    });
  });

  test("out of memory anywhere, the state stays as it was", () => {
    scope(() => {
      const codec = make();
      const grads = [tensor(draw("normal", 40, 8), [8, 5]), tensor(draw("normal", 5, 9))];
      const state = codec.init(grads);
      codec.encode(grads, state);
      const before = snapshot(state);
      const { tensors, bytes } = memory();
      const allocate = heap.allocate.bind(heap);
      let failures = 0;
      for (let n = 1, done = false; !done; n++) {
        let calls = 0;
        const spy = vi.spyOn(heap, "allocate").mockImplementation((size) => {
          if (++calls === n) throw new OutOfMemoryError("full", size, 0, 0);
          return allocate(size);
        });
        try {
          codec.encode(grads, state);
          done = true;
        } catch (error) {
          expect(error).toBeInstanceOf(OutOfMemoryError);
          expect(snapshot(state)).toEqual(before);
          failures++;
        } finally {
          spy.mockRestore();
        }
        expect(memory()).toMatchObject({ tensors, bytes });
      }
      expect(failures).toBeGreaterThan(3);
      expect(state.step).toBe(2);
    });
  });
});

test.each(Object.entries(all).filter(([name]) => feeds(name)))(
  "%s: what is not sent stays: all that was decoded, and the error, are all gradients",
  (_, make) => {
    scope(() => {
      const [codec, first] = [make(), gradients(4)];
      const state = codec.init(first);
      const total = numbers(first).map(() => 0);
      const sent = total.slice();
      const size = total.slice();
      for (let step = 0; step < 20; step++) {
        const grads = gradients(5 + step);
        for (const [i, v] of numbers(grads).entries()) total[i]! += v;
        for (const [i, v] of numbers(codec.decode(codec.encode(grads, state), grads)).entries()) {
          sent[i]! += v;
          size[i]! += Math.abs(v) + 4;
        }
      }
      const error = numbers(state.slots.error!);
      expectWithin(
        sent.map((v, i) => v + error[i]!),
        total,
        (i) => 4 * roundoff * size[i]! * 20,
        "sent and kept",
      );
      expect(state.step).toBe(20);
    });
  },
);

test("messages are as small as they say", () => {
  scope(() => {
    const w = tensor(draw("normal", 10_000, 1), [100, 100]);
    const bytes = (codec: Codec) => codec.encode(w, codec.init(w)).length;
    // A byte for the codec and one for the number of tensors, two for their size, four for the scale.
    expect(bytes(codecs.signSgd())).toBe(1 + 1 + 2 + 4 + 1250);
    expect(bytes(codecs.powerSgd({ rank: 2, seed: 1 }))).toBe(1 + 1 + 2 + 1 + 2 * 200 * 4);
    // 100 values, and as many places of about 14 bits.
    expect(bytes(codecs.topK({ ratio: 0.01 }))).toBeLessThan(1 + 1 + 2 + 1 + 400 + 2 + 100 * 2);
    expect(bytes(codecs.ternGrad({ seed: 1 }))).toBeLessThan(10_000 / 4);
    // √n numbers.
    expect(bytes(codecs.qsgd({ levels: 1, seed: 1 }))).toBeLessThan(200);
    expect(bytes(codecs.qsgd({ levels: 255, seed: 1 }))).toBeLessThan(10_000);
  });
});

test("powerSgd gives a matrix of its rank whole", () => {
  scope(() => {
    const [a, b] = [draw("normal", 12, 1), draw("normal", 18, 2)];
    const w = Float32Array.from({ length: 54 }, (_, i) => {
      const [row, column] = [Math.floor(i / 9), i % 9];
      return a[row]! * b[column]! + a[6 + row]! * b[9 + column]!;
    });
    const grads = tensor(w, [6, 9]);
    const codec = codecs.powerSgd({ rank: 2, seed: 3 });
    expectWithin(readTensor(codec.decode(codec.encode(grads, codec.init(grads)), grads)), w, 1e-5, "rank 2 of 2");
  });
});

test("topK sends the largest, of equal ones the first, and what waits grows until it is sent", () => {
  scope(() => {
    const codec = codecs.topK({ k: 2 });
    const grads = tensor([1, -2, 2, 2, 0.5]);
    const state = codec.init(grads);
    const steps = Array.from({ length: 3 }, () => [...readTensor(codec.decode(codec.encode(grads, state), grads))]);
    expect(steps).toEqual([
      [0, -2, 2, 0, 0],
      [2, 0, 0, 4, 0],
      [0, -4, 4, 0, 0],
    ]);
    expectSame(readTensor(state.slots.error as Tensor), [1, 0, 0, 2, 1.5], "what waits");
  });
});
