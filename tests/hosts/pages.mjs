// What runs in browsers: pages that are served from localhost, with and without what shared memory asks for.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, command, firefox, missing, webkit } from "./browsers.mjs";
import { serve } from "./serve.mjs";

export const pages = [chromium, firefox, webkit].flatMap((browser) => [
  {
    name: browser.name,
    threads: [1, 2],
    absent: () => missing(browser),
    async open(project) {
      const opened = await open(browser, project, "page");
      return { ...opened, more: policies(opened.run) };
    },
  },
  {
    name: `${browser.name}, isolated`,
    threads: [1, 2, 3, 4],
    examples: [], // as without
    absent: () => missing(browser),
    open: (project) => open(browser, project, "isolated"),
  },
]);

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

/** Opens a browser that runs the programs of a folder of the project; by default the project itself, not bundled. */
export async function open(browser, project, mode, folder = ".") {
  const server = await serve(project);
  const profile = mkdtempSync(join(tmpdir(), "spokeshave-profile-"));
  const env = { ...process.env, TMPDIR: profile };
  const [file, ...before] = command(browser);
  const { stdout } = spawnSync(file, [...before, "--version"], { encoding: "utf8", env });
  const args = [...before, ...browser.args(profile), `${server.address}/next`];
  // A group of its own: browsers are many processes.
  const running = spawn(file, args, { stdio: "ignore", detached: true, env });
  const signal = (name) => {
    try {
      process.kill(-running.pid, name);
    } catch {} // gone already
  };
  const kill = () => signal("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise((done) => {
    running.on("error", (error) => done(server.fail(`it does not start: ${error.message}`)));
    running.on("exit", (status) => done(server.fail(`it ended by itself (${status})`)));
  });
  return {
    version: /\d+(\.\d+)*/.exec(stdout)?.[0],
    run(program, options, policy = mode) {
      const query = new URLSearchParams({ program, options: JSON.stringify(options) });
      return server.visit(`/${policy}/${join(folder, "page.html")}?${query}`);
    },
    async close() {
      signal("SIGTERM");
      const patience = setTimeout(kill, 3000);
      await ended;
      clearTimeout(patience);
      kill();
      process.off("exit", kill);
      await server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}
