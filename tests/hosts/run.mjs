// Runs the package in every host that is here, says what each of them did, and names those that were not here.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pages } from "./browsers.mjs";
import { processes } from "./processes.mjs";
import { makeProject } from "./project.mjs";

const filter = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const hosts = [...processes, ...pages].filter(
  ({ name }) => filter.length === 0 || filter.some((wanted) => name.toLowerCase().startsWith(wanted.toLowerCase())),
);
const project = makeProject();
let passed = 0;
let failed = 0;
const skipped = [];
let reference;

/** Everything that one host is asked for. */
async function examine(host) {
  const absent = await host.absent();
  if (absent !== undefined) {
    skipped.push(`${host.name}: ${absent}`);
    return;
  }
  const lines = [];
  const check = async (what, work) => {
    const start = performance.now();
    try {
      const note = await work();
      passed++;
      lines.push(`  ✓ ${what}${note ? `: ${note}` : ""}, ${((performance.now() - start) / 1000).toFixed(1)} s`);
    } catch (error) {
      failed++;
      lines.push(`  ✗ ${what}: ${error.message.replaceAll("\n", "\n    ")}`);
    }
  };
  let opened;
  await check("starts", async () => void (opened = await host.open(project)));
  if (opened !== undefined) {
    const { run } = opened;
    await check(
      "an op, training, pruning, quantizing, bytes and back",
      async () => (await run("visit", {})).value.binary,
    );
    for (const threads of [1, 2, 3, 4]) {
      let got;
      await check(`the same bits, ${threads} threads`, async () => {
        got = (await run("bits", { threads })).value;
        return `${compare(got.hashes)} hashes, ${got.threads} threads`;
      });
      if (got?.threads !== threads) break;
    }
    for (const [example, least] of [
      ["quadrants", 0.95],
      ["digits", 0.9],
    ])
      await check(`the README's ${example}`, async () => accuracyIn((await run(example, {})).said, least));
    await opened.close();
  }
  console.log([`${host.name} ${opened?.version ?? ""}${host.suffix ?? ""}`, ...lines].join("\n"));
}

/** All hosts against the first. */
function compare(hashes) {
  reference ??= hashes;
  const names = new Set([...Object.keys(reference), ...Object.keys(hashes)]);
  const other = [...names].filter((name) => hashes[name] !== reference[name]);
  if (other.length > 0) throw new Error(`${other.length} of ${names.size} hashes differ: ${other.join("; ")}`);
  return names.size;
}

function accuracyIn(said, least) {
  const found = [...said.matchAll(/"?accuracy"?: ?([\d.]+)/g)].at(-1);
  if (found === undefined || Number(found[1]) < least)
    throw new Error(`its accuracy is ${found?.[1]}; it said\n${said}`);
  return `accuracy ${Number(found[1]).toFixed(3)}`;
}

const queue = [...hosts];
const lanes = Array.from({ length: Math.min(2, availableParallelism()) }, async () => {
  for (let host = queue.shift(); host !== undefined; host = queue.shift()) await examine(host);
});
await Promise.all(lanes);
rmSync(project, { recursive: true, force: true });
for (const each of skipped) console.log(`skipped ${each}`);
const report = join(import.meta.dirname, "..", "..", "build", "hosts.json");
mkdirSync(join(report, ".."), { recursive: true });
writeFileSync(report, JSON.stringify({ passed, failed, skipped }));
console.log(`${hosts.length - skipped.length} hosts, ${skipped.length} skipped: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
