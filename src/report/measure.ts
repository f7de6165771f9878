import type { ReportData } from "./data.js";
import { count, percent, points, setting } from "./numbers.js";

/** How the data say how well a model does: by a share of mistakes, in percent, or by a loss. */
export interface Measure {
  readonly name: "error" | "loss";
  /** Behind the title of an axis. */
  readonly unit: string;
  readonly show: (value: number | undefined) => string;
  /** From one model to another; nothing where they are the same. */
  readonly change: (before: number, after: number) => string | undefined;
  /** How far a share, such as a budget's, goes on an axis, and what that is called. */
  readonly scale: number;
  readonly drop: (share: number) => string;
}

const error: Measure = {
  name: "error",
  unit: ", %",
  show: percent,
  change: points,
  scale: 100,
  drop: (share) => `dense + ${count(share * 100)} points`,
};

const loss: Measure = {
  name: "loss",
  unit: "",
  show: setting,
  change: (before, after) =>
    after === before ? undefined : `${after > before ? "+" : "−"}${setting(Math.abs(after - before))}`,
  scale: 1,
  drop: (share) => `dense + ${setting(share)}`,
};

export const measureOf = ({ measure }: ReportData): Measure => (measure === "loss" ? loss : error);
