import { bits } from "./bits.js";
import { codecs } from "./codecs.js";
import { distill } from "./distill.js";
import { integers } from "./integers.js";
import { linearModels } from "./linear.js";
import { losses } from "./losses.js";
import { activations, layers, matmulOps } from "./ops.js";
import { optim } from "./optim.js";
import { prune } from "./prune.js";
import { quantize } from "./quantize.js";
import type { Coverage, CoverageTable, Run } from "./runner.js";
import { searchOps } from "./search.js";
import type { Case, Group } from "./vectors.js";

/** Every op of the vectors, by name: how ours meets it, or why there is nothing yet. */
export const coverage: CoverageTable = {
  ...matmulOps,
  ...activations,
  ...losses,
  ...layers,
  ...optim,
  ...distill,
  ...linearModels,
  ...prune,
  ...quantize,
  ...integers,
  ...bits,
  ...codecs,
  ...searchOps,
};

/** Cases of one op that are run, or that are not and why. */
export interface Share {
  readonly group: string;
  readonly op: string;
  readonly cases: readonly Case[];
  readonly how: Run | string;
}

/** Splits a group into what is run and what is not, op by op; an op that the table does not know is not run. */
export function shares({ name: group, cases }: Group, table: CoverageTable = coverage): Share[] {
  const found = new Map<string, { op: string; cases: Case[]; how: Run | string }>();
  for (const one of cases) {
    const { op } = one;
    const how = howTo(table[op] ?? "not in the table", one);
    const key = typeof how === "string" ? `${op} ${how}` : op;
    const known = found.get(key);
    if (known === undefined) found.set(key, { op, cases: [one], how });
    else known.cases.push(one);
  }
  return [...found.values()].map((share) => ({ group, ...share }));
}

function howTo(entry: Coverage, { args }: Case): Run | string {
  return typeof entry === "object" ? (entry.except(args) ?? entry.run) : entry;
}

/** The ops that the table says are not covered, wholly or in part. */
export function declaredGaps(table: CoverageTable = coverage): string[] {
  return Object.entries(table).flatMap(([op, entry]) => (typeof entry === "function" ? [] : [op]));
}

/** What is not covered, as text: a line per op with its number of cases, by group. */
export function report(all: readonly Share[]): string {
  const gaps = all.filter((share) => typeof share.how === "string");
  const lines = [...new Set(all.map((share) => share.group))].map((group) => {
    const rows = gaps.filter((share) => share.group === group);
    const run = count(all.filter((share) => share.group === group)) - count(rows);
    const listed = rows.map(({ op, cases, how }) => `\n  ${op} × ${cases.length}: ${how}`);
    return `${group}: ${run} cases run, ${count(rows)} not covered${listed.join("")}`;
  });
  return lines.join("\n");
}

function count(some: readonly Share[]): number {
  return some.reduce((n, share) => n + share.cases.length, 0);
}
