// One host: takes the works whose name and shape hold the filter, in this process, and prints a row of JSON for each.
import { ours } from "./peers/ours.mjs";
import { rowOf } from "./row.mjs";
import { works } from "./works.mjs";

const [binary, filter] = process.argv.slice(2);
const chosen = works.filter(({ work, shape }) => `${work} ${shape.join("×")}`.includes(filter));

// onnxruntime-web makes Node's workers a global, which jax-js would take for a browser's. All have one thread here.
Object.defineProperty(globalThis, "Worker", { get: () => undefined, set() {} });
const peers = [await ours(binary)];
const absent = {};
for (const name of ["tfjs-wasm", "ort-web", "jax-js"])
  try {
    const { load } = await import(`./peers/${name}.mjs`);
    peers.push(await load(name));
  } catch (error) {
    absent[name] = error.message;
  }
const versions = Object.fromEntries(peers.slice(1).map(({ name, version }) => [name, version]));
console.log(JSON.stringify({ host: process.version, binary, versions, absent }));
for (const work of chosen)
  try {
    console.log(JSON.stringify(await rowOf(work, peers, binary)));
  } catch (error) {
    console.error(`${work.work} ${work.shape.join("×")}: ${error.message}`);
    process.exitCode = 1;
  }
