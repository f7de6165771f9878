import type { Random } from "./random.js";
import type { Distribution, Value } from "./space.js";
import type { TrialRecord } from "./trial.js";

/** What a sampler may look at when a trial begins. */
export interface Past {
  /** The trial that begins, from 0. */
  readonly number: number;
  /** Finished trials of earlier batches, by number. Values and curves are turned so that less is better. */
  readonly history: readonly TrialRecord[];
  /** Draws of the trials of this batch with smaller numbers; whether they are done already must not matter. */
  readonly mates: readonly Readonly<Record<string, Value>>[];
  /** Every name drawn so far in the study, and from what, in the order in which they were met. */
  readonly names: ReadonlyMap<string, Distribution>;
  readonly seed: number;
}

/** One draw. */
export interface DrawRequest extends Past {
  readonly name: string;
  readonly distribution: Distribution;
  /** What this trial has drawn before. */
  readonly draws: Readonly<Record<string, Value>>;
  /** Random numbers of this trial. */
  readonly random: Random;
}

/** Proposes parameters: a pure function of the past, so that the same past gives the same trial. */
export interface Sampler {
  /** With its settings: a stored study goes on only with a sampler of the same name. */
  readonly name: string;
  draw(request: DrawRequest): Value;
  /** Says that there is nothing left to propose, which ends the study. */
  ended?(past: Past): boolean;
}
