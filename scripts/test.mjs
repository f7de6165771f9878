// Everything that must hold: format and lint, types, the tests in Node, the kernels' specs in AssemblyScript, the package in every host.
// With arguments: only the test files they name. The last line counts all of it.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";

const filter = process.argv.slice(2);
const bin = (name) => `node_modules/.bin/${name}`;
let passed = 0;
let failed = 0;

function counts(good, bad) {
  passed += good;
  failed += bad;
}

function command(title, file, args) {
  console.log(`\n${title}`);
  const { status } = spawnSync(file, args, { stdio: "inherit" });
  counts(status === 0 ? 1 : 0, status === 0 ? 0 : 1);
}

if (filter.length === 0) {
  command("format and lint", bin("biome"), ["check", "--error-on-warnings"]);
  command("types", bin("tsc"), ["-p", "tsconfig.json"]);
}

const report = "build/vitest.json";
rmSync(report, { force: true });
spawnSync(bin("vitest"), ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...filter], {
  stdio: "inherit",
});
try {
  const { numPassedTests, numFailedTests, numFailedTestSuites, success } = JSON.parse(readFileSync(report, "utf8"));
  // A file that does not load fails without a test; an error outside of any test fails the run.
  counts(numPassedTests, Math.max(numFailedTests, numFailedTestSuites, success ? 0 : 1));
} catch {
  counts(0, 1);
}

if (filter.length === 0) {
  const { status, stdout } = spawnSync(bin("asp"), ["--summary"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  console.log(stdout);
  const plain = stdout.replaceAll("\u001b", "").replace(/\[\d*m/g, "");
  const [, good, all] = /\[Tests\]: (\d+) \/ (\d+)/.exec(plain) ?? [];
  // Without a summary, or with one that hides a failure, the run itself counts.
  const bad = all === undefined ? 1 : Number(all) - Number(good);
  counts(Number(good ?? 0), Math.max(bad, status === 0 ? 0 : 1));
}

if (filter.length === 0) {
  const report = "build/hosts.json";
  rmSync(report, { force: true });
  spawnSync(process.execPath, ["scripts/run.mjs", "hosts"], { stdio: "inherit" });
  try {
    const hosts = JSON.parse(readFileSync(report, "utf8"));
    counts(hosts.passed, hosts.failed);
  } catch {
    counts(0, 1);
  }
}

console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
