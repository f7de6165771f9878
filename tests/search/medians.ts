// What a sampler reaches: a study per seed, and what half of them reach.
import { hypervolume } from "../../src/search/front.js";
import type { Sampler } from "../../src/search/sampler.js";
import { search } from "../../src/search/search.js";
import type { Draw } from "../../src/search/space.js";
import type { Direction } from "../../src/search/trial.js";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}

/** A problem of the golden vectors. */
export interface Bounded<V> {
  readonly of: (x: readonly number[]) => V;
  readonly bounds: readonly (readonly [number, number])[];
}

export const twenty: readonly number[] = Array.from({ length: 20 }, (_, i) => i + 1);

const spaceOf =
  ({ bounds }: Bounded<unknown>) =>
  (draw: Draw) =>
    bounds.map(([low, high], i) => draw.float(`x${i}`, low, high));

/** The median over seeds of the best value; the options of the search are the default ones. */
export async function medianBest(
  problem: Bounded<number>,
  sampler: Sampler,
  { trials = 100, seeds = twenty } = {},
): Promise<number> {
  const best: number[] = [];
  for (const seed of seeds)
    best.push((await search(problem.of, { space: spaceOf(problem), sampler, trials, seed })).best.values[0]!);
  return median(best);
}

/** The median over seeds of the hypervolume of the front. */
export async function medianVolume(
  problem: Bounded<readonly number[]>,
  sampler: Sampler,
  { reference = [1.1, 11], trials = 100, seeds = twenty } = {},
): Promise<number> {
  const direction: Direction[] = reference.map(() => "minimize");
  const volumes: number[] = [];
  for (const seed of seeds) {
    const { front } = await search(problem.of, { space: spaceOf(problem), sampler, trials, seed, direction });
    volumes.push(
      hypervolume(
        front.map(({ values }) => values),
        reference,
      ),
    );
  }
  return median(volumes);
}
