import { afterEach, describe, expect, it, vi } from "vitest";
import { explain, init } from "../src/index.js";
import { settle } from "../src/tune.js";
import { zeroLeaks } from "./grid.js";

zeroLeaks();

afterEach(() => init({ deterministic: false }));

const about = (work: string) => explain().filter((choice) => choice.work === work);

describe("settle() and explain()", () => {
  it("measure once, and say what was picked", async () => {
    await init({ deterministic: false });
    const measure = vi.fn(() => ({ ms: { a: 2, b: 1 }, picked: "b" }));
    for (let i = 0; i < 3; i++) expect(settle("test", "once", () => "a", measure)).toBe("b");
    expect(measure).toHaveBeenCalledTimes(1);
    expect(about("once")).toEqual([{ op: "test", work: "once", ms: { a: 2, b: 1 }, picked: "b", reason: "measured" }]);
  });

  it("keep to the rule under deterministic, whatever was measured before", async () => {
    await init({ deterministic: false });
    settle(
      "test",
      "fixed",
      () => "a",
      () => ({ ms: { a: 2, b: 1 }, picked: "b" }),
    );
    await init({ deterministic: true });
    const measure = vi.fn(() => ({ ms: { a: 2, b: 1 }, picked: "b" }));
    expect(settle("test", "fixed", () => "a", measure)).toBe("a");
    expect(measure).not.toHaveBeenCalled();
    expect(about("fixed").at(-1)).toEqual({ op: "test", work: "fixed", ms: {}, picked: "a", reason: "deterministic" });
  });

  it("keep to the rule where the clock stands still", async () => {
    await init({ deterministic: false });
    const still = () => ({ ms: { a: 0, b: 0 }, picked: "b" });
    expect(settle("test", "still", () => "a", still)).toBe("a");
    expect(about("still")).toEqual([{ op: "test", work: "still", ms: {}, picked: "a", reason: "rule" }]);
  });
});
