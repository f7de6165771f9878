import { expect, test } from "vitest";
import { philox, Random } from "../../src/search/random.js";

test("philox gives the words that its authors give", () => {
  const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, "0")).join(" ");
  // kat_vectors of Random123: philox4x32 10. A seed here has 53 bits, so only that of zeros has a key we can give.
  expect(hex(philox([0, 0, 0, 0], 0))).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
});

test("numbers of a row are uniform, and differ from row to row", () => {
  const numbers = (row: Random) => Array.from({ length: 4000 }, () => row.next());
  const a = numbers(new Random(1, 0));
  expect(numbers(new Random(1, 0))).toEqual(a);
  for (const other of [new Random(2, 0), new Random(1 + 2 ** 32, 0), new Random(1, 1), new Random(1, 0, "trialSeeds")])
    expect(numbers(other)).not.toEqual(a);
  expect(Math.min(...a)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...a)).toBeLessThan(1);
  const counts = new Array<number>(20).fill(0);
  for (const u of a) counts[Math.floor(u * 20)]!++;
  const chi2 = counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
  expect(chi2).toBeLessThan(50);
});
