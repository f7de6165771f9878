/** A thread of this host that runs `code`, a module. */
export interface Spawned {
  postMessage(message: unknown): void;
  terminate(): unknown;
  /** From here on it keeps no process alive. */
  unref(): void;
}

const builtin = () => globalThis.process?.getBuiltinModule?.("worker_threads");

/** Whether this host starts threads. */
export function hasThreads(): boolean {
  return builtin() !== undefined || typeof Worker !== "undefined";
}

/**
 * Starts a thread: a Web Worker, in Node, Deno and Bun one of its own kind. `ended` is called when it ends by itself, more
 * than once perhaps. For hosts that have threads.
 */
export function spawn<M>(code: string, told: (message: M) => void, ended: (why: string) => void): Spawned {
  const node = builtin();
  if (node) {
    const worker = new node.Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    worker.on("message", told);
    worker.on("error", (error) => ended(String(error)));
    worker.on("exit", (status) => ended(`exit code ${status}`));
    return worker;
  }
  const source = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(source, { type: "module" });
  worker.onmessage = ({ data }) => told(data);
  worker.onerror = (event) => {
    event.preventDefault();
    worker.terminate(); // it would live on, in what state nobody knows
    ended(event.message);
  };
  return {
    postMessage: (message) => worker.postMessage(message),
    terminate() {
      worker.terminate();
      URL.revokeObjectURL(source);
    },
    unref() {},
  };
}

/** Where the code of a thread finds who spawned it. */
export const port = `globalThis.process?.getBuiltinModule?.("worker_threads")?.parentPort ?? globalThis`;

/** A thread that runs trials of a search has this on its global object. */
export const trialsMark = "spokeshave.trials";

/** How many threads are worth having: what the host runs at once; one where the threads of a search take the processors already. */
export function processors(): number {
  const { navigator, process } = globalThis;
  if (trialsMark in globalThis) return 1;
  return navigator?.hardwareConcurrency ?? process?.getBuiltinModule?.("os").availableParallelism() ?? 1;
}
