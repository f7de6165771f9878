// The page through four bundlers, as their users would set them up, and what they made in Chromium.
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import resolve from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import { build as vite } from "vite";
import webpack from "webpack";
import { chromium, missing } from "./browsers.mjs";
import { open } from "./pages.mjs";

const made = {
  async esbuild(project, outdir) {
    const shared = { bundle: true, splitting: true, minify: true, format: "esm", target: "es2022", logLevel: "error" };
    await esbuild.build({ ...shared, absWorkingDir: project, entryPoints: ["page.js"], outdir });
  },
  async vite(root, outDir) {
    const shared = { configFile: false, logLevel: "error", base: "./" };
    await vite({
      ...shared,
      root,
      build: { outDir, target: "es2022", rollupOptions: { input: join(root, "page.html") } },
    });
  },
  async webpack(context, path) {
    const output = { path, filename: "page.js", module: true, chunkFormat: "module" };
    const shared = { mode: "production", target: ["web", "es2022"], experiments: { outputModule: true } };
    const stats = await new Promise((done, fail) =>
      webpack({ ...shared, context, entry: "./page.js", output }, (error, stats) =>
        error ? fail(error) : done(stats),
      ),
    );
    const said = stats.toString({ all: false, errors: true, warnings: true });
    if (stats.hasErrors()) throw new Error(said);
  },
  async rollup(project, dir) {
    const bundle = await rollup({ input: join(project, "page.js"), plugins: [resolve({ browser: true })] });
    await bundle.write({ dir, format: "es" });
    await bundle.close();
  },
};

export const bundlers = Object.entries(made).map(([name, bundle]) => ({
  name: `${name} for Chromium`,
  threads: [2],
  absent: () => missing(chromium),
  async open(project) {
    const folder = join("bundled", name);
    cpSync(join(project, "page.html"), join(project, folder, "page.html"), { recursive: true });
    await bundle(project, join(project, folder));
    const { version } = JSON.parse(
      readFileSync(join(import.meta.dirname, "node_modules", name, "package.json"), "utf8"),
    );
    return { ...(await open(chromium, project, "isolated", folder)), version };
  },
}));
