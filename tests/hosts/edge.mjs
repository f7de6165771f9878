// Workers at the edge, which may not compile: Cloudflare's workerd, and the emulator of Vercel's, held to what production forbids. As
// wrangler and Vercel's builder do, one file is bundled for them, and the kernels lie beside it as modules.
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { run } from "./processes.mjs";

const here = import.meta.dirname;

const kinds = [
  {
    name: "workerd",
    source: "workerd",
    conditions: ["workerd", "worker", "browser"], // wrangler's
    async start(project, outdir, conditions) {
      const beside = (name) => ({ path: `./${name}`, external: true });
      const entryPoints = { worker: "worker.js" };
      await bundle({ entryPoints, conditions, outdir, absWorkingDir: project, format: "esm" }, beside);
      const files = ["worker.js", ...readdirSync(outdir).filter((name) => name.endsWith(".wasm"))];
      const type = (name) => (name.endsWith(".js") ? "ESModule" : "CompiledWasm");
      const modules = files.map((name) => ({ type: type(name), path: join(outdir, name) }));
      const worker = new Miniflare({ modules, modulesRoot: outdir, cf: false, compatibilityDate: "2026-07-01" });
      return {
        async run(program, options) {
          const body = JSON.stringify({ program, options });
          const response = await worker.dispatchFetch("http://localhost", { method: "POST", body });
          const { error, ...answer } = await response.json();
          if (error !== undefined) throw new Error(error);
          return answer;
        },
        close: () => worker.dispose(),
      };
    },
  },
  {
    name: "Vercel edge",
    source: "edge-runtime",
    conditions: ["edge-light"],
    async start(project, outdir, conditions) {
      const given = (path) => ({ path, namespace: "given" });
      const contents = `import worker from "./worker.js";
        addEventListener("fetch", (event) => event.respondWith(worker.fetch(event.request)));`;
      const stdin = { contents, resolveDir: project };
      await bundle({ stdin, conditions, outdir, entryNames: "worker", format: "iife" }, given);
      const runner = join(here, "edgeRuntime.mjs");
      return {
        run: (program, options) => run(process.execPath, [runner, outdir, program, JSON.stringify(options)]),
        close() {},
      };
    },
  },
];

export const edges = kinds.map(({ name, source, conditions, start }) => ({
  name,
  threads: [1, 2],
  absent: () => undefined,
  async open(project) {
    const folder = join(project, "bundled", source);
    const forbidden = async () => {
      const { run, close } = await start(project, `${folder}-bytes`, []);
      const said = await run("visit", {}).then(JSON.stringify, (error) => error.message);
      await close();
      if (!/DeviceError: .*precompiled module/.test(said)) throw new Error(`it says ${said}`);
    };
    const { version } = JSON.parse(readFileSync(join(here, "node_modules", source, "package.json"), "utf8"));
    return {
      version,
      ...(await start(project, folder, conditions)),
      more: [["the entry with bytes, which may not be compiled, names the fix", forbidden]],
    };
  },
}));

/** `find` says what an import of a kernel binary is, by its name; the binary itself is laid beside the bundle. */
function bundle(options, find) {
  const kernels = {
    name: "kernels as modules",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path, resolveDir }) => {
        const file = join(resolveDir, path.replace("?module", ""));
        mkdirSync(options.outdir, { recursive: true });
        copyFileSync(file, join(options.outdir, basename(file)));
        return find(basename(file));
      });
      onLoad({ filter: /./, namespace: "given" }, ({ path }) => ({
        contents: `export default globalThis["${path}"];`,
      }));
    },
  };
  return build({ ...options, bundle: true, target: "es2022", logLevel: "error", plugins: [kernels, handlers] });
}

/** The README's examples inside of a function that a handler calls: at the edge nothing is computed outside of one. */
const handlers = {
  name: "examples as handlers",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](quadrants|digits)\.js$/ }, ({ path }) => {
      if (path.includes("node_modules")) return undefined;
      const [, imports, body] = /^((?:import .*;\n)+)([\s\S]*)$/.exec(readFileSync(path, "utf8"));
      return { contents: `${imports}export default async () => {\n${body}\n};` };
    });
  },
};
