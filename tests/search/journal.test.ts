import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ArgumentError, FileError } from "../../src/errors.js";
import { crc32c } from "../../src/search/crc32c.js";
import { journal } from "../../src/search/journal.js";
import { type SearchOptions, search } from "../../src/search/search.js";
import type { Draw } from "../../src/search/space.js";
import type { Storage } from "../../src/search/storage.js";

// In memory where there is such a place: what is synced thousands of times is not what is tested.
const root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "spokeshave-journal-"));
afterAll(() => rmSync(root, { recursive: true }));

let path = "";
let count = 0;
beforeEach(() => {
  path = join(root, `${count++}.jsonl`);
});

type Params = { x: number; kind: string };
const options: SearchOptions<Params> = {
  space: (draw) => ({ x: draw.float("x", -1, 1), kind: draw.choice("kind", ["plain", "größer\n"]) }),
  trials: 60,
  seed: 1,
};

async function* objective({ x }: Params, { number }: { number: number }): AsyncGenerator<number, void> {
  if (number % 11 === 5) throw new Error('with "quotes",\u2028 and 日本語');
  for (let step = 1; step < 4; step++) yield (x * x) / step;
}

const run = (storage: Storage, more: Partial<SearchOptions<Params>> = {}) =>
  search(objective, { ...options, storage, ...more });

async function fault(work: Promise<unknown>): Promise<FileError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(FileError);
  return error as FileError;
}

describe("crc32c", () => {
  it("is that of RFC 3720", () => {
    const bytes = (length: number, at: (i: number) => number) => Uint8Array.from({ length }, (_, i) => at(i));
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
    expect(crc32c(bytes(32, () => 0))).toBe(0x8a9136aa);
    expect(crc32c(bytes(32, () => 255))).toBe(0x62a8ab43);
    expect(crc32c(bytes(32, (i) => i))).toBe(0x46dd794e);
    expect(crc32c(bytes(32, (i) => 31 - i))).toBe(0x113fdb5c);
    expect(crc32c(bytes(0, () => 0))).toBe(0);
  });
});

describe("a journal", () => {
  it("is lines of JSON, each with length and sum of its record at a fixed place, the options first", async () => {
    const study = await run(journal(path));
    const lines = readFileSync(path, "utf8").split("\n");
    expect(lines.pop()).toBe("");
    const [header, ...trials] = lines.map((line) => {
      const { bytes, crc32c: sum, record } = JSON.parse(line);
      const text = JSON.stringify(record);
      expect(line.slice(48, -1)).toBe(text);
      expect(Buffer.byteLength(text)).toBe(bytes);
      expect(crc32c(Buffer.from(text)).toString(16).padStart(8, "0")).toBe(sum);
      return record;
    });
    const common = { version: 1, seed: 1, batch: 4, directions: ["minimize"] };
    expect(header).toMatchObject({ ...common, sampler: expect.any(String), stopper: "none" });
    expect(trials).toEqual(study.trials.map(({ params, ...record }) => record));
  });

  it("goes on where it ends, by path or URL, and gives back what is done", async () => {
    const whole = await search(objective, options);
    await run(journal(path), { trials: 13 });
    const before = readFileSync(path);
    expect((await run(journal(pathToFileURL(path)), { trials: 13 })).trials).toHaveLength(13);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(JSON.stringify(await run(journal(path)))).toBe(JSON.stringify(whole));
    expect(JSON.stringify(await run(journal(path)))).toBe(JSON.stringify(whole));
  });

  it("holds no clock time: two studies make the same bytes", async () => {
    await run(journal(path));
    const other = `${path}.other`;
    await run(journal(other));
    expect(readFileSync(other).equals(readFileSync(path))).toBe(true);
  });

  it.each([
    ["seed", { seed: 2 }, /seed 1, this search has 2/],
    ["batch", { batch: 5 }, /batch 4, this search has 5/],
    ["directions", { direction: "maximize" as const }, /directions \["minimize"\], this search has \["maximize"\]/],
    ["stopper", { stopper: { name: "mine", stop: () => false } }, /stopper "none", this search has "mine"/],
    ["sampler", { sampler: { name: "mine", draw: () => 0 } }, /sampler ".*", this search has "mine"/],
  ])("of another %s is refused", async (_, more, message) => {
    await run(journal(path), { trials: 4 });
    const refused = run(journal(path), more);
    await expect(refused).rejects.toThrow(ArgumentError);
    await expect(refused).rejects.toThrow(message);
    expect(readdirSync(root).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });
});

describe("what a kill leaves", () => {
  it("is cut off, wherever in a log of 60 trials, and the rest goes on", async () => {
    const space = (draw: Draw) => draw.float("x", 0, 1);
    await search((x: number) => x, { space, trials: 60, storage: journal(path) });
    const whole = readFileSync(path);
    const cut = `${path}.cut`;
    const header = JSON.parse(whole.toString("utf8", 0, whole.indexOf(10))).record;
    let lines = 0;
    for (let end = 0; end <= whole.length; end++) {
      if (whole[end - 1] === 10) lines++;
      writeFileSync(cut, whole.subarray(0, end));
      const storage = journal(cut);
      const trials = await storage.open(header);
      expect(trials).toHaveLength(Math.max(0, lines - 1));
      await storage.append({ number: 99, draws: {}, state: "done", values: [end], curve: [] });
      await storage.close?.();
      const again = journal(cut);
      expect((await again.open(header)).map(({ number }) => number)).toEqual([...trials.map((t) => t.number), 99]);
      await again.close?.();
    }
    expect(lines).toBe(61);
  }, 120_000);

  it("ends in the same file", async () => {
    await run(journal(path));
    const whole = readFileSync(path);
    for (let end = 0; end < whole.length; end += 97) {
      truncateSync(path, end);
      await run(journal(path));
      expect(readFileSync(path).equals(whole)).toBe(true);
    }
  }, 60_000);
});

describe("damage", () => {
  it("of any bit is found where it is; what is not a record's beginning is never cut off", async () => {
    await run(journal(path), { trials: 4 });
    const whole = readFileSync(path);
    const lines = [...whole.keys()].filter((i) => i === 0 || whole[i - 1] === 10);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const bytes = Buffer.from(whole);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(path, bytes);
      if (bit >> 3 === whole.length - 1) continue; // the last line's end: as if cut off, see below
      const error = await fault(run(journal(path), { trials: 4 }));
      const record = lines.findLastIndex((start) => start <= bit >> 3);
      expect(error).toMatchObject({ code: "E_JOURNAL", offset: lines[record] });
      expect(error.message).toContain(`at byte ${lines[record]} `);
      expect(readFileSync(path).equals(bytes)).toBe(true);
    }
    // What the error advises.
    const bytes = Buffer.from(whole);
    bytes[lines[3]! + 60]! ^= 4;
    writeFileSync(path, bytes);
    const { offset } = await fault(run(journal(path), { trials: 4 }));
    truncateSync(path, offset);
    await run(journal(path), { trials: 4 });
    expect(readFileSync(path).equals(whole)).toBe(true);
    // A last line whose end is damaged is one that a kill cut short.
    writeFileSync(path, Buffer.concat([whole.subarray(0, -1), Buffer.from("!")]));
    await run(journal(path), { trials: 4 });
    expect(readFileSync(path).equals(whole)).toBe(true);
  }, 60_000);

  it.each([
    "",
    "\n",
    "a,b\n1,2\n",
    "notes",
    "\ufeff{",
    "{}\n",
    `{"bytes":        4,"crc32c":"00000000","record":null}\n`,
  ])("of a file that is none leaves it alone: %j", async (text) => {
    writeFileSync(path, text);
    if (text === "") return expect((await run(journal(path), { trials: 4 })).trials).toHaveLength(4);
    expect(await fault(run(journal(path)))).toMatchObject({ code: "E_JOURNAL", offset: 0 });
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("is also a record twice, a header among trials, and what is no trial", async () => {
    const framed = (record: unknown) => lined(JSON.stringify(record));
    const lined = (text: string) => {
      const sum = crc32c(Buffer.from(text)).toString(16).padStart(8, "0");
      return `{"bytes":${String(text.length).padStart(9)},"crc32c":"${sum}","record":${text}}\n`;
    };
    await run(journal(path), { trials: 6 });
    const whole = readFileSync(path, "utf8");
    const trial = { number: 9, draws: {}, state: "done", values: [1], curve: [] };
    for (const line of [
      ...whole.split(/(?<=\n)/).slice(0, 2),
      ...[
        null,
        3,
        [],
        {},
        { ...trial, state: "odd" },
        { ...trial, values: ["1"] },
        { ...trial, number: 0.5 },
        { ...trial, draws: null },
      ].map(framed),
      lined("no JSON"),
    ]) {
      writeFileSync(path, whole + line);
      expect(await fault(run(journal(path)))).toMatchObject({ code: "E_JOURNAL", offset: Buffer.byteLength(whole) });
    }
    writeFileSync(path, whole + framed(trial));
    expect((await run(journal(path), { trials: 6 })).trials).toHaveLength(6);
  });
});

describe("a journal in use", () => {
  it("is refused to a second search until the first ends, in one process", async () => {
    const ends = await Promise.allSettled([run(journal(path)), run(journal(path))]);
    expect(ends.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = ends.find((end) => end.status === "rejected");
    expect(refused?.reason).toMatchObject({ name: "FileError", code: "E_LOCKED" });
    const storage = journal(path);
    const both = await Promise.allSettled([run(storage), run(storage)]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await run(storage);
    expect(readdirSync(root).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });

  it.each([
    ["a process that lives", "OURS", process.ppid, false],
    ["another host", "elsewhere", 1, false],
    ["a process that is gone", "OURS", 2 ** 22 + 1, true],
  ])("by %s", async (_, host, pid, free) => {
    const token = [...hostname()].reduce((sum, c) => (Math.imul(sum, 31) + c.codePointAt(0)!) >>> 0, 7).toString(36);
    const claim = join(root, `.${path.slice(root.length + 1)}.${host === "OURS" ? token : host}-${pid}-abc.lock`);
    writeFileSync(claim, "");
    if (free) await run(journal(path), { trials: 4 });
    else expect((await fault(run(journal(path)))).message).toContain(claim);
    expect(existsSync(claim)).toBe(!free);
    rmSync(claim, { force: true });
  });
});

describe("hosts and disks that cannot", () => {
  it("have no disk", async () => {
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
    const error = await fault(run(journal(path)));
    vi.restoreAllMocks();
    expect(error).toMatchObject({ code: "E_NO_DISK", message: expect.stringContaining("memoryStorage()") });
  });

  it.each(["", "a\0b"])("have no file %j", async (name) => {
    expect((await fault(run(journal(name)))).code).toBe("E_WRITE");
  });

  it("have no such directory, or a directory there", async () => {
    expect(await fault(run(journal(join(path, "x.jsonl"))))).toMatchObject({
      code: "E_WRITE",
      cause: { code: "ENOENT" },
    });
    expect(await fault(run(journal(root)))).toMatchObject({ code: "E_WRITE", cause: { code: "EISDIR" } });
  });
});
