/** The process that tests/faults/search.test.ts kills: a study of 60 small trials in a journal, here or in threads. */
import { pathToFileURL } from "node:url";
import { journal } from "../../src/search/journal.js";
import { type SearchOptions, search } from "../../src/search/search.js";
import { asha } from "../../src/search/stoppers/asha.js";
import { threads } from "../../src/search/threads.js";

export const options: SearchOptions<{ rate: number; end: string }> = {
  space: (draw) => ({ rate: draw.float("rate", 0.01, 1), end: "none" }),
  stopper: asha(),
  trials: 60,
  seed: 7,
};

const [, , path, module, workers] = process.argv;
if (process.send !== undefined && path && module) {
  process.send("begun");
  const { href } = pathToFileURL(module);
  const objective = workers === "0" ? (await import(href)).default : threads(href, { workers: Number(workers) });
  const study = await search(objective, { ...options, storage: journal(path) });
  process.send(JSON.stringify(study.trials));
}
