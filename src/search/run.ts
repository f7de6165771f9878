import { said } from "../check.js";
import { SpokeshaveError } from "../errors.js";
import type { Batch } from "./batch.js";
import type { Executor, TrialContext, Values } from "./objective.js";
import type { Value } from "./space.js";
import type { Stopper } from "./stopper.js";
import { type Direction, signOf, type TrialRecord } from "./trial.js";

/** A trial that is drawn. */
export interface Drawn<P> {
  readonly number: number;
  readonly params: P;
  readonly draws: Readonly<Record<string, Value>>;
}

/** What a trial is judged by. */
export interface Judges {
  readonly directions: readonly Direction[];
  readonly stopper: Stopper | undefined;
  /** Finished trials of earlier batches, turned so that less is better. */
  readonly history: readonly TrialRecord[];
  readonly batch: Batch;
}

/** What came of a trial, and what a failed one threw. */
export interface Outcome {
  readonly record: TrialRecord;
  readonly cause?: unknown;
}

/** Runs a trial to its end, or to where the stopper or a bad value ends it. */
export async function runTrial<P>(
  executor: Executor<P>,
  { number, params, draws }: Drawn<P>,
  context: TrialContext,
  { directions, stopper, history, batch }: Judges,
): Promise<Outcome> {
  const sign = signOf(directions[0]!);
  const curve: number[] = [];
  const towardsLess: number[] = [];
  let values: readonly number[] = [];
  let stopped = false;
  let broken: { readonly cause: unknown } | undefined;
  batch.curves.set(number, towardsLess);
  const report = async (score: Values): Promise<boolean> => {
    try {
      const scores = numbersOf(score, directions.length, 1);
      if (scores.length === directions.length) values = scores;
      curve.push(scores[0]!);
      towardsLess.push(sign * scores[0]!);
      const value = sign * scores[0]!;
      const step = curve.length;
      const mates = stopper?.meets?.(step) ? await batch.meet(number, step) : [];
      stopped = stopper?.stop({ number, draws, step, value, curve: towardsLess, history, mates }) === true;
    } catch (cause) {
      broken = { cause };
    }
    return stopped || broken !== undefined;
  };
  try {
    const score = await executor.run(params, context, report);
    if (broken !== undefined) throw broken.cause;
    if (!stopped && score !== undefined) values = numbersOf(score, directions.length);
    if (!stopped && values.length === 0)
      throw new SpokeshaveError("the objective returned nothing; it must give a number");
    return { record: { number, draws, state: stopped ? "stopped" : "done", values, curve } };
  } catch (cause) {
    const error = cause instanceof Error ? String(cause) : said(cause);
    return { record: { number, draws, state: "failed", values: [], curve, error }, cause };
  }
}

/** A score as a list of finite numbers, as many as there are objectives, or as few as `least`. */
function numbersOf(score: Values, objectives: number, least = objectives): number[] {
  const numbers = [score].flat();
  if (numbers.length !== objectives && numbers.length !== least)
    throw new SpokeshaveError(
      `the objective gave ${numbers.length} values, direction has ${objectives}; it must give one for each`,
    );
  for (const value of numbers)
    if (!Number.isFinite(value))
      throw new SpokeshaveError(`the objective gave ${said(value)}; it must give finite numbers`);
  // −0 becomes 0, as JSON has it.
  return numbers.map((value) => value + 0);
}
