// Serves a project to one browser, one page after the other. The browser asks for /next and is sent to a page once there is one; the page
// runs a program, posts to /done what came of it, and asks for /next.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";

/** Scripts that no page of ours needs are forbidden: those from elsewhere, inline ones, `eval`. */
const strict = "script-src 'self' 'nonce-imports'";

/** What pages are served with, by the first part of their address. */
const headers = {
  page: {},
  isolated: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
  forbidding: { "Content-Security-Policy": strict },
  allowing: { "Content-Security-Policy": `${strict} 'wasm-unsafe-eval'` },
};

const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
const patience = 120_000;

export async function serve(project) {
  const imports = `<head><script type="importmap" nonce="imports">${importsOf(project)}</script>`;
  /** The page that is visited; the response that waits for one; why there will be none. */
  let visited;
  let waiting;
  let broken;

  const go = () => {
    if (waiting === undefined || visited === undefined || visited.sent) return;
    visited.sent = true;
    waiting.writeHead(302, { Location: visited.page, "Cache-Control": "no-store" }).end();
    waiting = undefined;
  };
  const fail = (why) => {
    broken ??= new Error(why);
    visited?.reject(broken);
  };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const [, mode, path] = /^\/(\w+)\/?(.*)$/.exec(pathname);
    if (mode === "next") {
      waiting = response;
      go();
    } else if (mode === "done") {
      const { error, ...answer } = JSON.parse(Buffer.concat(await request.toArray()));
      response.end();
      if (error === undefined) visited?.resolve(answer);
      else visited?.reject(new Error(error));
    } else {
      try {
        const body = readFileSync(join(project, path));
        // What is bundled has found its imports.
        const page = path === "page.html" ? String(body).replace("<head>", imports) : body;
        response.writeHead(200, { "Content-Type": types[extname(path)] ?? "text/plain", ...headers[mode] }).end(page);
      } catch {
        response.writeHead(404).end();
      }
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));

  return {
    address: `http://localhost:${server.address().port}`,
    fail,
    /** What a page's program gives and says. */
    async visit(page) {
      if (broken !== undefined) throw broken;
      const limit = setTimeout(() => fail(`the page did not end in ${patience / 1000} s`), patience);
      try {
        return await new Promise((resolve, reject) => {
          visited = { page, resolve, reject, sent: false };
          go();
        });
      } finally {
        clearTimeout(limit);
        visited = undefined;
      }
    },
    close() {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

/** An import map of the package's entries, as its `exports` name them. */
function importsOf(project) {
  const folder = "node_modules/spokeshave";
  const { exports } = JSON.parse(readFileSync(join(project, folder, "package.json"), "utf8"));
  const scripts = Object.entries(exports).filter(([, target]) => target.default?.endsWith(".js"));
  const imports = scripts.map(([entry, target]) => [join("spokeshave", entry), `./${join(folder, target.default)}`]);
  return JSON.stringify({ imports: Object.fromEntries(imports) });
}
