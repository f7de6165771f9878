// The ledger of tests/hosts, here in Node and from the sources: the same bits in every run, whatever binary was loaded before.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import * as spokeshave from "../src/index.js";
import { zeroLeaks } from "./grid.js";
import { special } from "./hosts/scenarios/numbers.js";
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

// A kernel that sums in another order changes some, rightly: UPDATE_LEDGER=1 writes them anew.
test("the hashes are those of tests/hosts/ledger.json", () => {
  const path = join(import.meta.dirname, "hosts", "ledger.json");
  if (process.env.UPDATE_LEDGER) writeFileSync(path, `${JSON.stringify(first, null, 2)}\n`);
  const written = JSON.parse(readFileSync(path, "utf8"));
  const names = new Set([...Object.keys(written), ...Object.keys(first)]);
  expect([...names].filter((name) => written[name] !== first[name])).toEqual([]);
});

test.each([2, 4])("%i threads give the same bits", async (threads) => {
  await spokeshave.init({ deterministic: true, threads });
  try {
    expect(await ledger(spokeshave)).toEqual(first);
  } finally {
    await spokeshave.init({ deterministic: true, threads: 1 });
  }
});

test("a second run gives the same bits", async () => {
  expect(await ledger(spokeshave)).toEqual(first);
});

// Machines differ in the NaN that they make of Inf − Inf: what follows must not.
test.each([0xffc00000, 0x7f800001, 0xffffffff])("a NaN of the bits %i gives what any other does", async (bits) => {
  expect(Number.isNaN(special[0])).toBe(true);
  const word = new Uint32Array(special.buffer);
  const before = word[0]!;
  word[0] = bits;
  try {
    const only = ["elementwise", "rows", "products"];
    expect(first).toMatchObject(await ledger(spokeshave, { only }));
  } finally {
    word[0] = before;
  }
});
