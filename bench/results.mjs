// RESULTS.md, from the rows of a run.
import { cpus } from "node:os";
import { costOf, goals, judge } from "./goals.mjs";
import { figure } from "./table.mjs";

const named = { simd: "plain SIMD", relaxed: "relaxed SIMD" };
const decimals = (value) => value.toFixed(value < 10 ? 2 : 1);

/** The page; `heads` say which hosts ran. */
export function resultsOf(heads, rows, date = new Date()) {
  const binaries = heads.map(({ binary }) => binary);
  const hosts = heads.map(({ host, binary }) => `${named[binary]} on Node ${host.slice(1)}`).join(", ");
  const peers = Object.entries(heads[0].versions).map(([name, version]) => `${name} ${version}`);
  const absent = heads.flatMap(({ binary, absent: missing }) =>
    Object.entries(missing).map(([name, why]) => `${name} did not run on ${named[binary]}: ${why}.`),
  );
  return `${[
    "# Beside the peers",
    `${cpus()[0].model}, ${process.platform} ${process.arch}, one thread, ${date.toISOString().slice(0, 10)}; ${hosts}; beside ${peers.join(", ")}. Written by \`npm run bench -- --write\`.`,
    "Same process, same data, results compared; rounds taken in turn; medians, and the least and most, which show what else ran on the machine: runs that take long suffer from it most. *Ratio*: how many times as fast as the best peer. *Peak*: the machine's own limit of 128-bit multiply-adds, measured in the same rounds by a kernel that touches nothing but registers. onnxruntime-web has its weights packed once, as constants of its model; its API copies inputs in and outputs out, which counts. jax-js's functions are jitted; its training step is SGD, which is less work than the Adam of the others: its npm packages have no Adam.",
    ...absent,
    "## Goals",
    "The least that the rows of each reach.",
    goalTable(rows, binaries),
    "## How cost grows",
    ...binaries.flatMap((binary) => growth(rows, binary)),
    ...binaries.flatMap((binary) => [
      `## ${named[binary][0].toUpperCase()}${named[binary].slice(1)}`,
      table(rows, binary),
    ]),
  ].join("\n\n")}\n`;
}

function goalTable(rows, binaries) {
  const cells = (goal, binary) => {
    const verdict = judge(goal, rows, binary);
    if (verdict === undefined) return ["", ""];
    const { wanted, found, share, holds } = verdict;
    const atPeak = share ? `, ${Math.round(share * 100)} % of peak` : "";
    const wantedPeak = share ? `, ${goal.share * 100} %` : "";
    return [`${wanted}${wantedPeak}`, `${holds ? "" : "**short** "}${decimals(found)}${atPeak}`];
  };
  const lines = goals.map((goal) => {
    const beside = goal.peer === undefined ? "" : `, beside ${goal.peer}`;
    return `| ${goal.goal}${beside} | ${binaries.flatMap((binary) => cells(goal, binary)).join(" | ")} |`;
  });
  const columns = binaries.map((binary) => `${named[binary]}: wanted | found |`);
  return [`| | ${columns.join(" ")}`, `|---|${"---|---|".repeat(columns.length)}`, ...lines].join("\n");
}

/** Time per flop by size, and per example by the number of examples: lines as long as each other are good. */
function growth(rows, binary) {
  const own = rows.filter((row) => row.binary === binary);
  const cubes = own.filter(({ work, shape: [m, k, n] }) => work === "matmul" && m === k && k === n && m >= 128);
  const epochs = own.filter(({ work }) => work === "train()");
  return [
    ["Matmul", "picoseconds per flop", cubes, 1000, "³"],
    ["An epoch of training", "microseconds per example", epochs, 1000, " examples"],
  ].flatMap(([what, unit, found, scale, suffix]) =>
    found.length === 0
      ? []
      : [
          `${what} on ${named[binary]}, ${unit}:`,
          chart(found.map((row) => [`${row.shape[0]}${suffix}`, scale * costOf(row)])),
        ],
  );
}

function chart(points) {
  const most = Math.max(...points.map(([, value]) => value));
  const width = Math.max(...points.map(([name]) => name.length));
  const bars = points.map(
    ([name, value]) => `${name.padStart(width)} ${"█".repeat(Math.round((48 * value) / most))} ${figure(value)}`,
  );
  return ["```", ...bars, "```"].join("\n");
}

function table(rows, binary) {
  const lines = rows
    .filter((row) => row.binary === binary)
    .map(({ work, shape, unit, ours, peers, spread, ratio, share }) => {
      const others = Object.entries(peers).map(([name, value]) => `${name} ${ranged(value, spread[name])}`);
      const [times, peak] = [ratio === null ? "" : decimals(ratio), share ? `${Math.round(share * 100)} %` : ""];
      return `| ${work} ${shape.join("×")} | ${ranged(ours, spread.ours)} ${unit} | ${others.join(", ")} | ${times} | ${peak} |`;
    });
  return ["| work | ours | peers | ratio | of peak |", "|---|---|---|---|---|", ...lines].join("\n");
}

const ranged = (value, [least, most]) => `${figure(value)} (${figure(least)}–${figure(most)})`;
