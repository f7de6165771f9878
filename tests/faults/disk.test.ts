import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { FileError } from "../../src/errors.js";
import { writeFileAtomic } from "../../src/files/disk.js";
import { failing } from "./failing.js";

const root = mkdtempSync(join(tmpdir(), "spokeshave-faults-"));
chmodSync(root, 0o755);
afterAll(() => rmSync(root, { recursive: true }));

let directory = "";
let target = "";
let count = 0;
beforeEach(() => {
  directory = join(root, String(count++));
  mkdirSync(directory);
  target = join(directory, "model");
  writeFileSync(target, "old");
});

const bytes = new Uint8Array(300_000).fill(7);

/** Saves, and returns the E_WRITE that comes of it, or undefined if nothing does. */
async function fault(to: string): Promise<FileError | undefined> {
  try {
    await writeFileAtomic(to, bytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    expect(error.code).toBe("E_WRITE");
    expect(error.message).toContain(to);
    return error;
  }
}

const causeOf = (error: FileError | undefined) => (error?.cause as { code?: string } | undefined)?.code;

describe("places that cannot be written", () => {
  it("a directory that is not there", async () => {
    expect(causeOf(await fault(join(directory, "missing", "model")))).toBe("ENOENT");
    expect(readdirSync(directory)).toEqual(["model"]);
  });

  it("a file for a directory", async () => expect(causeOf(await fault(join(target, "model")))).toBe("ENOTDIR"));

  it("a directory in the file's place", async () => {
    const place = join(directory, "place");
    mkdirSync(join(place, "full"), { recursive: true });
    expect(await fault(place)).toBeDefined();
    expect(readdirSync(directory)).toEqual(["model", "place"]);
  });

  it("a pipe, which a rename would replace, as it would /dev/null", async () => {
    const pipe = join(directory, "pipe");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    expect(await fault(pipe)).toBeDefined();
    expect(statSync(pipe).isFIFO()).toBe(true);
  });

  it("links that lead in a circle", async () => {
    symlinkSync(join(directory, "b"), join(directory, "a"));
    symlinkSync(join(directory, "a"), join(directory, "b"));
    expect(causeOf(await fault(join(directory, "a")))).toBe("ELOOP");
  });

  it("names that are none, or too long", async () => {
    expect(causeOf(await fault(join(directory, "x".repeat(256))))).toBe("ENAMETOOLONG");
    expect(await fault("a\0b")).toBeDefined();
    expect(await fault("")).toBeDefined();
    expect(await fault(`${directory}/`)).toBeDefined();
  });

  it("a directory that this user may not write", async () => {
    const saver = join(root, "saver.mjs");
    const entryPoints = [fileURLToPath(new URL("saver.ts", import.meta.url))];
    await build({ entryPoints, outfile: saver, bundle: true, platform: "node", format: "esm" });
    chmodSync(directory, 0o555);
    const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}; // root may write everywhere
    // Neither in the clone nor with what vitest loads from it: it may lie where only its owner looks.
    const child = fork(saver, ["save-once", target, "1"], { ...nobody, cwd: tmpdir(), execArgv: [] });
    const closed = once(child, "close");
    const [answer] = await Promise.race([once(child, "message"), closed]);
    await closed;
    chmodSync(directory, 0o755);
    expect(answer).toMatchObject({ name: "FileError", code: "E_WRITE", message: expect.stringContaining("EACCES") });
    expect(readFileSync(target, "utf8")).toBe("old");
    expect(readdirSync(directory)).toEqual(["model"]);
  });
});

describe("a disk of its own", () => {
  const disk = join(root, "small disk");
  let mounted = false;
  beforeAll(() => {
    mkdirSync(disk);
    mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=512k", "spokeshave", disk]).status === 0;
  });
  afterAll(() => {
    if (mounted) expect(spawnSync("umount", [disk]).status).toBe(0);
  });
  beforeEach(({ skip }) => skip(!mounted, "this user may not mount a tmpfs"));

  it("runs full at each of 64 places", async () => {
    const model = join(disk, "model");
    const filler = join(disk, "filler");
    for (let page = 0; page < 64; page++) {
      writeFileSync(model, "old");
      writeFileSync(filler, new Uint8Array(512 * 1024 - 4096 * (page + 1))); // the old file has a page, the new one 74
      expect(causeOf(await fault(model))).toBe("ENOSPC");
      expect(readFileSync(model, "utf8")).toBe("old");
      expect(readdirSync(disk).sort()).toEqual(["filler", "model"]);
      rmSync(filler);
      expect(await fault(model)).toBeUndefined();
      expect(readFileSync(model).equals(bytes)).toBe(true);
    }
  });

  it("becomes read-only", async () => {
    writeFileSync(join(disk, "model"), "old");
    expect(spawnSync("mount", ["-o", "remount,ro", disk]).status).toBe(0);
    expect(causeOf(await fault(join(disk, "model")))).toBe("EROFS");
    expect(spawnSync("mount", ["-o", "remount,rw", disk]).status).toBe(0);
    expect(readdirSync(disk)).toEqual(["model"]);
  });
});

describe("an operation that fails", () => {
  afterEach(() => vi.restoreAllMocks());

  it.each(["ENOSPC", "EIO", "EACCES", "EXDEV", "EDQUOT"])(
    "with %s, whichever it is, leaves the old file or the new",
    async (code) => {
      let failed = 0;
      for (let nth = 1; ; nth++) {
        writeFileSync(target, "old");
        const calls: string[] = [];
        failing(nth, code, calls);
        const error = await fault(target);
        vi.restoreAllMocks();
        expect(readdirSync(directory)).toEqual(["model"]);
        if (error) {
          failed++;
          expect(causeOf(error)).toBe(code);
          expect(readFileSync(target, "utf8")).toBe("old");
        } else expect(readFileSync(target).equals(bytes)).toBe(true);
        if (calls.length < nth) break;
      }
      expect(failed).toBe(8); // stat, realpath, open, writeFile, sync, close, chmod, rename
    },
  );

  it("even if the temporary file cannot be removed, gives the first cause", async () => {
    const rm = vi.spyOn(fs.promises, "rm").mockRejectedValue(new Error("rm"));
    vi.spyOn(fs.promises, "rename").mockRejectedValue(Object.assign(new Error("rename"), { code: "EIO" }));
    expect(causeOf(await fault(target))).toBe("EIO");
    expect(rm).toHaveBeenCalled();
    expect(readFileSync(target, "utf8")).toBe("old");
  });

  it("on Windows is tried again where a scanner may hold the file", async () => {
    vi.spyOn(process, "platform", "get").mockReturnValue("win32");
    const busy = Object.assign(new Error("busy"), { code: "EPERM" });
    const rename = vi.spyOn(fs.promises, "rename").mockRejectedValueOnce(busy).mockRejectedValueOnce(busy);
    expect(await fault(target)).toBeUndefined();
    expect(rename).toHaveBeenCalledTimes(3);
    rename.mockRejectedValue(busy);
    expect(causeOf(await fault(target))).toBe("EPERM");
    expect(existsSync(target)).toBe(true);
  });
});
