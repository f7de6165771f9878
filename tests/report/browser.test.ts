// The page as readers see it: in light and dark, on a desk and on a phone, and on paper.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { valueAt } from "../../src/report/figure.js";
import { report } from "../../src/report/index.js";
import { browserHere, look, start } from "./browser.js";
import { fixture } from "./fixture.js";
import { all, attribute, pageOf } from "./page.js";

const long = fixture();
const pages = {
  "as usual": fixture(),
  "60 models": fixture({ front: 60, trials: 300 }),
  "the dense model alone": fixture({ front: 0, trials: 0 }),
  "long names": {
    ...long,
    title: "encoder".repeat(30),
    layers: long.layers.map((layer) => ({ ...layer, name: "encoder.".repeat(20) })),
    front: long.front.map((one) => ({
      ...one,
      settings: { ...one.settings, ["optimizer".repeat(6)]: "adam".repeat(20) },
    })),
    trials: long.trials.map((one, i) => ({
      ...one,
      settings: { ["optimizer".repeat(9)]: `${"adam".repeat(20)}${i % 3}` },
    })),
    made: { host: "host".repeat(50), command: "spokeshave".repeat(30) },
  },
};

test.each(Object.entries(pages))("%s: forbids all that it does not need", (_, data) => {
  const [policy] = all(pageOf(report(data)), "meta").filter((meta) => attribute(meta, "http-equiv") !== undefined);
  expect(attribute(policy!, "content")).toMatch(/^default-src 'none'; style-src 'unsafe-inline'; img-src data:;/);
});

const executable = browserHere();
if (executable === undefined)
  console.log(
    "tests/report/browser.test.ts: NOT RUN in a browser: there is no chromium or google-chrome in PATH; install one",
  );

const onScreen = [1280, 390].flatMap((width) =>
  (["light", "dark"] as const).map((scheme) => ({ width, scheme, media: "screen" }) as const),
);
// What A4 leaves between its margins.
const views = [...onScreen, { width: 680, scheme: "dark", media: "print" } as const];

describe.each(executable === undefined ? [] : views)(
  "in Chromium, $scheme, $width pixels wide, for $media",
  ({ width, scheme, media }) => {
    let browser: Browser;
    let folder: string;

    beforeAll(async () => {
      browser = await start(executable!);
      folder = mkdtempSync(join(tmpdir(), "spokeshave-report-"));
    });

    afterAll(async () => {
      await browser.close();
      rmSync(folder, { recursive: true });
    });

    test.each(Object.entries(pages))("%s: nothing is cut off, pale, covered or complained of", async (name, data) => {
      const path = join(folder, `${name}.html`);
      writeFileSync(path, report(data));
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
      await page.emulateMedia({ media });
      const said: string[] = [];
      const asked: string[] = [];
      page.on("console", (message) => said.push(message.text()));
      page.on("pageerror", (error) => said.push(error.message));
      page.on("request", (request) => asked.push(request.url()));
      await page.goto(pathToFileURL(path).href);
      const { cut, pale, covered, numbers, data: held } = await look(page);
      expect({ cut, pale, covered }).toEqual({ cut: [], pale: [], covered: [] });
      expect(held).toEqual(JSON.parse(JSON.stringify(data)));
      for (const [place, value] of Object.entries(numbers)) expect(value, place).toBe(String(valueAt(data, place)));
      expect(said).toEqual([]);
      expect(asked.filter((url) => !/^(file|data):/.test(url))).toEqual([]);
      await page.close();
    });
  },
);
