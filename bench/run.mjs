// npm run bench [filter] [--json]: the same work, the same data, one process, rounds taken in turn; medians.
import { cpus } from "node:os";
import { integers } from "./integers.mjs";
import { matmul } from "./matmul.mjs";
import { ours, tfjs } from "./peers.mjs";
import { sparse } from "./sparse.mjs";

const args = process.argv.slice(2);
const json = args.includes("--json");
const filter = args.find((arg) => !arg.startsWith("--")) ?? "";
const own = await ours();
let contenders;
/** The peers are loaded when first raced. */
const all = async () => (contenders ??= [own, await tfjs()]);
if (!json) console.log(`${cpus()[0].model}, Node ${process.version}, one thread; GFLOP/s, median (min–max)\n`);

for (const work of [...matmul(all), ...sparse(own), ...integers(own)]) {
  if (!work.name.includes(filter)) continue;
  const rows = await race(work);
  const [mine, ...peers] = rows;
  const best = Math.max(...peers.map((row) => row.median));
  const ratio = mine.median / best;
  if (json) {
    const values = Object.fromEntries(peers.map((row) => [row.name, row.median]));
    console.log(
      JSON.stringify({
        work: work.name,
        shape: work.shape,
        host: process.version,
        ours: mine.median,
        peers: values,
        best,
        ratio,
        unit: "GFLOP/s",
      }),
    );
  } else {
    const shown = rows.map(
      (row) => `${row.name} ${row.median.toFixed(1)} (${row.min.toFixed(1)}–${row.max.toFixed(1)})`,
    );
    console.log(`${work.name.padEnd(22)} ${shown.join("   ")}   ratio ${ratio.toFixed(2)}`);
  }
}

/** Interleaved rounds: what slows the machine slows all. */
async function race({ flops, start }) {
  const runs = await start();
  const [truth, ...others] = await Promise.all(runs.map(({ run }) => run.result()));
  for (const other of others)
    for (const [i, value] of truth.entries())
      if (Math.abs(value - other[i]) > 1e-3 * (1 + Math.abs(value)))
        throw new Error(`results differ at ${i}: ${value}, ${other[i]}`);
  const repeats = Math.max(1, Math.round(1.5e8 / flops));
  const speeds = runs.map(() => []);
  for (let round = 0; round < 25; round++)
    for (const [i, { run }] of runs.entries()) {
      const before = performance.now();
      for (let r = 0; r < repeats; r++) run.run();
      const seconds = (performance.now() - before) / 1000 / repeats;
      if (round >= 4) speeds[i].push(flops / seconds / 1e9);
    }
  return runs.map(({ name, run }, i) => {
    run.dispose();
    const sorted = speeds[i].sort((a, b) => a - b);
    return { name, median: sorted[sorted.length >> 1], min: sorted[0], max: sorted[sorted.length - 1] };
  });
}
