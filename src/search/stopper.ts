import type { Value } from "./space.js";
import type { TrialRecord } from "./trial.js";

/** What a stopper may look at when a trial has yielded. */
export interface StopRequest {
  /** The trial's number. */
  readonly number: number;
  /** What it was drawn with. */
  readonly draws: Readonly<Record<string, Value>>;
  /** How often it has yielded, from 1. */
  readonly step: number;
  /** What it yielded last, and all of it, turned so that less is better: `curve[step - 1]` is `value`. */
  readonly value: number;
  readonly curve: readonly number[];
  /** Finished trials of earlier batches, by number, turned alike. */
  readonly history: readonly TrialRecord[];
  /** Where the stopper `meets`: what the other trials of this batch that came as far yielded at this step, turned alike. */
  readonly mates: readonly number[];
}

/** Ends hopeless trials early: a pure function of its request, so that the same past stops the same trials. */
export interface Stopper {
  /** With its settings: a stored study goes on only with a stopper of the same name. */
  readonly name: string;
  /** Whether the trials of a batch wait for one another at this step, so that each is judged beside the others. Default: never. */
  meets?(step: number): boolean;
  stop(request: StopRequest): boolean;
}
