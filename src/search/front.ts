// Trade-offs between objectives, of which less is better.
import { checkList, said } from "../check.js";
import { ArgumentError } from "../errors.js";

/** Whether a is nowhere worse than b and somewhere better. */
function dominates(a: readonly number[], b: readonly number[]): boolean {
  let better = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i]! > b[i]!) return false;
    better ||= a[i]! < b[i]!;
  }
  return better;
}

/** The items that no other dominates, in their order. */
export function frontOf<T>(items: readonly T[], valuesOf: (item: T) => readonly number[]): T[] {
  const values = items.map(valuesOf);
  return items.filter((_, i) => !values.some((other) => dominates(other, values[i]!)));
}

/**
 * The best of some items, best first: front after front (Deb et al. 2002), within a front those that have it most to themselves;
 * the earlier of equals.
 */
export function bestOf<T>(items: readonly T[], count: number, valuesOf: (item: T) => readonly number[]): T[] {
  if (items.every((item) => valuesOf(item).length === 1))
    return [...items].sort((a, b) => valuesOf(a)[0]! - valuesOf(b)[0]!).slice(0, count);
  const best: T[] = [];
  for (let rest = items; best.length < count && rest.length > 0; ) {
    const front = new Set(frontOf(rest, valuesOf));
    best.push(...spread([...front], valuesOf));
    rest = rest.filter((item) => !front.has(item));
  }
  return best.slice(0, count);
}

/** A front by crowding distance: the ends of each objective first, then those whose neighbours are farthest apart. */
function spread<T>(front: readonly T[], valuesOf: (item: T) => readonly number[]): T[] {
  const distances = new Map(front.map((item) => [item, 0]));
  const objectives = valuesOf(front[0]!).length;
  for (let k = 0; k < objectives; k++) {
    const at = (item: T | undefined) => (item === undefined ? Number.NaN : valuesOf(item)[k]!);
    const sorted = [...front].sort((a, b) => at(a) - at(b));
    const range = at(sorted.at(-1)) - at(sorted[0]) || 1;
    for (const [i, item] of sorted.entries()) {
      const gap = (at(sorted[i + 1]) - at(sorted[i - 1])) / range;
      distances.set(item, distances.get(item)! + (Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap));
    }
  }
  return [...front].sort((a, b) =>
    distances.get(a)! > distances.get(b)! ? -1 : distances.get(a)! < distances.get(b)! ? 1 : 0,
  );
}

/**
 * The volume between some points and a reference that is worse than they are: what a front is worth. Less is better in each
 * objective; points beyond the reference add nothing. Exact, by slices; of n points in d objectives about n^(d − 1) steps.
 *
 * @throws {ArgumentError} if a point has another number of values than the reference, or one is no number.
 * @example
 * const volume = hypervolume([[0, 0.5], [0.5, 0]], [1, 1]); // 0.75
 */
export function hypervolume(points: readonly (readonly number[])[], reference: readonly number[]): number {
  for (const [name, rows] of Object.entries({ points, reference: [reference] })) {
    checkList("hypervolume", name, rows);
    for (const row of rows)
      if (!Array.isArray(row) || row.length !== reference.length || !row.every((value) => value === +value))
        throw new ArgumentError(
          `hypervolume: ${name} has ${said(row)} of ${[row].flat().map(said).join(", ")}; it takes lists of ${reference?.length} numbers`,
        );
  }
  return volume(points, reference, reference.length);
}

/** The volume over the first objectives. */
function volume(points: readonly (readonly number[])[], reference: readonly number[], objectives: number): number {
  if (objectives === 0) return points.length > 0 ? 1 : 0;
  const last = objectives - 1;
  const inside = points.filter((point) => point[last]! < reference[last]!).sort((a, b) => a[last]! - b[last]!);
  if (objectives === 1) return inside.length > 0 ? reference[0]! - inside[0]![0]! : 0;
  return inside.reduce((sum, point, i) => {
    const height = (inside[i + 1] ?? reference)[last]! - point[last]!;
    return height === 0 ? sum : sum + height * volume(inside.slice(0, i + 1), reference, last);
  }, 0);
}
