import { group, mean, rank, sum } from "d3-array";
import type { Setting } from "./data.js";

/** Numbers of many values are told apart in so many groups of about equal size. */
const groups = 4;

/**
 * How much of the order of the results a setting explains alone, from 0 to 1: the share of the variance of ranks that lies between
 * groups of like settings, less what chance would give (ε², Kelley 1935). Ranks, since one hopeless trial must not decide.
 */
export function importance(settings: readonly Setting[], results: readonly number[]): number {
  const n = results.length;
  const ranks = Array.from(rank(results as number[]));
  const all = mean(ranks) ?? 0;
  const whole = sum(ranks, (value) => (value - all) * (value - all));
  const keys = keysOf(settings);
  const parts = [...group(ranks.keys(), (i) => keys[i]).values()];
  if (whole === 0 || parts.length < 2 || n <= parts.length) return 0;
  const within = sum(parts, (part) => {
    const own = mean(part, (i) => ranks[i]!) ?? 0;
    return sum(part, (i) => (ranks[i]! - own) * (ranks[i]! - own));
  });
  return Math.max(0, 1 - (within / (n - parts.length)) * ((n - 1) / whole));
}

/** Like settings have one key. */
function keysOf(settings: readonly Setting[]): readonly Setting[] {
  const many = new Set(settings).size > groups + 1;
  if (!many || !settings.every((value) => typeof value === "number")) return settings;
  return Array.from(rank(settings as number[]), (place) => Math.floor((place * groups) / settings.length));
}
