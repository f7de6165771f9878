import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { journal } from "../../src/search/journal.js";
import { search } from "../../src/search/search.js";
import { randomFrom } from "./chance.js";
import { options } from "./searcher.js";

/** `KILLS=1000 npx vitest run tests/faults/search` takes minutes. */
const kills = Number(process.env.KILLS ?? 50);
const folder = mkdtempSync(join(tmpdir(), "spokeshave-search-"));
const searcher = join(folder, "searcher.mjs");
const module = fileURLToPath(new URL("../search/objectives/curves.mjs", import.meta.url));

beforeAll(async () => {
  const entryPoints = [fileURLToPath(new URL("searcher.ts", import.meta.url))];
  await build({ entryPoints, outfile: searcher, bundle: true, platform: "node", format: "esm" });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Searches in a child that is killed after so long; gives its study if it was done before. */
async function searchUntil(ms: number, path: string, workers: number): Promise<string | undefined> {
  const child = fork(searcher, [path, module, String(workers)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const closed = once(child, "close");
  let study: string | undefined;
  child.on("message", (message) => {
    if (message === "begun") setTimeout(() => child.kill("SIGKILL"), ms);
    else study = String(message);
  });
  await closed;
  return study;
}

test(`${kills} kills at random points change nothing: the study is that of one run, and with one worker so is the file`, async () => {
  const seed = Date.now() >>> 0;
  const random = randomFrom(seed);
  const { default: objective } = await import(module);
  const begun = performance.now();
  const whole = await search(objective, { ...options, storage: journal(join(folder, "whole.jsonl")) });
  const length = performance.now() - begun;
  const trials = JSON.stringify(whole.trials);
  const file = readFileSync(join(folder, "whole.jsonl"));
  console.log(`seed ${seed}, one run takes ${length.toFixed(0)} ms`);
  let [killed, studies, within] = [0, 0, 0];

  async function lane(workers: number, number: number): Promise<void> {
    const path = join(folder, `lane${number}.jsonl`);
    while (killed < kills) {
      let study: string | undefined;
      while (study === undefined) {
        study = await searchUntil(killed < kills ? (random() * length) / 2 : 60_000, path, workers);
        if (study !== undefined) continue;
        killed++;
        const records = readFileSync(path, { flag: "a+" }).filter((byte) => byte === 10).length - 1;
        if (records > 0 && records < 60) within++;
      }
      studies++;
      expect(study).toBe(trials);
      if (workers === 0) expect(readFileSync(path).equals(file)).toBe(true);
      rmSync(path);
    }
  }
  await Promise.all([0, 0, 2].map(lane));
  console.log(`${killed} kills, ${within} of them between the first trial and the last, in ${studies} studies`);
  expect(within).toBeGreaterThan(kills / 3); // or they came too early or too late to prove anything
  expect(readdirSync(folder).sort()).toEqual(["searcher.mjs", "whole.jsonl"]);
}, 120_000);
