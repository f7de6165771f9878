// The table of hosts in the README, between its two marks: made of what was measured, and held against it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const readme = join(import.meta.dirname, "..", "..", "README.md");
const marks = /(<!-- hosts -->\n)([\s\S]*?)(<!-- \/hosts -->)/;
const head = "| host | version | loads | computes with | threads | same bits |\n|---|---|---|---|---|---|\n";

/** A row's cells by host, of the table as it stands. */
function rows() {
  const [, , table] = marks.exec(readFileSync(readme, "utf8")) ?? [];
  if (table === undefined) throw new Error("the README has no <!-- hosts --> … <!-- /hosts -->");
  const lines = table.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| host |"));
  const cells = lines.map((line) => line.slice(2, -2).split(" | "));
  return new Map(cells.map(([host, ...rest]) => [host, rest]));
}

function row({ version, binary, threads, same }) {
  const simd = { simd: "SIMD", relaxed: "relaxed SIMD" }[binary] ?? "–";
  return [
    version,
    binary === undefined ? "no" : "yes",
    simd,
    threads > 1 ? "yes" : "–",
    same && threads > 0 ? "yes" : "**no**",
  ];
}

/** What the table says otherwise than was measured; versions change by themselves. */
export function contradictions(measured) {
  const said = rows();
  return [...measured].flatMap(([host, of]) => {
    const [, ...is] = row(of);
    const [, ...was] = said.get(host) ?? [];
    return is.join() === was.join() ? [] : [`${host}: ${was.join(", ") || "nothing"}; measured: ${is.join(", ")}`];
  });
}

/** Puts what was measured into the table, in the order of `hosts`; what was not keeps its row. */
export function write(measured, hosts) {
  const said = rows();
  for (const [host, of] of measured) said.set(host, row(of));
  const lines = hosts.filter((host) => said.has(host)).map((host) => `| ${host} | ${said.get(host).join(" | ")} |\n`);
  writeFileSync(
    readme,
    readFileSync(readme, "utf8").replace(marks, (_, open, __, close) => `${open}\n${head}${lines.join("")}\n${close}`),
  );
}
