// Does what is missing and nothing else: installs when the lock file changed, builds when a source did.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Runs a command with our output; ends with its status if it fails. */
export function run(command, args, options = {}) {
  const { status, signal } = spawnSync(command, args, { stdio: "inherit", ...options });
  if (status !== 0) process.exit(status ?? (signal === "SIGINT" ? 130 : 1));
}

/** Installs a package's dependencies, from its lock file alone and without their scripts. */
export function install(folder = ".") {
  once(join(folder, "node_modules", ".installed"), [join(folder, "package-lock.json")], () => {
    // Output is for what tasks print.
    npm(["ci", "--no-audit", "--no-fund"], { cwd: folder, stdio: ["inherit", process.stderr, "inherit"] });
  });
}

/** The npm that runs us, without scripts: a package deep in as-pect brings an old one, which `npm run` would find first. */
export function npm(args, options) {
  const own = process.env.npm_execpath;
  const all = [...args, "--ignore-scripts", "--loglevel=error"];
  if (own === undefined) run("npm", all, options);
  else run(process.execPath, [own, ...all], options);
}

export function build() {
  const sources = [
    "assembly",
    "src",
    "data",
    "scripts/build.mjs",
    "scripts/digits.mjs",
    "scripts/kernels.mjs",
    "scripts/notices.mjs",
    "asconfig.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.types.json",
  ];
  once(join("build", ".built"), sources, () => run(process.execPath, ["scripts/build.mjs"]));
}

/** Does the work unless `stamp` says that it was done for these very files. */
function once(stamp, paths, work) {
  const hash = createHash("sha256").update(process.version);
  for (const path of paths.flatMap(filesIn)) hash.update(path).update("\0").update(readFileSync(path)).update("\0");
  const now = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === now) return;
  work();
  mkdirSync(join(stamp, ".."), { recursive: true });
  writeFileSync(stamp, now);
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name)));
}
