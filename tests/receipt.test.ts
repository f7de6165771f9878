import { expect, test } from "vitest";
import { ArgumentError } from "../src/errors.js";
import * as nn from "../src/nn/index.js";
import { race } from "../src/race.js";
import { receipt } from "../src/receipt.js";
import { memory } from "../src/runtime/heap.js";
import { scope } from "../src/scope.js";
import { tensor } from "../src/tensor.js";
import { zeroLeaks } from "./grid.js";

zeroLeaks();

const small = () => nn.sequential([nn.linear(3, 5), nn.relu(), nn.linear(5, 2, { bias: false })], { seed: 1 });

test("a race gives the time of one call each, and tells slow from fast", () => {
  const spin = (turns: number) => () => {
    let x = 1;
    for (let i = 0; i < turns; i++) x = Math.imul(x, 48271) ^ i;
    if (x === 0) throw new Error("never");
  };
  const [slow, fast] = race([spin(400_000), spin(4_000)]);
  expect(fast).toBeGreaterThan(0);
  expect(slow! / fast!).toBeGreaterThan(20);
  expect(slow! / fast!).toBeLessThan(500);
});

test("a race ends where the clock stands still", () => {
  const { now } = performance;
  performance.now = () => 0;
  try {
    expect(race([() => {}])).toEqual([0]);
  } finally {
    performance.now = now;
  }
});

test("a receipt counts bytes and zeros, by weight and in total, and leaves nothing behind", () => {
  scope(() => {
    const dense = small();
    const model = dense.with({ "2.linear.weight": tensor([0, -0, 1, 2, 0, 3, 4, 5, 6, 0], [2, 5]) });
    const before = memory();
    const it = receipt(model, dense, { batch: 7 });
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    const floats = 3 * 5 + 5 + 5 * 2;
    // The biases start at 0.
    expect(it).toMatchObject({ bytes: floats * 4, denseBytes: floats * 4, size: floats, zeros: 4 + 5, kernel: "f32" });
    expect(it.batch).toBe(7);
    expect(Object.keys(it.weights)).toEqual(["0.linear.weight", "2.linear.weight"]);
    expect(it.weights["2.linear.weight"]).toMatchObject({
      bytes: 40,
      denseBytes: 40,
      size: 10,
      zeros: 4,
      kernel: "f32",
    });
    for (const cost of [it, ...Object.values(it.weights)])
      for (const ms of [cost.ms, cost.denseMs, cost.single.ms, cost.single.denseMs]) expect(ms).toBeGreaterThan(0);
  });
});

test("a receipt of models that do not belong together, or cannot run, says so", () => {
  scope(() => {
    const dense = small();
    const other = nn.sequential([nn.flatten(), nn.linear(3, 2)], { seed: 1 });
    expect(() => receipt(other, dense)).toThrow(/dense has no weight "1.linear.weight"/);
    expect(() => receipt(dense, {} as never)).toThrow(ArgumentError);
    expect(() => receipt(dense, dense, { batch: 0 })).toThrow(/batch is 0/);
    const plain = nn.sequential([nn.relu()], { seed: 1 });
    expect(() => receipt(plain, plain)).toThrow(/has no weights; pass the shape/);
    expect(receipt(plain, plain, { input: [4] })).toMatchObject({ bytes: 0, zeros: 0, kernel: "" });
  });
});
