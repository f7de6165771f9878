import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeFileAtomic } from "../../src/files/disk.js";
import { randomFrom } from "./chance.js";
import { contentOf, versionOf } from "./saver.js";

/** `KILLS=1000 npx vitest run tests/faults/kill` takes a minute. */
const kills = Number(process.env.KILLS ?? 240);
const lanes = 3;
const folder = mkdtempSync(join(tmpdir(), "spokeshave-kill-"));
const saver = join(folder, "saver.mjs");

beforeAll(async () => {
  const entryPoints = [fileURLToPath(new URL("saver.ts", import.meta.url))];
  await build({ entryPoints, outfile: saver, bundle: true, platform: "node", format: "esm" });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a child that saves without end, kills it after a while and returns the last version that it had saved. */
async function killWhileSaving(target: string, from: number, after: number): Promise<number> {
  const child: ChildProcess = fork(saver, ["save-forever", target, String(from)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  let saved = from - 1;
  child.on("message", (message) => {
    if (typeof message === "number") saved = message;
  });
  await once(child, "message");
  await new Promise((done) => setTimeout(done, after));
  child.kill("SIGKILL");
  await once(child, "close");
  expect(child.signalCode).toBe("SIGKILL");
  return saved;
}

it(`${kills} kills tear no file, lose none and leave nothing after the next save`, async () => {
  const seed = Date.now() >>> 0;
  console.log(`seed ${seed}`);
  const random = randomFrom(seed);
  let left = 0;
  let cut = 0;

  async function lane(number: number): Promise<void> {
    const directory = join(folder, `lane${number}`);
    const target = join(directory, "model.safetensors");
    mkdirSync(directory);
    let version = 1;
    await writeFileAtomic(target, contentOf(version));
    for (let kill = number; kill < kills; kill += lanes) {
      const saved = await killWhileSaving(target, version + 1, random() * 25);
      const found = versionOf(readFileSync(target));
      expect(found).toBeGreaterThanOrEqual(saved);

      const temps = readdirSync(directory).filter((name) => name !== "model.safetensors");
      expect(temps.length).toBeLessThanOrEqual(1);
      left += temps.length;
      cut += temps.filter((name) => statSync(join(directory, name)).size < contentOf(saved + 1).length).length;

      version = saved + 2;
      await writeFileAtomic(target, contentOf(version));
      expect(readdirSync(directory)).toEqual(["model.safetensors"]);
      expect(versionOf(readFileSync(target))).toBe(version);
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  console.log(`${kills} kills: 0 torn, 0 lost; ${left} within a save, ${cut} of them within its write`);
  expect(left).toBeGreaterThan(kills / 20); // or the kills came too early or too late to prove anything
  expect(cut).toBeGreaterThan(0);
}, 300_000);
