import { spawnSync } from "node:child_process";
import fs, {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { FileError } from "../../src/errors.js";
import { readFile, writeFileAtomic } from "../../src/files/disk.js";

const root = mkdtempSync(join(tmpdir(), "spokeshave-disk-"));
afterAll(() => rmSync(root, { recursive: true }));

let directory = "";
let target = "";
let count = 0;
beforeEach(() => {
  directory = join(root, String(count++));
  mkdirSync(directory);
  target = join(directory, "model.safetensors");
});

const text = (value: string) => new TextEncoder().encode(value);

async function refusal(promise: Promise<unknown>): Promise<FileError> {
  const error = await promise.then(
    () => new Error("went through"),
    (reason: unknown) => reason,
  );
  if (error instanceof FileError) return error;
  throw error;
}

describe("readFile", () => {
  it("gives the bytes, of paths and URLs, in a buffer of their own", async () => {
    for (const length of [0, 1, 1000, 1_000_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
      writeFileSync(target, bytes);
      for (const path of [target, pathToFileURL(target)]) {
        const read = await readFile(path);
        expect(read.constructor).toBe(Uint8Array);
        expect(Buffer.compare(read, bytes)).toBe(0);
        expect([read.byteOffset, read.buffer.byteLength]).toEqual([0, length]);
      }
    }
    if (fs.existsSync("/proc/self/stat")) expect((await readFile("/proc/self/stat")).byteOffset).toBe(0); // tells no size
  });

  it("of what is no file is an E_READ that names the path and has a cause", async () => {
    for (const path of [target, directory, "", "a\0b", new URL("https://example.org/x")]) {
      const error = await refusal(readFile(path));
      expect(error.code).toBe("E_READ");
      expect(error.message).toContain(String(path));
      expect(error.cause).toBeInstanceOf(Error);
    }
  });
});

describe("writeFileAtomic", () => {
  it("makes and replaces files, of paths and URLs", async () => {
    await writeFileAtomic(target, text("one"));
    expect(readFileSync(target, "utf8")).toBe("one");
    await writeFileAtomic(pathToFileURL(target), text("another"));
    expect(readFileSync(target, "utf8")).toBe("another");
    await writeFileAtomic(target, new Uint8Array(0));
    expect(statSync(target).size).toBe(0);
    await writeFileAtomic(target, new Uint8Array(5_000_000).fill(3).subarray(1, 4_000_000));
    expect(statSync(target).size).toBe(3_999_999);
    expect(readdirSync(directory)).toEqual(["model.safetensors"]);
  });

  it("takes odd and long names", async () => {
    const names = [".hidden", "a b", "\u{1f600}".repeat(60), "x".repeat(255), "-", "[*]", "%2e", "m.1-a.tmp"];
    for (const name of names) await writeFileAtomic(join(directory, name), text(name));
    expect(readdirSync(directory).sort()).toEqual(names.sort());
  });

  it("keeps the mode of the old file, whatever the umask", async () => {
    for (const mode of [0o600, 0o666, 0o755]) {
      writeFileSync(target, "old");
      chmodSync(target, mode);
      await writeFileAtomic(target, text("new"));
      expect(statSync(target).mode & 0o777).toBe(mode);
    }
  });

  it("follows links", async () => {
    mkdirSync(join(directory, "store"));
    const stored = join(directory, "store", "v1");
    writeFileSync(stored, "old");
    symlinkSync(stored, target);
    await writeFileAtomic(target, text("new"));
    expect(readFileSync(stored, "utf8")).toBe("new");
    expect(fs.lstatSync(target).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(directory, "store"))).toEqual(["v1"]);
  });

  it("run many times at once leaves one version, whole", async () => {
    const versions = Array.from({ length: 24 }, (_, i) => new Uint8Array(200_000 + i).fill(i));
    await writeFileAtomic(target, versions[0]!);
    let reading = true;
    const reader = (async () => {
      for (let reads = 0; ; reads++) {
        if (!reading) return reads;
        const bytes = await readFile(target);
        expect(bytes.length).toBe(200_000 + bytes[0]!);
        expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
      }
    })();
    await Promise.all(versions.map((bytes) => writeFileAtomic(target, bytes)));
    reading = false;
    expect(await reader).toBeGreaterThan(0);
    expect(readdirSync(directory)).toEqual(["model.safetensors"]);
  });

  it("in several threads at once never sweeps what another writes", async () => {
    const script = join(root, "threads.mjs");
    const source = `import { writeFileAtomic } from ${JSON.stringify(fileURLToPath(new URL("../../src/files/disk.ts", import.meta.url)))};
      import { workerData } from "node:worker_threads";
      for (let i = 0; i < 40; i++) await writeFileAtomic(workerData, new Uint8Array(300_000).fill(i));`;
    await build({
      stdin: { contents: source, resolveDir: root, loader: "js" },
      outfile: script,
      bundle: true,
      platform: "node",
      format: "esm",
    });
    const threads = Array.from({ length: 3 }, () => {
      const worker = new Worker(script, { workerData: target });
      return new Promise<number>((done, fail) => worker.on("error", fail).on("exit", done));
    });
    expect(await Promise.all(threads)).toEqual([0, 0, 0]);
    expect(readdirSync(directory)).toEqual(["model.safetensors"]);
  });
});

describe("sweeping", () => {
  const dead = spawnSync("true").pid;
  // As the names of temporary files spell this host.
  const here = [...hostname()].reduce((hash, c) => (Math.imul(hash, 31) + c.codePointAt(0)!) >>> 0, 7).toString(36);
  const longAgo = new Date(Date.now() - process.uptime() * 1000 - 60_000);

  it("removes what killed saves of the same target left, and nothing else", async () => {
    const keep = [
      `.other.safetensors.${here}-${dead}-a1.tmp`, // of another target
      `.model.safetensors.${here}-${dead}.tmp`,
      `.model.safetensors.${here}-${dead}-a1.tmp.bak`,
      `.model.safetensors.${here}-x-a1.tmp`,
      `model.safetensors.${here}-${dead}-a1.tmp`,
      ".model.safetensors.backup.tmp",
      `.model.safetensors.${here}-${process.ppid}-a1.tmp`, // of a process that lives
      `.model.safetensors.${here}-${process.pid}-fresh.tmp`, // perhaps of another thread
      `.model.safetensors.${here}-99999999999999999999-a1.tmp`, // no pid
      `.model.safetensors.elsewhere-${dead}-a1.tmp`, // of another host on a shared disk, which cannot be asked
    ];
    const stale = [
      `.model.safetensors.${here}-${dead}-a1.tmp`,
      `.model.safetensors.${here}-${dead}-0z.tmp`,
      `.model.safetensors.${here}-${process.pid}-old.tmp`,
      `.model.safetensors.elsewhere-${dead}-old.tmp`,
    ];
    for (const name of [...keep, ...stale]) writeFileSync(join(directory, name), "");
    utimesSync(join(directory, stale[2]!), longAgo, longAgo); // of a process before us with our pid
    const hours = new Date(Date.now() - 2 * 3_600_000);
    utimesSync(join(directory, stale[3]!), hours, hours);
    await writeFileAtomic(target, text("new"));
    expect(readdirSync(directory).sort()).toEqual([...keep, "model.safetensors"].sort());
  });

  it("keeps what this very process is writing, even where its clock was set", async () => {
    const uptime = vi.spyOn(process, "uptime").mockReturnValue(-60);
    await Promise.all([1, 2, 3].map((i) => writeFileAtomic(target, new Uint8Array(1e6).fill(i))));
    uptime.mockRestore();
    expect(statSync(target).size).toBe(1e6);
  });
});

describe("a host without a disk", () => {
  it("is an E_NO_DISK that names the way out", async () => {
    const without = [undefined, {}, { getBuiltinModule: () => undefined }];
    for (const process of without) {
      vi.stubGlobal("process", process);
      const errors = [await refusal(readFile("x")), await refusal(writeFileAtomic("x", text("")))];
      vi.unstubAllGlobals();
      expect(errors.map(({ code }) => code)).toEqual(["E_NO_DISK", "E_NO_DISK"]);
      expect(errors[0]!.message).toMatch(/toBytes and fromBytes/);
    }
  });

  it("loads every file of src/files all the same: no import of a host's module", async () => {
    const folder = fileURLToPath(new URL("../../src/files/", import.meta.url));
    const entryPoints = ["json", "safetensors", "disk", "idx"].map((name) => join(folder, `${name}.ts`));
    const { errors } = await build({
      entryPoints,
      bundle: true,
      platform: "browser",
      format: "esm",
      write: false,
      outdir: root,
    });
    expect(errors).toEqual([]);
  });
});
