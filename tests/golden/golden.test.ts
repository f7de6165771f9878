// Our functions against the vectors of this folder, or of the one that SPOKESHAVE_GOLDEN names.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { leakyRelu } from "../../src/ops/unary.js";
import { zeroLeaks } from "../grid.js";
import { entry, pack } from "../reference/safetensors.js";
import { coverage, declaredGaps, report, type Share, shares } from "./coverage.js";
import { check, differentiable, type Run } from "./runner.js";
import { difference, type Got, readGroups } from "./vectors.js";

zeroLeaks();

const own = dirname(fileURLToPath(import.meta.url));
const folder = process.env.SPOKESHAVE_GOLDEN || own;
const sharesOf = (path: string): Share[] => readGroups(path).flatMap((group) => shares(group));
const all = sharesOf(folder);
/** The vectors beside this file, which the tests of the suite itself use whatever else is run. */
const home = sharesOf(own);

const isRun = (share: Share): share is Share & { how: Run } => typeof share.how === "function";

describe.each([...new Set(all.filter(isRun).map((share) => share.group))])("%s", (group) => {
  const rows = all.filter(isRun).filter((share) => share.group === group);
  it.each(rows.map((share) => [share.op, share] as const))("%s", async (_, { cases, how }) => {
    const wrong: string[] = [];
    for (const one of cases) wrong.push(...(await check(how, one)));
    expect(wrong).toEqual([]);
  });
});

describe("coverage", () => {
  it("tells what is not covered", () => {
    console.log(`${folder}\n${report(all)}`);
    expect(all).not.toEqual([]);
  });

  // Another folder may lack groups and bring ops of its own; what lies beside the code is the table, no more, no less.
  it("is what the table says", () => {
    const names = (some: readonly Share[]) => [...new Set(some.map((share) => share.op))].sort();
    expect(names(home.filter((share) => !isRun(share)))).toEqual(declaredGaps().sort());
    expect(names(home)).toEqual(Object.keys(coverage).sort());
  });

  it("lists an op that it does not know, and does without groups", () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "golden-"));
    try {
      const cases = ["torch.novel", "torch.tanh"].map((op) => {
        return { name: op, op, args: {}, inputs: { x: "x" }, outputs: { out: "x" }, rtol: 0, atol: 0 };
      });
      writeFileSync(join(elsewhere, "few.json"), JSON.stringify({ group: "few", cases }));
      writeFileSync(join(elsewhere, "few.safetensors"), pack(`{"x":${entry("F32", [1], 0, 4)}}`, 4));
      writeFileSync(join(elsewhere, "package.json"), "{}");
      const found = sharesOf(elsewhere);
      expect(found.map((share) => [share.group, share.op, isRun(share)])).toEqual([
        ["few", "torch.novel", false],
        ["few", "torch.tanh", true],
      ]);
      expect(report(found)).toBe("few: 1 cases run, 1 not covered\n  torch.novel × 1: not in the table");
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});

describe("the comparison", () => {
  const vector = (values: number[], dtype = "F64") => ({ dtype, shape: [values.length], values });
  const got = (...values: number[]): Got => ({ shape: [values.length], values });
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

  it.each<[string, Got, ReturnType<typeof vector>, boolean]>([
    ["the same", got(1, -2), vector([1, -2]), true],
    ["both zeros", got(-0), vector([0]), true],
    ["on the bound", got(1.5), vector([1]), true],
    ["past the bound", got(1.51), vector([1]), false],
    ["past the bound in one place", got(1, 3, 1), vector([1, 1, 1]), false],
    ["NaN for NaN", got(nan), vector([nan]), true],
    ["NaN for a number", got(nan), vector([1]), false],
    ["a number for NaN", got(1), vector([nan]), false],
    ["an infinity", got(-inf), vector([-inf]), true],
    ["the other infinity", got(-inf), vector([inf]), false],
    ["a number for an infinity", got(1), vector([inf]), false],
    ["an infinity for a number", got(inf), vector([1]), false],
    ["integers within the tolerance", got(3), vector([2], "I32"), false],
    ["another shape", { shape: [1, 2], values: [1, 2] }, vector([1, 2]), false],
    ["nothing for nothing", got(), vector([]), true],
  ])("%s", (_, have, want, equal) => {
    expect(difference(have, want, { rtol: 0.25, atol: 0.25 }) === undefined).toBe(equal);
  });

  it("finds a wrong value, a wrong gradient, a missing output and an error", async () => {
    const relu = home
      .find((share) => share.op === "torch.nn.functional.relu")!
      .cases.find((one) => one.name === "relu_0_7")!;
    const names = async (run: Run) => (await check(run, relu)).map((line) => line.split(" ").slice(0, 3).join(" "));
    expect(await names(differentiable(({ x }) => leakyRelu(x!, { slope: 0.5 })))).toEqual([
      expect.stringMatching(/^relu_0_7: out/),
      expect.stringMatching(/^relu_0_7: grad_x/),
    ]);
    expect(await names(({ inputs }) => ({ grad_x: inputs.x! }))).toContain("relu_0_7: out is");
    expect(await names(() => Promise.reject(new Error("no")))).toEqual(["relu_0_7: threw Error:"]);
  });
});
