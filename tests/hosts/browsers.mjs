// Chromium, Firefox and WebKit, by no more than a command that opens an address: a page runs a program, tells our server what came of it
// and goes to the next.
import { execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, extname, join } from "node:path";
import { promisify } from "node:util";

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
const firefox = {
  name: "Firefox",
  files: ["firefox", "firefox-esr"],
  debian: ["firefox-esr"],
  args(profile) {
    const off = [
      "browser.shell.checkDefaultBrowser",
      "datareporting.policy.dataSubmissionEnabled",
      "app.update.enabled",
    ];
    const prefs = [...off.map((name) => [name, false]), ["browser.startup.homepage_override.mstone", "ignore"]];
    writeFileSync(
      join(profile, "user.js"),
      prefs.map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(""),
    );
    return ["--headless", "--no-remote", "--profile", profile];
  },
};
const webkit = {
  name: "WebKit",
  files: [
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.0/MiniBrowser",
  ],
  debian: ["webkit2gtk-driver", "xvfb"],
  // It has no mode without a screen.
  under: ["xvfb-run", "--auto-servernum"],
  args: () => [],
};

/** Scripts that no page of ours needs: those from elsewhere, inline ones, `eval`. */
const strict = "script-src 'self' 'nonce-imports'";

/** What pages are served with, by the first part of their address. */
const headers = {
  page: {},
  forbidding: { "Content-Security-Policy": strict },
  allowing: { "Content-Security-Policy": `${strict} 'wasm-unsafe-eval'` },
  isolated: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
};
const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

export const pages = [chromium, firefox, webkit].flatMap((browser) => [
  host(browser, browser.name, "page", [1, 2]),
  host(browser, `${browser.name}, isolated`, "isolated", [1, 2, 3, 4]),
]);

function host(browser, name, mode, threads) {
  return { name, threads, absent: () => missing(browser), open: (project) => open(browser, project, mode) };
}

function found({ files }) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = files.flatMap((file) => (file.startsWith("/") ? [file] : folders.map((folder) => join(folder, file))));
  return paths.find((path) => existsSync(path));
}

/** Pages under a content security policy. */
function policies(run) {
  return [
    ["a page with 'wasm-unsafe-eval' works", async () => void (await run("visit", {}, "allowing"))],
    [
      "a page without 'wasm-unsafe-eval' is told of it",
      async () => {
        const said = await run("visit", {}, "forbidding").then(JSON.stringify, (error) => error.message);
        if (!/DeviceError: .*'wasm-unsafe-eval'/.test(said)) throw new Error(`it says ${said}`);
      },
    ],
  ];
}

/** Opens a browser that runs programs of a folder of the project, "." being the project itself, not bundled. */
export async function open(browser, project, mode, folder = ".") {
  const server = await serve(project);
  const profile = mkdtempSync(join(tmpdir(), "spokeshave-profile-"));
  const [file, ...args] = [
    ...(browser.under ?? []),
    found(browser),
    ...browser.args(profile),
    `${server.address}/next`,
  ];
  const running = spawn(file, args, { stdio: "ignore", detached: true });
  running.on("error", (error) => server.fail(`it does not start: ${error.message}`));
  running.on("exit", (status) => server.fail(`it ended by itself (${status})`));
  const [command, ...before] = [...(browser.under ?? []), found(browser), "--version"];
  const version = spawnSync(command, before, { encoding: "utf8" }).stdout;
  const run = (program, options, policy = mode) => {
    const query = new URLSearchParams({ program, options: JSON.stringify(options) });
    return server.visit(`/${policy}/${join(folder, "page.html")}?${query}`);
  };
  return {
    version: /\d+(\.\d+)*/.exec(version)?.[0] ?? "",
    run,
    more: mode === "page" ? policies(run) : [],
    async close() {
      running.removeAllListeners("exit");
      try {
        process.kill(-running.pid, "SIGKILL"); // its group: browsers are many processes
      } catch {} // gone already
      await server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Serves a project to one browser, one page after the other. */
async function serve(project) {
  const specifiers = importsOf(project);
  /** The page that is visited, and what waits to be sent to it. */
  let visit;
  let idle;
  const go = () => {
    if (idle === undefined || visit === undefined || visit.started) return;
    visit.started = true;
    idle.writeHead(302, { Location: visit.page, "Cache-Control": "no-store" }).end();
    idle = undefined;
  };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname === "/next") {
      idle = response;
      return go();
    }
    if (pathname === "/done") {
      const { error, value, said } = JSON.parse(await text(request));
      response.end();
      return error === undefined ? visit?.resolve({ value, said }) : visit?.reject(new Error(error));
    }
    const [, mode, path] = /^\/(\w+)\/(.*)$/.exec(pathname) ?? [];
    try {
      let body = readFileSync(join(project, path));
      if (path === "page.html")
        body = String(body).replace("<head>", `<head><script type="importmap" nonce="imports">${specifiers}</script>`);
      response.writeHead(200, { "Content-Type": types[extname(path)] ?? "text/plain", ...headers[mode] }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const fail = (why) => visit?.reject(new Error(why));
  return {
    address: `http://localhost:${server.address().port}`,
    fail,
    async visit(page) {
      const limit = setTimeout(() => fail("the page did not end within 120 s"), 120_000);
      try {
        return await new Promise((resolve, reject) => {
          visit = { page, resolve, reject, started: false };
          go();
        });
      } finally {
        clearTimeout(limit);
        visit = undefined;
      }
    },
    close: () => new Promise((done) => server.close(done) && server.closeAllConnections()),
  };
}

async function text(request) {
  let all = "";
  for await (const part of request) all += part;
  return all;
}

/** An import map: the package's entries, as its `exports` name them. */
function importsOf(project) {
  const { name, exports } = JSON.parse(readFileSync(join(project, "node_modules/spokeshave/package.json"), "utf8"));
  const entries = Object.entries(exports).flatMap(([entry, target]) => {
    const file = typeof target === "string" ? target : target.default;
    return file?.endsWith(".js")
      ? [[join(name, entry), join("./node_modules", name, file)].map((path, i) => (i ? `./${path}` : path))]
      : [];
  });
  return JSON.stringify({ imports: Object.fromEntries(entries) });
}

/** Why a browser is not here. What is missing is installed, once for all, where the system's package manager may. */
export async function missing(browser) {
  if (found(browser) !== undefined) return undefined;
  const failure = await (installing ??= install());
  if (found(browser) !== undefined) return undefined;
  return `it is not here${failure ? ` (${failure})` : ""}; on Debian: apt-get install ${browser.debian.join(" ")}`;
}

let installing;

async function install() {
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return "and only root of a Debian installs it";
  const wanted = [chromium, firefox, webkit].filter((browser) => found(browser) === undefined);
  const apt = (...args) =>
    promisify(execFile)("apt-get", ["-o=DPkg::Lock::Timeout=60", "-qq", ...args], {
      ...{ timeout: 150_000, maxBuffer: 1 << 26, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } },
    });
  try {
    await apt("update");
    await apt("install", "--yes", "--no-install-recommends", ...wanted.flatMap(({ debian }) => debian));
  } catch (error) {
    return `apt-get: ${error.killed ? "no end after 150 s" : (error.stderr || error.message).trim().split("\n").at(-1)}`;
  }
  return undefined;
}
