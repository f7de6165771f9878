/** What an objective gives: a number, or one per objective. */
export type Values = number | readonly number[];

/** What an objective is told besides its parameters. Plain data but for the signal. */
export interface TrialContext {
  /** The trial's number. */
  readonly number: number;
  /** A seed of its own for this trial: the same in every run of the study. */
  readonly seed: number;
  /** Aborted when the search is to end; what the trial gives then does not count. */
  readonly signal: AbortSignal;
}

/** Yields what it has so far, step by step; the last is what counts, unless it returns something. */
export type Steps = AsyncGenerator<Values, Values> | AsyncGenerator<Values, void>;

/** A function of parameters to be made small, async or not, or an async generator. */
export type SearchObjective<P> = (params: P, context: TrialContext) => Values | Promise<Values> | Steps;

/** Takes what a trial yields and says whether it is to end. */
export type Report = (score: Values) => boolean | Promise<boolean>;

/** Runs trials: here, in threads, elsewhere. */
export interface Executor<P> {
  /** Trials at a time. */
  readonly workers: number;
  /** Makes ready; called once before all else. */
  open?(): void | Promise<void>;
  /** Runs one trial, while others wait in `report` more than `workers`; gives what its objective returned: undefined if that was nothing, or `report` ended it. */
  run(params: P, context: TrialContext, report: Report): Promise<Values | undefined>;
  /** Frees what it holds; called once when a search that could open it ends, however it ends. */
  close?(): void | Promise<void>;
}

/** Runs an objective to its end, or until `report` or the signal ends it: then through `return()`, so its `finally` blocks run. */
export async function runObjective<P>(
  objective: SearchObjective<P>,
  params: P,
  context: TrialContext,
  report: Report,
): Promise<Values | undefined> {
  const result = objective(params, context);
  if (typeof (result as AsyncGenerator | undefined)?.next !== "function") return (await result) as Values;
  const steps = result as AsyncGenerator<Values, Values | undefined>;
  try {
    for (;;) {
      const { done, value } = await steps.next();
      if (done) return value;
      if ((await report(value)) || context.signal.aborted) return undefined;
    }
  } finally {
    await steps.return(undefined);
  }
}
