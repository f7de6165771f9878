import { ArgumentError } from "../errors.js";
import type { Direction, TrialRecord } from "./trial.js";

/** What a study must have in common with the one it goes on from. Plain data. */
export interface StudyHeader {
  readonly version: 1;
  readonly seed: number;
  readonly batch: number;
  readonly directions: readonly Direction[];
  readonly sampler: string;
  /** "none" without one. */
  readonly stopper: string;
}

/** Keeps the trials of one study. */
export interface Storage {
  /** Makes ready and gives the trials kept so far, in any order. @throws {ArgumentError} see `checkHeader` */
  open(header: StudyHeader): readonly TrialRecord[] | Promise<readonly TrialRecord[]>;
  /** Keeps one more; once it returns, the trial is not lost. */
  append(trial: TrialRecord): void | Promise<void>;
  /** Called once when a search that could open it ends, however it ends. */
  close?(): void | Promise<void>;
}

/** Guards that a study goes on as it began. @throws {ArgumentError} */
export function checkHeader(who: string, kept: StudyHeader, now: StudyHeader): void {
  for (const key of Object.keys(now) as (keyof StudyHeader)[]) {
    const [was, is] = [kept[key], now[key]].map((value) => JSON.stringify(value));
    if (was !== is)
      throw new ArgumentError(
        `search: ${who} holds a study with ${key} ${was}, this search has ${is}; go on with the same, or store it elsewhere`,
      );
  }
}

/**
 * Keeps a study for as long as the program runs: a later search with it goes on where the earlier one ended.
 *
 * @example
 * const storage = memoryStorage();
 * const space = (draw: Draw) => draw.float("x", -1, 1);
 * await search((x) => x * x, { space, trials: 8, storage });
 * const study = await search((x) => x * x, { space, trials: 16, storage }); // eight more
 */
export function memoryStorage(): Storage {
  let kept: StudyHeader | undefined;
  const trials: TrialRecord[] = [];
  return {
    open(header) {
      checkHeader("memoryStorage", (kept ??= header), header);
      return [...trials];
    },
    append(trial) {
      trials.push(trial);
    },
  };
}
