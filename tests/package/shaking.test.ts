// What Rollup leaves of the package for a program of one matrix product; tests/sizes.test.ts has the same of esbuild.
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { transformSync } from "esbuild";
import { expect, it } from "vitest";
import { installed } from "./installed.js";

const { folder } = installed();

it("one matrix product is at most 12 KB of JavaScript, gzipped, by Rollup", async () => {
  const { rollup } = (await import(
    join(import.meta.dirname, "node_modules/rollup/dist/es/rollup.js")
  )) as typeof import("rollup");
  const input = "\0program";
  const bundle = await rollup({
    input,
    plugins: [
      {
        name: "from the package",
        resolveId: (id) =>
          id === "spokeshave" ? join(folder, "node_modules/spokeshave/build/index.js") : id === input ? id : null,
        load: (id) => (id === input ? `export { init, matmul, tensor } from "spokeshave";` : null),
      },
    ],
    treeshake: { moduleSideEffects: false }, // as package.json says
  });
  const { output } = await bundle.generate({ format: "es" });
  const files = output.filter((file) => file.type === "chunk");
  const needed = new Set<string>();
  const need = (name: string): void => {
    if (needed.has(name)) return;
    needed.add(name);
    for (const next of files.find(({ fileName }) => fileName === name)!.imports) need(next);
  };
  need(files.find(({ isEntry }) => isEntry)!.fileName);
  const code = files.filter(({ fileName }) => needed.has(fileName)).map((file) => file.code);
  const bytes = code.reduce(
    (sum, text) => sum + gzipSync(transformSync(text, { minify: true }).code, { level: 9 }).length,
    0,
  );
  console.log(`one matrix product by Rollup: ${(bytes / 1024).toFixed(1)} KB of JavaScript, gzipped`);
  expect(bytes).toBeLessThanOrEqual(12 * 1024);
});
