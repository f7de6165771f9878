// One work, raced: a row of results.
import { compare, race } from "./race.mjs";

const rate = (amount, seconds) => amount / seconds / 1e9;

/** What a turn of so many seconds is worth; and whether more is better. */
const units = {
  "GFLOP/s": [rate, true],
  "GOP/s": [rate, true],
  "Gelements/s": [rate, true],
  ms: [(_, seconds) => seconds * 1e3, false],
  µs: [(_, seconds) => seconds * 1e6, false],
};

/**
 * `{ work, shape, host, binary, ours, peers: { name: value }, best, ratio, unit }`, all medians, `ratio` how many times as fast as the best
 * peer; `spread`, the least and most of each; and where the machine's peak was raced along, `peak`, and ours as a `share` of it.
 */
export async function rowOf({ work, shape, unit, amount, start }, peers, binary, raceMs) {
  const { contenders: all, within } = await start(peers, binary);
  const contenders = all.filter((one) => one !== undefined);
  await compare(contenders, within);
  const turns = await race(contenders, raceMs);
  for (const { dispose } of contenders) await dispose?.();
  const [value, more] = units[unit];
  const figures = contenders.map(({ name, amount: own = amount }, i) => {
    const seconds = turns[i];
    const ends = [value(own, seconds[0]), value(own, seconds.at(-1))].sort((a, b) => a - b);
    return { name, median: value(own, seconds[seconds.length >> 1]), ends };
  });
  const [mine, ...others] = figures.filter(({ name }) => name !== "peak");
  const peak = figures.find(({ name }) => name === "peak")?.median;
  const values = others.map(({ median }) => median);
  const best = values.length === 0 ? null : more ? Math.max(...values) : Math.min(...values);
  return {
    work,
    shape,
    host: process.version,
    binary,
    ours: mine.median,
    peers: Object.fromEntries(others.map(({ name, median }) => [name, median])),
    best,
    ratio: best === null ? null : more ? mine.median / best : best / mine.median,
    unit,
    spread: Object.fromEntries(figures.map(({ name, ends }) => [name, ends])),
    ...(peak === undefined ? {} : { peak, share: mine.median / peak }),
  };
}
