import { expect, test } from "vitest";
import {
  bytes,
  change,
  count,
  duration,
  percent,
  plain,
  points,
  ratio,
  setting,
  share,
  words,
} from "../../src/report/numbers.js";

/** Without the special spaces. */
const seen = (text: string | undefined) => text?.replaceAll("\u00a0", " ");

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.00 KB"],
  [37_912, "37.9 KB"],
  [99_960, "100 KB"],
  [999_499, "999 KB"],
  [999_501, "1.00 MB"],
  [1_066_440, "1.07 MB"],
  [5e12, "5.00 TB"],
  [4e15, "4,000 TB"],
  [1e300, "1.00e+288 TB"],
])("%d bytes are %s", (value, text) => {
  expect(seen(bytes(value))).toBe(text);
});

test.each([
  [0, "0 ms"],
  [1e-6, "0.001 µs"],
  [0.0842, "84.2 µs"],
  [0.1, "0.100 ms"],
  [0.2934, "0.293 ms"],
  [1.6249, "1.62 ms"],
  [9.996, "10.0 ms"],
  [1500, "1.50 s"],
  [287_400, "4 min 47 s"],
  [7_200_000, "120 min 0 s"],
])("%d ms are %s", (value, text) => {
  expect(seen(duration(value))).toBe(text);
});

test("percents keep two digits, and small ones are not 0", () => {
  expect([0, 1.484, 100, 0.005, 0.0042, 1e-9].map((value) => seen(percent(value)))).toEqual([
    ...["0.00 %", "1.48 %", "100.00 %", "0.01 %", "0.0042 %", "1.00e-9 %"],
  ]);
  expect([0, 0.9, 0.8768, 1].map((value) => seen(share(value)))).toEqual(["0 %", "90.0 %", "87.7 %", "100 %"]);
});

test("what is compared says how, and never that slower is faster", () => {
  expect([ratio(1_066_728, 33_800), ratio(100, 30), ratio(1, 3), ratio(0, 1), ratio(1, 0)]).toEqual([
    ...["32×", "3.3×", "0.33×", undefined, undefined],
  ]);
  expect(change(1, 3, ["faster", "slower"])).toBe("3.0× slower");
  expect(change(3, 1, ["faster", "slower"])).toBe("3.0× faster");
  expect(change(0, 1, ["faster", "slower"])).toBeUndefined();
  expect([points(1.5, 1.62), points(1.62, 1.5), points(1.5, 1.501)].map(seen)).toEqual([
    ...["+0.12 points", "−0.12 points", undefined],
  ]);
});

test("settings are short, and their names words", () => {
  expect([0.0013333, 24, true, "csr", 1e-300, 123_456, undefined].map(setting)).toEqual([
    ...["0.00133", "24", "yes", "csr", "1e-300", "123,456", "–"],
  ]);
  expect(["fineTuneEpochs", "lr", "bits", "distill2Steps"].map(words)).toEqual([
    ...["Fine tune epochs", "lr", "Bits", "Distill2 steps"],
  ]);
  expect(["10.0\u00a0KB", "0.50", "1.00\u00a0MB", "100", "1.05", "0"].map(plain).map(seen)).toEqual([
    ...["10 KB", "0.5", "1 MB", "100", "1.05", "0"],
  ]);
});

test("what is no number is a dash", () => {
  for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY, null as never, "5" as never])
    expect([bytes, duration, percent, share, count].map((show) => show(value))).toEqual(Array(5).fill("–"));
});
