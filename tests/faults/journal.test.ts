import fs, { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os, { tmpdir } from "node:os";
import path, { join } from "node:path";
import url from "node:url";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import { FileError } from "../../src/errors.js";
import { journal } from "../../src/search/journal.js";
import { type SearchOptions, search } from "../../src/search/search.js";

const folder = mkdtempSync(join(tmpdir(), "spokeshave-full-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const options: SearchOptions<number> = { space: (draw) => draw.float("x", 0, 1), trials: 6, batch: 2, seed: 1 };
const run = (file: string) => search((x: number) => x, { ...options, storage: journal(file) });

/** The host's file system, of which the call number `nth` fails with `code`, a write after half of its bytes; reports the calls made. */
function failing(nth: number, code: string, calls: string[]) {
  const wrap = <T extends object>(object: T, prefix: string): T =>
    new Proxy(object, {
      get(whole, key) {
        const value = Reflect.get(whole, key);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          const name = `${prefix}${String(key)}`;
          calls.push(name);
          if (calls.length === nth) {
            if (name === "file.appendFile") await value.call(whole, (args[0] as string).slice(0, 70));
            if (name === "file.close") await value.call(whole);
            throw Object.assign(new Error(`${code}: injected into ${name}`), { code });
          }
          const result = await value.apply(whole, args);
          return key === "open" ? wrap(result, "file.") : result;
        };
      },
    });
  const modules: Record<string, unknown> = { fs: { promises: wrap(fs.promises, "") }, os, path, url };
  vi.spyOn(process, "getBuiltinModule").mockImplementation(
    ((name: string) => modules[name]) as typeof process.getBuiltinModule,
  );
}

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
