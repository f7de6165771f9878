/** Whether a is nowhere worse than b and somewhere better; less is better. */
function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, i) => value <= b[i]!) && a.some((value, i) => value < b[i]!);
}

/** The points that no other dominates, in their order; less is better. */
export function frontOf<T>(items: readonly T[], valuesOf: (item: T) => readonly number[]): T[] {
  const values = items.map(valuesOf);
  return items.filter((_, i) => !values.some((other) => dominates(other, values[i]!)));
}
