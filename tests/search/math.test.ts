import { describe, expect, test } from "vitest";
import { exp, log } from "../../src/search/math.js";
import { Random } from "../../src/search/random.js";

describe("exp and log", () => {
  const random = new Random(1, 0);

  test("are within 2 units of the last place of the host's", () => {
    for (let i = 0; i < 20_000; i++) {
      const x = (random.next() - 0.5) * 1400;
      const y = Math.exp(x);
      if (y > 2 ** -1022) expect(Math.abs(exp(x) - y) / y, `exp(${x})`).toBeLessThan(2 ** -51);
      const z = Math.exp(x / 2);
      expect(Math.abs(log(z) - Math.log(z)), `log(${z})`).toBeLessThanOrEqual(2 ** -51 * Math.max(1e-3, Math.abs(x)));
    }
  });

  test("are right where it matters", () => {
    expect([exp(0), log(1), exp(-1000), exp(1000)]).toEqual([1, 0, 0, Number.POSITIVE_INFINITY]);
    expect(log(2 ** -1022)).toBeCloseTo(-1022 * Math.LN2, 10);
    expect(log(Number.MAX_VALUE)).toBeCloseTo(1024 * Math.LN2, 10);
    expect(log(1 + 2 ** -52)).toBe(Math.log1p(2 ** -52));
  });
});
