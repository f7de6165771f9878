// What stands behind `npm run …`: each task does its own set-up first, a second run repeats none of it.
import { existsSync } from "node:fs";
import { chdir } from "node:process";
import { fileURLToPath } from "node:url";
import { build, install, run } from "./setup.mjs";

chdir(fileURLToPath(new URL("..", import.meta.url)));
const [task, ...args] = process.argv.slice(2);
const bin = (name) => `node_modules/.bin/${name}`;

const tasks = {
  build() {},
  demo: () => run(process.execPath, ["build/cli.js", "demo", ...args]),
  test() {
    install("tests/package");
    run(process.execPath, ["scripts/test.mjs", ...args]);
  },
  "test:golden": () => run(bin("vitest"), ["run", "tests/golden", ...args]),
  check() {
    run(bin("biome"), ["check", "--error-on-warnings"]);
    run(bin("tsc"), ["-p", "tsconfig.json"]);
    run(bin("vitest"), ["run", "tests/layers.test.ts", "tests/sizes.test.ts"]);
  },
  bench() {
    install("bench");
    run(process.execPath, ["bench/run.mjs", ...args]);
  },
  hosts() {
    install("tests/hosts");
    // What drives them wants a newer Node than we do: one of the hosts.
    const node = "tests/hosts/node_modules/node-24/bin/node";
    run(existsSync(node) ? node : process.execPath, ["tests/hosts/run.mjs", ...args]);
  },
};

if (!Object.hasOwn(tasks, task)) {
  console.error(`run: there is no task "${task}"; there are ${Object.keys(tasks).join(", ")}`);
  process.exit(2);
}
install();
build();
tasks[task]();
