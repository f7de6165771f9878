// The package as npm would publish it, installed into an empty project.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const here = import.meta.dirname;
const root = join(here, "..", "..");

/** Runs what this folder has installed. Gives what it prints, and its exit code if it fails. */
export function tool(file: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(process.execPath, [join(here, "node_modules", file), ...args], { cwd, encoding: "utf8" });
  } catch (failure) {
    const { status, stdout, stderr } = failure as { status: number; stdout: string; stderr: string };
    return `${stdout}${stderr}exit code ${status}`;
  }
}

/** The npm that runs us: a package deep in as-pect brings an old one, which the path finds first. */
function npm(args: readonly string[], cwd: string): string {
  const own = process.env.npm_execpath;
  const [file, ...first] = own === undefined ? ["npm"] : [process.execPath, own.replace(/npx-cli/, "npm-cli")];
  return execFileSync(file!, [...first, ...args, "--loglevel=error"], { cwd, encoding: "utf8" });
}

/** An empty project with the package; gone after the tests of the file. */
export function installed(): { readonly folder: string; readonly tarball: string; readonly files: readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), "spokeshave-package-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const [{ filename, files }] = JSON.parse(npm(["pack", "--json", "--pack-destination", folder], root));
  const tarball = join(folder, filename);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  npm(["install", "--offline", "--no-audit", "--no-fund", tarball], folder);
  return { folder, tarball, files: files.map(({ path }: { path: string }) => path) };
}

/** Packages in its node_modules. */
export function packagesIn(folder: string): string[] {
  return readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."));
}
