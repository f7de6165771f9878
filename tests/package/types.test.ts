// The typings, as the oldest and the newest compiler and both ways of finding modules read them, with nothing skipped.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { installed, tool } from "./installed.js";

const { folder } = installed();

/** A program of every entry, and what would be an error if something became `any`. */
const program = `
import { ArgumentError, codecs, init, linear, matmul, type Model, nn, optim, ranges, type Tensor, tensor, train } from "spokeshave";
import { init as bare } from "spokeshave/core";
import { journal, load, save } from "spokeshave/files";
import module from "spokeshave/kernels.wasm";
import plain from "spokeshave/kernels/simd.wasm";
import { report, type ReportData } from "spokeshave/report";

const { binary } = await init({ deterministic: true });
const name: "simd" | "relaxed" | "custom" = binary;
await bare({ wasm: module });
await bare({ wasm: fetch("https://example.org/kernels.wasm") });
using y: Tensor = matmul(tensor([[1, 2]]), tensor([[1], [2]]));
const values: Float32Array | Int32Array | Uint8Array = await y.data();
const model: Model = nn.sequential([nn.linear(2, 2), nn.relu()], { seed: 1 });
await save(model, "model.safetensors");
const again: Model = await load("model.safetensors");
// @ts-expect-error: a tensor is no model
const wrong: Model = y;
// @ts-expect-error: there is no such option
await init({ fast: true });
export { again, ArgumentError, codecs, journal, linear, name, optim, plain, ranges, report, type ReportData, train, values, wrong };
`;
writeFileSync(join(folder, "program.mts"), program);

const settings = {
  noEmit: true,
  strict: true,
  target: "es2022",
  lib: ["es2022", "dom"],
  types: [],
  skipLibCheck: false,
};

it.each(
  ["typescript54", "typescript"].flatMap((compiler) => [
    [compiler, "bundler", "esnext", {}] as const,
    [compiler, "node16", "node16", {}] as const,
    [compiler, "bundler", "esnext", { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }] as const,
  ]),
)("%s, moduleResolution %s, module %s, %o", (compiler, moduleResolution, module, more) => {
  const compilerOptions = { ...settings, moduleResolution, module, ...more };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.mts"] }));
  expect(tool(`${compiler}/bin/tsc`, ["-p", "."], folder)).toBe("");
});
