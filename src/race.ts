/** Milliseconds that a sample takes at least, so that the clock's grain does not show. */
const leastMs = 1;
/** Calls of a sample at most: on hosts whose clock stands still while code runs, every time is 0. */
const mostCalls = 256;
const rounds = 9;

/**
 * Milliseconds of one call of each contender: medians of rounds taken in turn, so that what slows the machine slows all of them.
 * 0 on hosts whose clock stands still while code runs (Cloudflare Workers).
 */
export function race(contenders: readonly (() => void)[]): number[] {
  const calls = contenders.map(warm);
  const samples = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, run] of contenders.entries()) samples[i]!.push(msOf(run, calls[i]!) / calls[i]!);
  return samples.map((times) => times.sort((a, b) => a - b)[rounds >> 1]!);
}

/** Runs until the engine has compiled the code well; returns how many calls make a sample. */
function warm(run: () => void): number {
  for (let calls = 1; ; calls *= 2) {
    const ms = msOf(run, calls);
    if ((calls >= 4 && ms >= leastMs) || calls === mostCalls) return Math.min(calls, Math.ceil((calls * leastMs) / ms));
  }
}

function msOf(run: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  return performance.now() - start;
}
