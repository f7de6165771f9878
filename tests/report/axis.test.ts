import { describe, expect, test } from "vitest";
import { axisOf } from "../../src/report/axis.js";

const axis = (values: readonly (number | undefined)[], log?: boolean) =>
  axisOf(values, { title: "", range: [0, 100], show: (value) => value.toFixed(3), ...(log !== undefined && { log }) });

describe.each([
  ["of many sizes", [900, 1_066_728, 40_000]],
  ["of one size", [40_000, 40_000]],
  ["of nearly one size", [40_000, 40_001]],
  ["tiny", [1e-12, 3e-9]],
  ["huge", [1e290, 1e300]],
  ["with 0", [0, 5]],
  ["of 0 alone", [0]],
  ["below 0", [-3, 2]],
  ["none", []],
])("numbers %s", (_, values) => {
  test("lie in their order between the ends, with ticks that lie there, too", () => {
    for (const log of [undefined, true, false]) {
      const { at, ticks } = axis(values, log);
      const places = [...values].sort((a, b) => a - b).map(at);
      expect(places).toEqual([...places].sort((a, b) => a - b));
      for (const place of [...places, ...ticks.map(({ value }) => at(value))]) {
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThanOrEqual(100);
      }
      expect(ticks.length).toBeGreaterThan(0);
      expect(ticks.length).toBeLessThan(12);
      expect(new Set(ticks.map(({ value }) => at(value))).size).toBe(ticks.length);
    }
  });
});

test("the axis is logarithmic where values differ by much: a tenth is as far as a tenth of it", () => {
  const { at } = axis([1, 10, 100]);
  expect(at(10) - at(1)).toBeCloseTo(at(100) - at(10), 9);
  const { at: even } = axis([1, 2, 3]);
  expect(even(2) - even(1)).toBeCloseTo(even(3) - even(2), 9);
});

test("what is outside lies on the edge, and what is no number is not counted", () => {
  const { at } = axis([1, 2, undefined, Number.NaN, Number.POSITIVE_INFINITY]);
  expect([at(-100), at(100)]).toEqual([0, 100]);
});

test("ticks are round, and carry no zeros", () => {
  expect(axis([9, 1100], true).ticks.map(({ text }) => text)).toEqual(["10", "30", "100", "300", "1000"]);
});
