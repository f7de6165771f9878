// An empty project that installs the package as npm would publish it, and the programs that run in every host.
import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npm } from "../../scripts/setup.mjs";

const here = import.meta.dirname;
const root = join(here, "..", "..");

/** Gives its folder. */
export function makeProject() {
  const folder = mkdtempSync(join(tmpdir(), "spokeshave-hosts-"));
  const silent = ["ignore", "ignore", "inherit"];
  npm(["pack", "--pack-destination", folder], { cwd: root, stdio: silent });
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  npm(["install", "--offline", "--no-audit", "--no-fund", `./${tarball}`], { cwd: folder, stdio: silent });
  cpSync(join(here, "programs"), folder, { recursive: true });
  for (const name of ["scenarios.js", "scenarios"]) cpSync(join(here, name), join(folder, name), { recursive: true });
  const readme = readFileSync(join(root, "README.md"), "utf8");
  writeFileSync(join(folder, "digits.js"), exampleUnder("## The main job, in twenty lines", readme));
  writeFileSync(join(folder, "quadrants.js"), exampleUnder("## A network in twenty lines", readme));
  return folder;
}

function exampleUnder(heading, readme) {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readme.slice(readme.indexOf(`\n${heading}\n`))) ?? [];
  if (!readme.includes(`\n${heading}\n`) || code === undefined)
    throw new Error(`hosts: the README has no example under "${heading}"`);
  return code;
}
