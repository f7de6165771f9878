import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { type Distribution, type Draw, drawFrom } from "../../src/search/space.js";

/** What a space draws its one name from. */
function distributionOf(space: (draw: Draw) => unknown): Distribution {
  let found: Distribution | undefined;
  drawFrom(space, new Map(), (_, distribution) => {
    found = distribution;
    return distribution.at(0.5);
  });
  return found!;
}

const distributions: readonly [string, (draw: Draw) => unknown, number][] = [
  ["float", (draw) => draw.float("x", -2, 3), Number.POSITIVE_INFINITY],
  ["log float", (draw) => draw.float("x", 1e-5, 0.1, { log: true }), Number.POSITIVE_INFINITY],
  ["stepped float", (draw) => draw.float("x", 0, 0.3, { step: 0.1 }), 4],
  ["float of one value", (draw) => draw.float("x", 2, 2), 1],
  ["log float of one value", (draw) => draw.float("x", 2, 2, { log: true }), 1],
  ["int", (draw) => draw.int("x", -3, 3), 7],
  ["stepped int", (draw) => draw.int("x", 2, 11, { step: 4 }), 3],
  ["log int", (draw) => draw.int("x", 1, 100, { log: true }), 100],
  ["choice", (draw) => draw.choice("x", ["a", 1, true, null]), 4],
  ["one choice", (draw) => draw.choice("x", ["a"]), 1],
];

describe("a distribution", () => {
  test.each(distributions)("%s: places and shares agree", (_, space, count) => {
    const distribution = distributionOf(space);
    expect(distribution.count).toBe(count);
    for (let i = 0; i <= 400; i++) {
      const value = distribution.at(i / 400);
      const [from, to] = distribution.share(value)!;
      expect(from).toBeLessThanOrEqual(i / 400 + 1e-9);
      expect(to).toBeGreaterThanOrEqual(i / 400 - 1e-9);
    }
    expect(distribution.share("none")).toBeUndefined();
  });

  test.each(distributions.filter(([, , count]) => count < 200))("%s: values follow one another", (_, space, count) => {
    const distribution = distributionOf(space);
    let end = 0;
    let value = distribution.at(0);
    for (let i = 0; i < count; i++) {
      const [from, to] = distribution.share(value)!;
      expect(from).toBeCloseTo(end, 12);
      end = to;
      const next = distribution.next(value);
      if (i < count - 1) value = next!;
      else expect(next).toBeUndefined();
    }
    expect(end).toBeCloseTo(1, 12);
  });

  test("ends at its bounds, exactly", () => {
    const lr = distributionOf((draw) => draw.float("lr", 1e-5, 0.1, { log: true }));
    expect([lr.at(0), lr.at(1)]).toEqual([1e-5, 0.1]);
    expect(lr.at(0.5)).toBeCloseTo(1e-3, 12);
  });
});

describe("a space", () => {
  const run = (space: (draw: Draw) => unknown) => drawFrom(space, new Map(), (_, distribution) => distribution.at(0.5));

  test("draws a name but once", () => {
    const { params, draws } = run((draw) => [draw.int("a", 0, 9), draw.int("a", 0, 9)]);
    expect([params, draws]).toEqual([[5, 5], { a: 5 }]);
  });

  test("takes names that objects have of themselves", () => {
    expect(run((draw) => draw.int("toString", 0, 9) + draw.int("constructor", 0, 9)).params).toBe(10);
  });

  // biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript calls it
  test.each<[string, (draw: any) => unknown, RegExp]>([
    ["low above high", (draw) => draw.float("x", 2, 1), /low is 2, high 1/],
    ["an infinite range", (draw) => draw.float("x", -1e308, 1e308), /distance infinite/],
    ["NaN", (draw) => draw.float("x", Number.NaN, 1), /low is NaN/],
    ["a text", (draw) => draw.float("x", "0", 1), /low is "0"/],
    ["no bounds", (draw) => draw.int("x"), /low is undefined/],
    ["a fraction", (draw) => draw.int("x", 0, 1.5), /high is 1.5; it must be an integer/],
    ["log from 0", (draw) => draw.float("x", 0, 1, { log: true }), /with log it must be above 0/],
    ["log of ints from 0", (draw) => draw.int("x", 0, 1, { log: true }), /with log it must be 1 or more/],
    ["log and step", (draw) => draw.float("x", 1, 2, { log: true, step: 0.5 }), /log and step cannot go together/],
    ["log that is a number", (draw) => draw.float("x", 1, 2, { log: 1 }), /log is 1/],
    ["a step below 0", (draw) => draw.float("x", 1, 2, { step: -1 }), /step is -1/],
    ["a step of 0", (draw) => draw.int("x", 1, 2, { step: 0 }), /step is 0/],
    ["options that are none", (draw) => draw.float("x", 1, 2, 0.1), /the options are 0.1/],
    ["no choice", (draw) => draw.choice("x", []), /none/],
    ["choices alike", (draw) => draw.choice("x", [1, 1]), /different/],
    ["objects to choose", (draw) => draw.choice("x", [{}]), /draw the key/],
    ["undefined to choose", (draw) => draw.choice("x", [undefined]), /undefined/],
    ["NaN to choose", (draw) => draw.choice("x", [Number.NaN]), /finite/],
    ["choices that are no list", (draw) => draw.choice("x", "ab"), /must be a list/],
    ["no name", (draw) => draw.int("", 0, 1), /the name is ""/],
    ["an integer as name", (draw) => draw.int("12", 0, 1), /no integer/],
    ["a number as name", (draw) => draw.int(12, 0, 1), /the name is 12/],
    ["__proto__", (draw) => draw.int("__proto__", 0, 1), /__proto__/],
    ["two ranges of a name", (draw) => draw.int("x", 0, 1) + draw.int("x", 0, 2), /another range needs another name/],
    ["two kinds of a name", (draw) => draw.int("x", 0, 1) + draw.float("x", 0, 1), /another range/],
    ["a Promise", async (draw) => draw.int("x", 0, 1), /returned a Promise/],
  ])("refuses %s", (_, space, message) => {
    expect(() => run(space)).toThrow(ArgumentError);
    expect(() => run(space)).toThrow(message);
  });
});
