// Three browsers, each no more than a command that opens an address. Those that are missing are installed, where that may be.
import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

const quiet = ["gpu", "quic", "background-networking", "component-update", "sync", "default-apps", "extensions"];
export const chromium = {
  name: "Chromium",
  files: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  debian: ["chromium"],
  args: (profile) => [
    ...["--headless", "--no-sandbox", "--no-first-run", `--user-data-dir=${profile}`],
    ...quiet.map((what) => `--disable-${what}`),
  ],
};

export const firefox = {
  name: "Firefox",
  files: ["firefox", "firefox-esr"],
  debian: ["firefox-esr"],
  args(profile) {
    const settings = {
      "browser.shell.checkDefaultBrowser": false,
      "browser.startup.homepage_override.mstone": "ignore",
      "datareporting.policy.dataSubmissionEnabled": false,
      "app.update.enabled": false,
    };
    const lines = Object.entries(settings).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
    writeFileSync(join(profile, "user.js"), lines.join(""));
    return ["--headless", "--no-remote", "--profile", profile];
  },
};

export const webkit = {
  name: "WebKit",
  files: ["4.1", "4.0"].map(
    (version) =>
      `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/webkit2gtk-${version}/MiniBrowser`,
  ),
  debian: ["libwebkit2gtk-4.1-0", "xvfb", "xauth"],
  screen: true,
  args: () => [],
};

function find(file) {
  if (file.startsWith("/")) return existsSync(file) ? file : undefined;
  const paths = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, file));
  return paths.find((path) => existsSync(path));
}

/** What starts a browser: its file, under a screen in memory if it has no mode without one; undefined where it is missing. */
export function command({ files, screen }) {
  const file = files.map(find).find((path) => path !== undefined);
  if (!screen || file === undefined) return file && [file];
  return find("xvfb-run") && find("xauth") && ["xvfb-run", "--auto-servernum", file];
}

/** Why a browser is not here, after the attempt to install it. */
export async function missing(browser) {
  if (command(browser) !== undefined) return undefined;
  const failure = await (installing ??= install());
  if (command(browser) !== undefined) return undefined;
  return `it is not on this machine, ${failure}; on Debian: apt-get install ${browser.debian.join(" ")}`;
}

/** Of all browsers at once: the package manager works for one at a time. */
let installing;

async function install() {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return "which only root of a Debian may change";
  const wanted = [chromium, firefox, webkit].filter((browser) => command(browser) === undefined);
  const apt = (...args) =>
    execute("apt-get", ["-qq", "-o=DPkg::Lock::Timeout=60", ...args], {
      ...{ timeout: 150_000, maxBuffer: 1 << 26, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } },
    });
  try {
    await apt("update");
    await apt("install", "--yes", "--no-install-recommends", ...wanted.flatMap(({ debian }) => debian));
    return "though apt-get says that it installed it";
  } catch (error) {
    return error.killed ? "apt-get did not end in 150 s" : `apt-get failed (${error.stderr.trim().split("\n").at(-1)})`;
  }
}
