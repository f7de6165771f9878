/** Milliseconds that a sample takes at least, so that the clock's grain does not show. */
const leastMs = 1;
/** Calls of a sample at most: on hosts whose clock stands still while code runs, every time is 0. */
const mostCalls = 256;
/** The race is over when nobody has become faster, by a twentieth, in so many rounds: engines compile code anew while it runs. */
const steady = 10;
const mostRounds = 120;

/**
 * Milliseconds of one call of each contender, its fastest: what else a machine does only adds to a time. Samples are taken in turn,
 * so that all meet the same machine. 0 on hosts whose clock stands still while code runs (Cloudflare Workers).
 */
export function race(contenders: readonly (() => void)[]): number[] {
  const calls = contenders.map(() => 1);
  const best = contenders.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0, quiet = 0; round < mostRounds && quiet < steady; round++, quiet++)
    for (const [i, run] of contenders.entries()) {
      const ms = msOf(run, calls[i]!);
      if (ms < leastMs && calls[i]! < mostCalls) {
        calls[i]! *= 2;
        quiet = 0;
        continue;
      }
      const each = ms / calls[i]!;
      if (each < best[i]! * 0.95) quiet = 0;
      best[i] = Math.min(best[i]!, each);
    }
  return best;
}

function msOf(run: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  return performance.now() - start;
}
