/** The index of the entry nearest to a number, of two equally near the lower. */
export function nearestEntry(x: number, table: readonly number[]): number {
  let best = 0;
  for (const [i, entry] of table.entries()) if (Math.abs(entry - x) < Math.abs(table[best]! - x)) best = i;
  return best;
}

/** Blocks of the flat matrix over their largest magnitude, by the nearest entry; all f32. */
export function rounded(w: ArrayLike<number>, table: readonly number[], block: number): number[] {
  const values = Array.from(w);
  return values.map((x, i) => {
    const start = i - (i % block);
    const scale = values.slice(start, start + block).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    return scale === 0 ? 0 : Math.fround(Math.fround(table[nearestEntry(Math.fround(x / scale), table)]!) * scale);
  });
}
