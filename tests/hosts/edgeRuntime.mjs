// Runs a program in the emulator of Vercel's edge, in a process of its own. The emulator lets bytes be compiled, production does not.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EdgeRuntime } from "edge-runtime";

const [folder, program, options] = process.argv.slice(2);
const binaries = readdirSync(folder).filter((name) => name.endsWith(".wasm"));
const modules = binaries.map((name) => [name, new WebAssembly.Module(readFileSync(join(folder, name)))]);
const runtime = new EdgeRuntime({
  initialCode: readFileSync(join(folder, "worker.js"), "utf8"),
  codeGeneration: { strings: false, wasm: false },
  extend: (context) => Object.assign(context, Object.fromEntries(modules)),
});
const body = `{ "program": "${program}", "options": ${options} }`;
const response = await runtime.dispatchFetch("http://localhost", { method: "POST", body });
const { error, value, said } = await response.json();
if (error !== undefined) throw new Error(error);
console.log(`${said}\n${JSON.stringify(value)}`);
