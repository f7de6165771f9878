import { FileError } from "../errors.js";
import { codeOf, disk, gone, type Host, older, reason, syncDirectory } from "./host.js";

/**
 * The bytes of a file on the host's disk.
 * @throws FileError E_READ with its cause, E_NO_DISK on hosts without one
 */
export async function readFile(path: string | URL): Promise<Uint8Array> {
  const { fs } = disk();
  try {
    const bytes = await fs.readFile(path);
    // A buffer of its own: a small file may lie at an odd place of a buffer that others share.
    const own = bytes.length === bytes.buffer.byteLength;
    return own ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
  } catch (cause) {
    const fix = "check that it is there, is a file and may be read";
    throw new FileError(`readFile: ${path}: ${reason(cause)}; ${fix}`, "E_READ", undefined, { cause });
  }
}

/**
 * Replaces a file in one step: whenever the process or the machine stops, the path holds the old bytes or the new, whole.
 *
 * The bytes go to a temporary file beside it, to the disk, and then under its name; links to files are followed and the mode is
 * kept. Of saves to one path at the same time the last to finish wins. `bytes` must not change until then.
 * Temporary files of the same name that a killed process left behind are removed first.
 * @throws FileError E_WRITE with its cause, the old file untouched; E_NO_DISK on hosts without a disk
 */
export async function writeFileAtomic(path: string | URL, bytes: Uint8Array): Promise<void> {
  const host = disk();
  try {
    const old = await host.fs.stat(path).catch(absent);
    if (old && !old.isFile()) throw new Error("it is there and no regular file");
    const target = old ? await host.fs.realpath(path) : host.plain(path);
    const place = new Place(host, target);
    await place.sweep();
    await place.replace(bytes, old && old.mode & 0o7777);
  } catch (cause) {
    const fix = "check that the directory is there, may be written and has room; what was there is unchanged";
    throw new FileError(`writeFileAtomic: ${path}: ${reason(cause)}; ${fix}`, "E_WRITE", undefined, { cause });
  }
}

/** Another host's process cannot be asked whether it lives: its temporary files on a shared disk are left this long. */
const foreignAge = 3_600_000;

/** Names of the temporary files that saves of this instance are writing. */
const writing = new Set<string>();

/** A path to be replaced: its directory, and `.NAME.HOST-PID-RANDOM.tmp` beside it while a save lasts. */
class Place {
  private readonly directory: string;
  private readonly prefix: string;

  constructor(
    private readonly host: Host,
    private readonly target: string,
  ) {
    this.directory = host.dirname(target);
    this.prefix = `.${[...host.basename(target)].slice(0, 48).join("")}.`; // cut: names end at 255 bytes
  }

  async replace(bytes: Uint8Array, mode: number | undefined): Promise<void> {
    const { fs, join } = this.host;
    const random = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);
    const name = `${this.prefix}${this.host.token}-${process.pid}-${random}.tmp`;
    const temp = join(this.directory, name);
    writing.add(name);
    try {
      const file = await fs.open(temp, "wx", mode);
      try {
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        if (mode !== undefined) await fs.chmod(temp, mode); // open() left out what the umask forbids
        await this.rename(temp);
      } catch (failure) {
        await fs.rm(temp, { force: true }).catch(() => {});
        throw failure;
      }
    } finally {
      writing.delete(name);
    }
    await syncDirectory(this.host, this.directory); // the file itself is whole either way
  }

  /** Removes what killed saves of this target left; that it could not is no reason to fail a save. */
  async sweep(): Promise<void> {
    const { fs, join } = this.host;
    for (const name of await fs.readdir(this.directory).catch(() => [])) {
      if (!name.startsWith(this.prefix) || writing.has(name)) continue;
      const [, token, pid] = /^([0-9a-z]+)-(\d+)-[0-9a-z]+\.tmp$/.exec(name.slice(this.prefix.length)) ?? [];
      if (pid === undefined) continue;
      const temp = join(this.directory, name);
      if (
        token === this.host.token ? await gone(this.host, temp, Number(pid)) : await older(this.host, temp, foreignAge)
      )
        await fs.rm(temp, { force: true }).catch(() => {});
    }
  }

  /** Windows refuses while a virus scanner or an indexer holds one of the two files; that passes. */
  private async rename(temp: string): Promise<void> {
    for (let wait = 10; ; wait *= 2) {
      try {
        return await this.host.fs.rename(temp, this.target);
      } catch (failure) {
        const passing = process.platform === "win32" && ["EPERM", "EACCES", "EBUSY"].includes(codeOf(failure));
        if (!passing || wait > 500) throw failure;
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }
}

function absent(failure: unknown): undefined {
  if (codeOf(failure) !== "ENOENT") throw failure;
}
