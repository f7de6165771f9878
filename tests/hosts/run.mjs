// Runs the package in every host that is here, says what each of them did, and names those that were not here.
// `npm run hosts -- node firefox` runs those alone; with --write the README's table says what was measured.
import { rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { bundlers } from "./bundlers.mjs";
import { edges } from "./edge.mjs";
import { examples } from "./examples.mjs";
import { pages } from "./pages.mjs";
import { processes } from "./processes.mjs";
import { makeProject } from "./project.mjs";
import { contradictions, write } from "./table.mjs";
import { tarball } from "./tarball.mjs";

const args = process.argv.slice(2);
const wanted = args.filter((arg) => !arg.startsWith("--")).map((arg) => arg.toLowerCase());
const all = [tarball, examples, ...processes, ...edges, ...pages, ...bundlers];
const hosts = all.filter(({ name }) => wanted.length === 0 || wanted.some((arg) => name.toLowerCase().startsWith(arg)));

let passed = 0;
let failed = 0;
const skipped = [];
/** By host, what the table tells of it. */
const measured = new Map();
/** The hashes that came first, here and everywhere. */
let hashes;

/** Counts a check and gives a line about it. */
async function check(what, work) {
  const start = performance.now();
  try {
    const note = await work();
    passed++;
    return `  ✓ ${what}${note ? `: ${note}` : ""}, ${((performance.now() - start) / 1000).toFixed(1)} s`;
  } catch (error) {
    failed++;
    return `  ✗ ${what}: ${error.message.replaceAll("\n", "\n    ")}`;
  }
}

/** Asks one host for everything. */
async function examine(host, project) {
  const absent = await host.absence;
  if (absent !== undefined) {
    skipped.push(`${host.name}: ${absent}`);
    return;
  }
  const lines = [];
  let opened;
  lines.push(
    await check("starts", async () => {
      opened = await host.open(project);
    }),
  );
  try {
    if (opened?.run !== undefined) lines.push(...(await runAll(host, opened)));
    for (const [what, work] of opened?.more ?? []) lines.push(await check(what, work));
  } finally {
    await opened?.close();
  }
  console.log([`${host.name}, ${opened?.version}`, ...lines].join("\n"));
}

/** What runs in every host: the first hour, all hashes, the README. */
async function runAll({ name, threads: each, examples = ["quadrants", "digits"] }, { version, run }) {
  const of = { version, binary: undefined, threads: 0, same: true };
  measured.set(name, of);
  const lines = [
    await check("import and init()", async () => `${(await run("startup", {})).value.toFixed(0)} ms`),
    await check("an op, training, pruning, quantizing, bytes and back", async () => {
      const { binary, heapBytes } = (await run("visit", {})).value;
      of.binary = binary;
      return `${binary}, ${(heapBytes / 2 ** 20).toFixed(1)} MB of wasm memory`;
    }),
  ];
  for (const threads of each) {
    let refused = false;
    const line = await check(`the same bits, threads: ${threads}`, async () => {
      try {
        return `${compare((await run("bits", { threads })).value)} hashes`;
      } catch (error) {
        const [, why] = /DeviceError: (threads: .*; take one, or "auto")/.exec(error.message) ?? [];
        if (threads === 1 || why === undefined) throw error;
        refused = true;
        return `refused, ${why}`;
      }
    });
    lines.push(line);
    of.same &&= line.startsWith("  ✓");
    if (refused) break;
    of.threads = threads;
  }
  for (const example of examples)
    lines.push(await check(`the README's ${example}`, async () => accuracyIn((await run(example, {})).said)));
  return lines;
}

function compare(own) {
  hashes ??= own;
  const names = new Set([...Object.keys(hashes), ...Object.keys(own)]);
  const other = [...names].filter((name) => own[name] !== hashes[name]);
  if (other.length > 0) throw new Error(`${other.length} of ${names.size} hashes differ: ${other.join("; ")}`);
  return names.size;
}

function accuracyIn(said) {
  const found = [...said.matchAll(/"?accuracy"?: ?([\d.]+)/g)].at(-1)?.[1];
  if (!(Number(found) > 0.9)) throw new Error(`its accuracy is ${found}; it said\n${said}`);
  return `accuracy ${Number(found).toFixed(3)}`;
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
const project = makeProject();
process.once("exit", () => rmSync(project, { recursive: true, force: true }));
// Browsers are installed while other hosts run.
const queue = hosts.map((host) => ({ ...host, absence: host.absent() }));
const lane = async () => {
  for (let host = queue.shift(); host !== undefined; host = queue.shift()) await examine(host, project);
};
await Promise.all(Array.from({ length: availableParallelism() > 1 ? 2 : 1 }, lane));
const names = all.map(({ name }) => name);
if (args.includes("--write")) write(measured, names);
console.log(
  await check("the README's table of hosts says what was measured", () => {
    const found = contradictions(measured);
    if (found.length > 0) throw new Error(`${found.join("\n")}\nnpm run hosts -- --write`);
  }),
);
for (const each of skipped) console.log(`skipped: ${each}`);
writeFileSync(join(import.meta.dirname, "..", "..", "build", "hosts.json"), JSON.stringify({ passed, failed }));
console.log(`${measured.size} hosts: ${passed} passed, ${failed} failed, ${skipped.length} skipped`);
process.exit(failed === 0 ? 0 : 1);
