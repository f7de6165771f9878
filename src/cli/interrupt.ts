import { exitCodes } from "./failure.js";

/**
 * Runs work that the first Ctrl-C asks to stop; the second ends the process as if nobody listened, since then nobody does. Work that was
 * asked to stop ends with the exit code of an interruption, whatever it saved.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const asked = (): void => {
    stop.abort();
    process.exitCode = exitCodes.interrupted;
    console.error("\nstopping after this step; Ctrl-C again to stop at once");
  };
  process.once("SIGINT", asked);
  try {
    return await work(stop.signal);
  } finally {
    process.off("SIGINT", asked);
  }
}
