// One host: takes the works whose name holds the filter, in this process, and prints a row of JSON for each.
import { jaxjs } from "./peers/jax.mjs";
import { ortWeb } from "./peers/ort.mjs";
import { ours } from "./peers/ours.mjs";
import { tfjs } from "./peers/tfjs.mjs";
import { compare, race } from "./race.mjs";
import { works } from "./works.mjs";

const [binary, filter] = process.argv.slice(2);
const chosen = works.filter(({ work, shape }) => `${work} ${shape.join("×")}`.includes(filter));

/** What a turn of so many seconds is worth; and whether more is better. */
const units = {
  "GFLOP/s": [(amount, seconds) => amount / seconds / 1e9, true],
  "GOP/s": [(amount, seconds) => amount / seconds / 1e9, true],
  "Gelements/s": [(amount, seconds) => amount / seconds / 1e9, true],
  ms: [(_, seconds) => seconds * 1e3, false],
  µs: [(_, seconds) => seconds * 1e6, false],
};

// onnxruntime-web makes Node's workers a global, which jax-js would take for a browser's. All have one thread here.
Object.defineProperty(globalThis, "Worker", { get: () => undefined, set() {} });
const peers = [await ours(binary)];
const absent = {};
for (const load of [tfjs, ortWeb, jaxjs])
  try {
    peers.push(await load());
  } catch (error) {
    absent[load.name] = error.message;
  }
const versions = Object.fromEntries(peers.slice(1).map(({ name, version }) => [name, version]));
console.log(JSON.stringify({ host: process.version, binary, versions, absent }));
for (const work of chosen) console.log(JSON.stringify(await rowOf(work)));

async function rowOf({ work, shape, unit, amount, start }) {
  const { contenders: all, within } = await start(peers, binary);
  const contenders = all.filter((one) => one !== undefined);
  await compare(contenders, within);
  const turns = await race(contenders);
  for (const { dispose } of contenders) await dispose?.();
  const [value, more] = units[unit];
  const figures = contenders.map(({ name, amount: own = amount }, i) => {
    const ends = [value(own, turns[i][0]), value(own, turns[i].at(-1))];
    return { name, median: value(own, turns[i][turns[i].length >> 1]), min: Math.min(...ends), max: Math.max(...ends) };
  });
  const [mine, ...others] = figures.filter(({ name }) => name !== "peak");
  const limit = figures.find(({ name }) => name === "peak");
  const values = others.map(({ median }) => median);
  const best = values.length === 0 ? null : more ? Math.max(...values) : Math.min(...values);
  return {
    ...{ work, shape, host: process.version, binary, ours: mine.median },
    peers: Object.fromEntries(others.map(({ name, median }) => [name, median])),
    best,
    ratio: best === null ? null : more ? mine.median / best : best / mine.median,
    unit,
    spread: Object.fromEntries(figures.map(({ name, min, max }) => [name, [min, max]])),
    ...(limit === undefined ? {} : { peak: limit.median, share: mine.median / limit.median }),
  };
}
