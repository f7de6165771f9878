import type { Value } from "./space.js";

/** Which way an objective is better. */
export type Direction = "minimize" | "maximize";

/** What a value is multiplied with so that less is better. */
export const signOf = (direction: Direction): 1 | -1 => (direction === "maximize" ? -1 : 1);

/** What is kept of a trial, whatever keeps it: plain data of finite numbers, so that JSON gives it back bit for bit. No clock time. */
export interface TrialRecord {
  /** From 0, in the order of drawing. */
  readonly number: number;
  /** What was drawn, by name, in the order of drawing. */
  readonly draws: Readonly<Record<string, Value>>;
  /** `stopped`: by the stopper, before its end. `failed`: it threw, or gave what is no finite number. */
  readonly state: "done" | "stopped" | "failed";
  /** One per objective, as the objective gave them; empty where there are none. */
  readonly values: readonly number[];
  /** What it yielded, step by step: of several objectives the first. */
  readonly curve: readonly number[];
  /** Why it failed. */
  readonly error?: string;
}

/** A trial of a study. */
export interface Trial<P = unknown> extends TrialRecord {
  /** What the space made of the draws. */
  readonly params: P;
}

/** Turns values and curve so that less is better. */
export function turned(trial: TrialRecord, directions: readonly Direction[]): TrialRecord {
  if (!directions.includes("maximize")) return trial;
  return {
    ...trial,
    values: trial.values.map((value, i) => signOf(directions[i]!) * value),
    curve: trial.curve.map((value) => signOf(directions[0]!) * value),
  };
}
