import type { ReportData } from "./data.js";
import { measureOf } from "./measure.js";
import { bytes, duration, known } from "./numbers.js";
import type { Kind } from "./plot.js";

/** What an error is plotted over. */
export const costs = {
  bytes: { title: "Bytes of the saved file", show: bytes },
  ms: { title: "Time of a batch", show: duration },
} as const;
export type Cost = keyof typeof costs;

/** A model or trial as it is plotted. */
export interface Point {
  readonly kind: Kind;
  readonly cost: number;
  readonly error: number;
  readonly title: string;
  readonly label: string;
}

/** Which of the front is the best: its place, or −1. */
export function bestOf({ front, best }: ReportData): number {
  if (best === undefined) return -1;
  return front.findIndex(
    (one) =>
      one.trial === best.trial && one.bytes === best.bytes && one.validation === best.validation && one.ms === best.ms,
  );
}

/** What lies on top comes last. What has no place, since it was not measured, is left out. */
export function pointsOf(data: ReportData, cost: Cost): Point[] {
  const points: Point[] = [];
  const { show } = measureOf(data);
  const add = (kind: Kind, error: unknown, value: unknown, title: string, label = "") => {
    if (known(error) && known(value))
      points.push({
        kind,
        error,
        cost: value,
        title: `${title}: ${show(error)}, ${costs[cost].show(value)}`,
        label,
      });
  };
  for (const { number, state, validation, [cost]: value } of data.trials)
    if (state !== "failed")
      add(state, validation, value, `trial ${number}, ${state === "done" ? "short" : "stopped early, size aimed at"}`);
  add("dense", data.dense.validation, data.dense[cost], "dense", "dense");
  const best = bestOf(data);
  for (const [i, one] of data.front.entries())
    if (i !== best) add("front", one.validation, one[cost], `number ${i + 1}`, String(i + 1));
  const one = data.front[best];
  if (one !== undefined) add("best", one.validation, one[cost], `best, number ${best + 1}`, `${best + 1} best`);
  return points;
}

/** Where, from the cheapest of the front on, the error gets less. */
export function stairsOf(points: readonly Point[]): Point[] {
  const front = points.filter(({ kind }) => kind === "front" || kind === "best");
  front.sort((a, b) => a.cost - b.cost || a.error - b.error);
  const stairs: Point[] = [];
  for (const point of front) if (point.error < (stairs.at(-1)?.error ?? Number.POSITIVE_INFINITY)) stairs.push(point);
  return stairs;
}
