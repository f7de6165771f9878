// Node, Deno and Bun: a process for each program.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const modules = join(import.meta.dirname, "node_modules");
export const execute = promisify(execFile);

function host(name, file, args = []) {
  const path = join(modules, file);
  return {
    name,
    path,
    threads: [1, 2, 3, 4],
    absent: () => (existsSync(path) ? undefined : `no binary of it for ${process.platform} on ${process.arch}`),
    async open(project) {
      const { stdout } = await execute(path, ["--version"]);
      return {
        version: /\d+\.\d+\.\d+/.exec(stdout)[0],
        run: (program, options) => run(path, [...args, "start.js", program, JSON.stringify(options)], project),
        close() {},
      };
    },
  };
}

/** Runs a command whose last line is what it gives. */
export async function run(file, args, cwd) {
  try {
    const { stdout } = await execute(file, args, { cwd, timeout: 120_000, killSignal: "SIGKILL", maxBuffer: 1 << 26 });
    const lines = stdout.trimEnd().split("\n");
    return { value: JSON.parse(lines.pop()), said: lines.join("\n") };
  } catch (error) {
    if (error.killed) throw new Error("it did not end within 120 s");
    throw new Error(error.stderr?.trim() || error.message);
  }
}

export const processes = [
  ...[20, 22, 24, 26].map((major) => host(`Node ${major}`, `node-${major}/bin/node`)),
  host("Deno", "@deno/linux-x64-glibc/deno", ["run", "--allow-all", "--quiet"]),
  host("Bun", "@oven/bun-linux-x64/bin/bun"),
];
