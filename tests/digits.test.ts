import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { digits } from "../src/digits.js";
import { scope } from "../src/scope.js";
import { readTensor } from "../src/tensor.js";
import { zeroLeaks } from "./grid.js";

zeroLeaks();

test("the digits are those of data/, every fifth to test on, to the pixel", async () => {
  const csv = gunzipSync(readFileSync(join(import.meta.dirname, "..", "data", "digits.csv.gz"))).toString();
  const rows = csv
    .trim()
    .split("\n")
    .map((line) => line.split(",").map(Number));
  const { train, test } = await digits();
  expect([train.size, test.size]).toEqual([1438, 359]);
  for (const [data, wanted] of [
    [train, rows.filter((_, i) => i % 5 !== 4)],
    [test, rows.filter((_, i) => i % 5 === 4)],
  ] as const) {
    expect(data.inputShape).toEqual([64]);
    scope(() => {
      const { x, y } = data.batch(wanted.map((_, i) => i));
      expect(Array.from(readTensor(y))).toEqual(wanted.map((row) => row[64]));
      expect(Array.from(readTensor(x))).toEqual(wanted.flatMap((row) => row.slice(0, 64).map((level) => level / 16)));
    });
  }
});
