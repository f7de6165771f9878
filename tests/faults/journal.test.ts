import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import { FileError } from "../../src/errors.js";
import { journal } from "../../src/search/journal.js";
import { type SearchOptions, search } from "../../src/search/search.js";
import { failing } from "./failing.js";

const folder = mkdtempSync(join(tmpdir(), "spokeshave-full-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const options: SearchOptions<number> = { space: (draw) => draw.float("x", 0, 1), trials: 6, batch: 2, seed: 1 };
const run = (file: string) => search((x: number) => x, { ...options, storage: journal(file) });

it.each(["ENOSPC", "EACCES", "EIO"])(
  "%s, at whichever call, is a typed error, and the study goes on later",
  async (code) => {
    const whole = join(folder, `${code}-whole`);
    const study = JSON.stringify(await run(whole));
    const failed = new Set<string>();
    for (let nth = 1; ; nth++) {
      const file = join(folder, `${code}-${nth}`);
      const calls: string[] = [];
      failing(nth, code, calls);
      const error = await run(file).then(
        () => undefined,
        (error: unknown) => error,
      );
      vi.restoreAllMocks();
      if (error !== undefined) {
        failed.add(calls[nth - 1]!);
        expect(error).toBeInstanceOf(FileError);
        expect(error).toMatchObject({ code: "E_WRITE", cause: { code } });
        expect((error as FileError).message).toContain(`${file}: ${code}: injected`);
      }
      // A lock that cannot be removed says that this process has the file, until it ends.
      for (const name of readdirSync(folder)) if (name.endsWith(".lock")) rmSync(join(folder, name));
      if (existsSync(file)) {
        const kept = readFileSync(file);
        expect(readFileSync(whole).subarray(0, kept.length).equals(kept)).toBe(true);
      }
      expect(JSON.stringify(await run(file))).toBe(study);
      expect(readFileSync(file).equals(readFileSync(whole))).toBe(true);
      if (calls.length < nth) break;
    }
    for (const call of ["open", "file.stat", "realpath", "writeFile", "readdir", "readFile", "file.truncate"])
      expect(failed).toContain(call);
    for (const call of ["file.appendFile", "file.datasync", "file.close"]) expect(failed).toContain(call);
  },
);
