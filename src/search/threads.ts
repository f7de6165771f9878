import { checkCount, checkOptions, said } from "../check.js";
import { ArgumentError, SpokeshaveError } from "../errors.js";
import type { Executor } from "./objective.js";
import type { Thread } from "./thread.js";

export interface ThreadsOptions {
  /** Threads, each with a copy of the module. The study does not depend on how many. Default: one per processor. */
  workers?: number;
}

/** How often a trial is tried again whose thread ended under it. */
const retries = 2;

/** How long a thread may take to end its trial once the search is aborted, before it is ended itself. */
const graceMs = 2000;

/**
 * Runs trials in threads: `search(threads(url), …)`. The default export of the module is the objective, and what it uses it imports.
 *
 * Parameters, results and what is thrown are copied to and fro, the stopper is asked here. A thread that ends under a trial is
 * replaced and the trial begins anew, twice at most; what it had told is not told again. None outlives the search; an abort is
 * passed on, and after two seconds threads that go on are ended. Web Workers in browsers, where a policy must allow `blob:`.
 *
 * @throws {ArgumentError} by search(), if the module cannot be loaded or exports no function.
 * @example
 * const url = new URL("data:text/javascript,export default ({ x }) => x * x");
 * const study = await search(threads(url, { workers: 2 }), {
 *   space: (draw) => ({ x: draw.float("x", -1, 1) }),
 *   trials: 8,
 * });
 */
export function threads(module: URL | string, options: ThreadsOptions = {}): Executor<never> {
  checkOptions("threads", options);
  if (!URL.canParse(module))
    throw new ArgumentError(
      `threads: the module is ${said(module)}; it must be a URL, such as new URL("./objective.mjs", import.meta.url)`,
    );
  const url = String(module);
  let { workers } = options;
  if (workers !== undefined) checkCount("threads", "workers", workers, 1);
  /** What threads are made of, loaded when there are to be some. */
  let parts: typeof import("./thread.js");
  let pool: Thread[] = [];
  /** The signal of the search that these run for. */
  let heard: AbortSignal | undefined;
  let grace: ReturnType<typeof setTimeout> | undefined;
  const end = () => Promise.all(pool.map((thread) => thread.end()));
  const onAbort = () => {
    for (const thread of pool) thread.abort();
    grace = setTimeout(end, graceMs);
  };

  /** The thread with least to do, after those that ended are replaced. */
  function idlest(): Thread {
    pool = pool.map((thread) => (thread.ended === undefined ? thread : new parts.Thread(url, failure)));
    return pool.reduce((a, b) => ((b.asking - a.asking || b.trials.size - a.trials.size) < 0 ? b : a));
  }

  const executor: Executor<never> = {
    get workers() {
      return workers ?? 1;
    },
    async open() {
      parts = await import("./thread.js");
      workers ??= parts.processors();
      if (pool.length > 0) throw new ArgumentError("threads: these run for another search; call threads() for each");
      pool = Array.from({ length: workers }, () => new parts.Thread(url, failure));
      try {
        await Promise.all(pool.map(({ ready }) => ready));
      } catch (error) {
        await executor.close?.();
        throw error;
      }
    },
    async run(params, { number: trial, seed, signal }, report) {
      const start = { params, context: { number: trial, seed } };
      let told = 0;
      let over = false;
      if (heard !== signal) signal.addEventListener("abort", onAbort, { once: true });
      heard = signal;
      for (let crashes = 0; ; ) {
        const thread = idlest();
        thread.trials.add(trial);
        try {
          let answer = await thread.ask({ trial, start });
          for (let step = 1; !answer.done; step++) {
            over = step > told && (await report(answer.value!));
            told = Math.max(told, step);
            if (over || signal.aborted) {
              await thread.ask({ trial, end: true });
              return undefined;
            }
            answer = await thread.ask({ trial });
          }
          return answer.value;
        } catch (fault) {
          if (!(fault instanceof parts.Crash)) throw fault;
          if (over || signal.aborted) return undefined;
          if (fault.trial === trial && ++crashes > retries)
            throw new SpokeshaveError(`its thread ended ${crashes} times under it, the last time with ${fault.why}`);
        } finally {
          thread.trials.delete(trial);
        }
      }
    },
    async close() {
      clearTimeout(grace);
      await end();
      pool = [];
    },
  };
  return executor;
}

/** Errors are made here: what is loaded later shares no file with what does not need it. */
function failure(why: string): ArgumentError {
  return new ArgumentError(`threads: ${why}`);
}
