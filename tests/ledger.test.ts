// The ledger of tests/hosts, here in Node and from the sources: the same bits in every run, whatever binary was loaded before.
import { beforeAll, expect, test } from "vitest";
import * as spokeshave from "../src/index.js";
import { zeroLeaks } from "./grid.js";
import { ledger } from "./hosts/scenarios.js";

zeroLeaks();

let first: Record<string, string>;

beforeAll(async () => {
  await spokeshave.init();
  await spokeshave.init({ deterministic: true });
  first = await ledger(spokeshave);
});

test("200 scenarios and more, each of which gives something of its own", () => {
  expect(Object.keys(first).length).toBeGreaterThanOrEqual(200);
  expect(new Set(Object.values(first)).size).toBe(Object.keys(first).length);
});

test("a second run gives the same bits", async () => {
  expect(await ledger(spokeshave)).toEqual(first);
});
