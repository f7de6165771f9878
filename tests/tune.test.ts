import { afterEach, describe, expect, it, vi } from "vitest";
import { ArgumentError, explain, grad, init, matmul, scope, sum, uniform } from "../src/index.js";
import { readTensor } from "../src/tensor.js";
import { fastest, settle } from "../src/tune.js";
import { zeroLeaks } from "./grid.js";

zeroLeaks();

afterEach(async () => {
  vi.restoreAllMocks();
  await init({ deterministic: false, tune: false });
});

/** x · wᵀ of m rows, as numbers. */
const product = (m: number, k: number, n: number) =>
  scope(() => readTensor(matmul(uniform([m, k], { seed: 1 }), uniform([n, k], { seed: 2 }), { transposeB: true })));

const about = (work: string) => explain().filter((choice) => choice.work === work);

describe("init({ tune })", () => {
  it("measures products of few rows, once for each shape, and says what was picked", async () => {
    await init({ deterministic: false });
    const plain = product(9, 65, 33);
    expect(about("[9, 65] · [33, 65] transposed")).toEqual([]);
    await init({ tune: true });
    const tuned = product(9, 65, 33);
    const [choice, ...others] = about("[9, 65] · [33, 65] transposed");
    expect(others).toEqual([]);
    const { op, ms, picked, reason } = choice!;
    expect([op, reason]).toEqual(["matmul", "measured"]);
    expect(Object.keys(ms)).toEqual(["in place", "packed"]);
    expect(ms[picked]).toBe(Math.min(...Object.values(ms)));
    for (const [i, value] of tuned.entries()) expect(Math.abs(value - plain[i]!)).toBeLessThan(66 * 2 ** -24 * 65);
    product(9, 65, 33);
    expect(about("[9, 65] · [33, 65] transposed")).toEqual([choice]);
  });

  it("leaves gradients what they are", async () => {
    await init({ deterministic: false, tune: true });
    scope(() => {
      const slope = grad((w) => sum(matmul(uniform([3, 20], { seed: 1 }), w, { transposeB: true })));
      const g = readTensor(slope(uniform([5, 20], { seed: 2 })));
      const x = readTensor(uniform([3, 20], { seed: 1 }));
      for (let j = 0; j < 20; j++) expect(g[j]).toBeCloseTo(x[j]! + x[20 + j]! + x[40 + j]!, 5);
    });
  });

  it("keeps to the rule under deterministic", async () => {
    await init({ deterministic: true });
    const plain = [product(2, 65, 33), product(9, 65, 33)];
    const clock = vi.spyOn(performance, "now");
    await init({ tune: true });
    expect([product(2, 65, 33), product(9, 65, 33)]).toEqual(plain);
    expect(clock).not.toHaveBeenCalled();
    const found = [2, 9].flatMap((m) => about(`[${m}, 65] · [33, 65] transposed`));
    expect(found.filter(({ reason }) => reason === "deterministic").map(({ picked }) => picked)).toEqual([
      "in place",
      "packed",
    ]);
  });

  it("keeps to the rule where the clock stands still", async () => {
    await init({ deterministic: false, tune: true });
    vi.spyOn(performance, "now").mockReturnValue(0);
    product(9, 66, 34);
    expect(about("[9, 66] · [34, 66] transposed")).toMatchObject([{ ms: {}, picked: "packed", reason: "rule" }]);
  });

  it("is a switch", () => {
    expect(() => init({ tune: 1 as never })).toThrow(ArgumentError);
  });
});

describe("settle()", () => {
  it("asks for a measurement once", async () => {
    await init({ deterministic: false });
    const measure = vi.fn(() => ({ ms: { a: 2, b: 1 }, picked: "b" }));
    for (let i = 0; i < 3; i++) expect(settle("test", "once", () => "a", measure)).toBe("b");
    expect(measure).toHaveBeenCalledTimes(1);
  });
});

describe("fastest()", () => {
  it("picks the way that takes the least time", () => {
    const spin = (turns: number) => () => {
      let x = 1;
      for (let i = 0; i < turns; i++) x = Math.imul(x, 69069) + i;
      if (x === 0.5) throw new Error("never");
    };
    expect(fastest({ long: spin(200_000), short: spin(2_000) }).picked).toBe("short");
  });
});
