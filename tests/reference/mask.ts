/** Places of scores from the largest down, NaN before all, equal ones in order. */
function ranking(scores: readonly number[]): number[] {
  const before = (a: number, b: number): boolean => (Number.isNaN(a) ? !Number.isNaN(b) : a > b);
  const order = scores.map((_, i) => i);
  return order.sort((i, j) => (before(scores[i]!, scores[j]!) ? -1 : before(scores[j]!, scores[i]!) ? 1 : i - j));
}

/** 1 for the `keep` largest. */
export function largest(scores: ArrayLike<number>, keep: number): number[] {
  const values = Array.from(scores);
  const kept = new Set(ranking(values).slice(0, keep));
  return values.map((_, i) => (kept.has(i) ? 1 : 0));
}

/** Each `len` values in turn on its own. */
export function inRuns(
  values: ArrayLike<number>,
  len: number,
  each: (run: readonly number[]) => readonly number[],
): number[] {
  const all = Array.from(values);
  const runs = Array.from({ length: len === 0 ? 0 : Math.ceil(all.length / len) }, (_, i) => i * len);
  return runs.flatMap((start) => each(all.slice(start, start + len)));
}
