import { checkCount, checkNumber, checkOptions, said } from "../check.js";
import { ArgumentError, SpokeshaveError } from "../errors.js";
import { Batch } from "./batch.js";
import { type Executor, runObjective, type SearchObjective } from "./objective.js";
import { Random } from "./random.js";
import { type Drawn, runTrial } from "./run.js";
import type { Past, Sampler } from "./sampler.js";
import { tpe } from "./samplers/tpe.js";
import { type Distribution, drawFrom, type Space } from "./space.js";
import type { Stopper } from "./stopper.js";
import type { Storage, StudyHeader } from "./storage.js";
import { Study } from "./study.js";
import { type Direction, type Trial, type TrialRecord, turned } from "./trial.js";

export interface SearchOptions<P> {
  /** Draws the parameters of a trial. */
  space: Space<P>;
  /** Proposes them. Default `tpe()`. */
  sampler?: Sampler;
  /** Ends hopeless trials early, by what their objective yields. Default: none. */
  stopper?: Stopper;
  /** Trials in all, those of the storage included; failed and stopped ones count. Default 100. */
  trials?: number;
  /** Default 0. */
  seed?: number;
  /** A list where there are several objectives, one each. Default "minimize". */
  direction?: Direction | readonly Direction[];
  /** Trials that are drawn at once, knowing only the batches before: as many can run side by side. Default 4. */
  batch?: number;
  /** Keeps each trial once it is done; a search goes on where the last one with it ended. Default: none, the study is all there is. */
  storage?: Storage;
  /** Ends the search. Trials that run are told by their signal, waited for and not counted. */
  signal?: AbortSignal;
  /** Ends the search after this many milliseconds, in the same way. */
  maxMs?: number;
  /** Called after each trial. */
  onTrial?: (trial: Trial<P>) => void | Promise<void>;
}

const defaultBatch = 4;

/** How long the event loop may wait for us. */
const sliceMs = 50;

/**
 * Searches the parameters for which an objective is least, or greatest, or several are traded off.
 *
 * Trials come in batches: each is drawn from the finished batches before it, so the same seed gives the same study however many
 * workers there are. A trial whose objective throws, or gives what is no finite number, is kept as failed.
 *
 * @param objective a function of the parameters, or an executor that runs one elsewhere.
 * @throws {ArgumentError} if an option is outside its range, or the space draws from none.
 * @throws {SpokeshaveError} if all trials of the first batch fail: with the error of the first as its cause.
 * @example
 * const study = await search(({ x, y }) => (x - 2) * (x - 2) + y, {
 *   space: (draw) => ({ x: draw.float("x", -5, 5), y: draw.int("y", 0, 3) }),
 *   trials: 40,
 *   seed: 1,
 * });
 * console.log(study.best.params, study.best.values[0]);
 */
export async function search<P>(
  objective: SearchObjective<P> | Executor<P>,
  options: SearchOptions<P>,
): Promise<Study<P>> {
  check(objective, options);
  const executor: Executor<P> =
    typeof objective === "function"
      ? { workers: 1, run: (params, context, report) => runObjective(objective, params, context, report) }
      : objective;
  await executor.open?.();
  try {
    return await new Search(executor, options).finish();
  } finally {
    await executor.close?.();
  }
}

function check<P>(objective: SearchObjective<P> | Executor<P>, options: SearchOptions<P>): void {
  checkOptions("search", options);
  const { space, sampler, stopper, storage, trials, seed = 0, batch = 1, maxMs = 0, signal, onTrial } = options;
  const needs = (what: string, value: unknown, method: unknown, fix: string) => {
    if (typeof method !== "function") throw new ArgumentError(`search: ${what} is ${said(value)}; ${fix}`);
  };
  if (typeof objective !== "function")
    needs(
      "the objective",
      objective,
      (objective as Executor<P> | undefined)?.run,
      "it must be a function of the parameters, or an executor",
    );
  needs("space", space, space, 'it must be a function that draws: (draw) => ({ lr: draw.float("lr", 0, 1) })');
  if (sampler !== undefined) needs("sampler", sampler, sampler?.draw, "it must be one, such as tpe()");
  if (stopper !== undefined) needs("stopper", stopper, stopper?.stop, "it must be one, such as asha()");
  for (const [what, value] of Object.entries({ sampler, stopper }))
    if (value !== undefined && typeof value.name !== "string")
      throw new ArgumentError(`search: the name of the ${what} is ${said(value.name)}; it must be a text`);
  if (storage !== undefined) needs("storage", storage, storage?.append, "it must be one, such as memoryStorage()");
  if (signal !== undefined) needs("signal", signal, signal?.addEventListener, "it must be an AbortSignal");
  if (onTrial !== undefined) needs("onTrial", onTrial, onTrial, "it must be a function");
  if (trials !== Number.POSITIVE_INFINITY) checkCount("search", "trials", trials ?? 1, 0);
  checkCount("search", "seed", seed, 0);
  checkCount("search", "batch", batch, 1);
  checkNumber("search", "maxMs", maxMs, 0, Number.POSITIVE_INFINITY);
  const directions = [options.direction ?? "minimize"].flat();
  const odd = directions.find((one) => one !== "minimize" && one !== "maximize");
  if (directions.length === 0 || odd !== undefined)
    throw new ArgumentError(
      `search: direction is ${said(odd ?? directions)}; it can be "minimize", "maximize", or a list of them`,
    );
}

/** A trial of a batch, and how it ended where the storage knows. */
interface Entry<P> {
  readonly trial: Drawn<P>;
  readonly known: TrialRecord | undefined;
}

/** One search as it runs. */
class Search<P> {
  private readonly sampler: Sampler;
  private readonly seed: number;
  private readonly directions: readonly Direction[];
  /** Trials of earlier batches, turned so that less is better. */
  private readonly history: TrialRecord[] = [];
  private readonly names = new Map<string, Distribution>();
  private readonly halt = new AbortController();
  private readonly began = performance.now();
  private breath = this.began;
  /** What the first failed trial threw. */
  private cause: unknown;

  constructor(
    private readonly executor: Executor<P>,
    private readonly options: SearchOptions<P>,
  ) {
    this.sampler = options.sampler ?? tpe();
    this.seed = options.seed ?? 0;
    this.directions = [options.direction ?? "minimize"].flat();
  }

  async finish(): Promise<Study<P>> {
    const { signal, storage, maxMs = Number.POSITIVE_INFINITY } = this.options;
    const kept = (await storage?.open(this.header)) ?? [];
    const onAbort = () => this.halt.abort("signal");
    const timer = maxMs < 2 ** 31 ? setTimeout(() => this.halt.abort("maxMs"), maxMs) : undefined;
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort);
    try {
      return await this.batches(new Map(kept.map((trial) => [trial.number, trial])));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      await storage?.close?.();
    }
  }

  private get header(): StudyHeader {
    const { sampler, seed, directions } = this;
    const { stopper, batch = defaultBatch } = this.options;
    return { version: 1, seed, batch, directions, sampler: sampler.name, stopper: stopper?.name ?? "none" };
  }

  private async batches(kept: ReadonlyMap<number, TrialRecord>): Promise<Study<P>> {
    const { trials: total = 100, batch = defaultBatch } = this.options;
    const { directions } = this;
    const trials: Trial<P>[] = [];
    for (let first = 0; first < total; first += batch) {
      const end = Math.min(first + batch, total);
      const drawn = this.draw(first, end, kept);
      const finished = await this.runAll(drawn);
      trials.push(...finished);
      this.history.push(...finished.map((trial) => turned(trial, directions)));
      if (finished.length < drawn.length) return new Study(trials, directions, this.halt.signal.reason);
      if (drawn.length < end - first) return new Study(trials, directions, "sampler");
      if (first === 0 && finished.every(({ state }) => state === "failed"))
        throw new SpokeshaveError(
          `search: all of the first ${end} trials failed, the first with ${finished[0]?.error}; try the objective alone`,
          { cause: this.cause },
        );
    }
    return new Study(trials, directions, "trials");
  }

  /** Draws trials up to `end`, fewer if the sampler has no more. What the storage knows is drawn again as it was. */
  private draw(first: number, end: number, kept: ReadonlyMap<number, TrialRecord>): Entry<P>[] {
    const { sampler, seed, history, names } = this;
    const drawn: Entry<P>[] = [];
    for (let number = first; number < end; number++) {
      const known = kept.get(number);
      const past: Past = { number, history, mates: drawn.map(({ trial }) => trial.draws), names, seed };
      if (known === undefined && sampler.ended?.(past)) break;
      const random = new Random(seed, number);
      const trial = drawFrom(this.options.space, names, (name, distribution, draws) =>
        known === undefined ? sampler.draw({ ...past, name, distribution, draws, random }) : known.draws[name],
      );
      if (known !== undefined && Object.keys(known.draws).length !== Object.keys(trial.draws).length)
        throw new ArgumentError(
          `search: trial ${number} of the storage has drawn ${Object.keys(known.draws)}, this space draws ${Object.keys(trial.draws)}; go on with the space it began with`,
        );
      drawn.push({ trial: { number, ...trial }, known });
    }
    return drawn;
  }

  /** Runs what the storage does not know; leaves out trials that the end of the search breaks off. */
  private async runAll(drawn: readonly Entry<P>[]): Promise<Trial<P>[]> {
    const known = drawn.flatMap(({ known }) => (known === undefined ? [] : turned(known, this.directions)));
    const batch = new Batch(this.executor.workers, known);
    const run = (trial: Drawn<P>) =>
      this.run(trial, batch).catch((fault) => {
        this.halt.abort();
        throw fault;
      });
    const ends = await Promise.allSettled(drawn.map(({ trial, known }) => known ?? batch.run(() => run(trial))));
    const finished: Trial<P>[] = [];
    for (const [i, end] of ends.entries()) {
      if (end.status === "rejected") throw end.reason;
      if (end.value !== undefined) finished.push({ ...end.value, params: drawn[i]!.trial.params });
    }
    return finished;
  }

  /** Runs a trial and keeps what came of it; undefined if the search ended before it did. */
  private async run(trial: Drawn<P>, batch: Batch): Promise<TrialRecord | undefined> {
    const { executor, history, directions, seed, halt } = this;
    const { stopper, storage, onTrial } = this.options;
    if (this.halted()) return undefined;
    const { number, params } = trial;
    const own = Math.floor(new Random(seed, number, "trialSeeds").next() * 2 ** 53);
    const context = { number, seed: own, signal: halt.signal };
    const { record, cause } = await runTrial(executor, trial, context, { stopper, history, batch, directions });
    if (halt.signal.aborted) return undefined;
    this.cause ??= cause;
    await storage?.append(record);
    await onTrial?.({ ...record, params });
    if (performance.now() - this.breath > sliceMs) {
      await new Promise((resolve) => setTimeout(resolve));
      this.breath = performance.now();
    }
    return record;
  }

  /** Whether the search is to end; timers alone would not tell while the objective never waits. */
  private halted(): boolean {
    const { maxMs = Number.POSITIVE_INFINITY } = this.options;
    if (performance.now() - this.began >= maxMs) this.halt.abort("maxMs");
    return this.halt.signal.aborted;
  }
}
