import { said } from "../check.js";
import { ArgumentError, FileError, SpokeshaveError } from "../errors.js";
import { disk, type Host, reason, syncDirectory } from "../files/host.js";
import { lock } from "../files/lock.js";
import { crc32c } from "./crc32c.js";
import { checkHeader, type Storage, type StudyHeader } from "./storage.js";
import type { TrialRecord } from "./trial.js";

const encoder = /* @__PURE__ */ new TextEncoder();
const newline = 10;
const start = '{"bytes":';

/** A record as its line: JSON, with the record's length and CRC-32C at fixed places before it. */
function framed(record: string): string {
  const bytes = encoder.encode(record);
  const sum = crc32c(bytes).toString(16).padStart(8, "0");
  return `${start}${String(bytes.length).padStart(9)},"crc32c":"${sum}","record":${record}}\n`;
}

function parsed(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a value is a trial, whoever wrote it. */
function isTrial(value: Partial<TrialRecord> | null): value is TrialRecord {
  const numbers = [value?.values, value?.curve];
  return (
    Number.isSafeInteger(value?.number) &&
    typeof value?.draws === "object" &&
    value.draws !== null &&
    ["done", "stopped", "failed"].includes(String(value.state)) &&
    numbers.every((list) => Array.isArray(list) && list.every(Number.isFinite))
  );
}

/** What a journal holds, and where its whole lines end: behind them there may be the beginning of one that a kill cut off. */
function parse(path: string | URL, bytes: Uint8Array) {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const frameLength = framed("").length - 2;
  let header: StudyHeader | undefined;
  const trials = new Map<number, TrialRecord>();
  let end = 0;
  const damaged = (): FileError => {
    const count = trials.size + 1;
    const what = header ? `record ${count} is damaged` : "it is no journal, or its first record is damaged";
    const fix = header ? `; to go on from the ${count} before it, cut the file to ${end} bytes` : "";
    return new FileError(`journal: ${path}: at byte ${end} ${what}${fix}`, "E_JOURNAL", end);
  };
  for (let next: number; (next = bytes.indexOf(newline, end) + 1) > 0; end = next) {
    const line = decoder.decode(bytes.subarray(end, next));
    const text = line.slice(frameLength, -2);
    const record = line === framed(text) ? parsed(text) : undefined;
    if (header === undefined && typeof record?.version === "number") header = record;
    else if (header !== undefined && isTrial(record) && !trials.has(record.number)) trials.set(record.number, record);
    else throw damaged();
  }
  const rest = decoder.decode(bytes.subarray(end));
  if (!rest.startsWith(start.slice(0, rest.length))) throw damaged();
  return { header, trials: [...trials.values()], end };
}

/** A journal as a search has it open. */
class Opened {
  /** The last append, and after one that failed its error: nothing may follow what is perhaps half a line. */
  private last = Promise.resolve();

  constructor(
    private readonly file: Awaited<ReturnType<Host["fs"]["open"]>>,
    private readonly unlock: () => Promise<void>,
  ) {}

  append(record: unknown): Promise<void> {
    this.last = this.last.then(async () => {
      await this.file.appendFile(framed(JSON.stringify(record)));
      await this.file.datasync();
    });
    return this.last;
  }

  async close(): Promise<void> {
    await this.last.catch(() => {});
    await this.file.close().finally(this.unlock);
  }
}

async function open(path: string | URL, header: StudyHeader): Promise<[Opened, TrialRecord[]]> {
  const host = disk("keep the study in memoryStorage(), or in a storage of your own");
  const file = await host.fs.open(path, "a+");
  let unlock = async () => {};
  try {
    if (!(await file.stat()).isFile()) throw new Error("it is no regular file");
    const real = await host.fs.realpath(path);
    unlock = await lock(host, real);
    const opened = new Opened(file, unlock);
    const kept = parse(path, await host.fs.readFile(real));
    if (kept.header !== undefined) checkHeader(`journal ${path}`, kept.header, header);
    await file.truncate(kept.end);
    if (kept.header === undefined) {
      await opened.append(header);
      await syncDirectory(host, host.dirname(real));
    }
    return [opened, kept.trials];
  } catch (failure) {
    await file.close().finally(unlock);
    throw failure;
  }
}

/**
 * Keeps a study in a file of JSON lines, to go on after whatever stopped it: each finished trial is on the disk before the
 * next is counted, and a later search with the same options gives the same study as if nothing had happened.
 *
 * What a killed process left of a record is cut off. One search at a time may use the file: a `.lock` beside it says which.
 * @throws {FileError} E_JOURNAL and the offset of a record that was changed, E_LOCKED while another search uses the file,
 * E_WRITE with its cause if the disk refuses, E_NO_DISK on hosts without one.
 * @throws {ArgumentError} if the file holds a study with another seed, sampler, stopper, batch or direction.
 * @example
 * const options = { space: (draw) => draw.float("x", -1, 1), seed: 1, storage: journal("study.jsonl") };
 * await search((x) => x * x, { ...options, trials: 8 });
 * const study = await search((x) => x * x, { ...options, trials: 16 }); // eight more, here or in a program that starts later
 */
export function journal(path: string | URL): Storage {
  if (typeof path !== "string" && !(path instanceof URL))
    throw new ArgumentError(`journal: the path is ${said(path)}; it must be a text or a file: URL`);
  let opened: Opened | undefined;
  const typed = (cause: unknown): never => {
    if (cause instanceof SpokeshaveError) throw cause;
    const fix =
      "check that the file may be written and its disk has room; what it holds stays good, to go on from later";
    throw new FileError(`journal: ${path}: ${reason(cause)}; ${fix}`, "E_WRITE", undefined, { cause });
  };
  return {
    async open(header) {
      const [next, trials] = await open(path, header).catch(typed);
      opened = next;
      return trials;
    },
    append: (trial) => opened!.append(trial).catch(typed),
    close: () => opened!.close().catch(typed),
  };
}
