// What must come out the same, to the bit, in every host and for any number of threads. Plain modules without imports from any host:
// browsers, workers and servers run them as they are.
import { compressing } from "./scenarios/compressing.js";
import { distilling } from "./scenarios/distilling.js";
import { elementwise } from "./scenarios/elementwise.js";
import { Examples } from "./scenarios/examples.js";
import { gradients } from "./scenarios/gradients.js";
import { hash } from "./scenarios/hash.js";
import { linear } from "./scenarios/linear.js";
import { optimizers } from "./scenarios/optimizers.js";
import { products } from "./scenarios/products.js";
import { pruning } from "./scenarios/pruning.js";
import { quantizing } from "./scenarios/quantizing.js";
import { rows } from "./scenarios/rows.js";
import { searching } from "./scenarios/searching.js";
import { training } from "./scenarios/training.js";

const families = {
  elementwise,
  rows,
  products,
  gradients,
  optimizers,
  training,
  pruning,
  quantizing,
  distilling,
  linear,
  searching,
  compressing,
};

/**
 * Runs everything with a library that `init({ deterministic: true })` has made ready, and gives the hash of each result by name.
 *
 * @param spokeshave the library's namespace, wherever it was imported from.
 * @param options `only`: families to run, default all; `done`: is told the name of each scenario after it, for those that measure.
 */
export async function ledger(spokeshave, { only = Object.keys(families), done = () => {} } = {}) {
  const hashes = {};
  const examples = new Examples(spokeshave);
  for (const family of only)
    for (const [scenario, run] of Object.entries(families[family](spokeshave, examples))) {
      const name = `${family}: ${scenario}`;
      const scope = new spokeshave.Scope();
      try {
        hashes[name] = await hash(spokeshave, await run());
      } finally {
        scope.dispose();
      }
      done(name);
    }
  return hashes;
}
