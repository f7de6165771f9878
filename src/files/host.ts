import { FileError } from "../errors.js";

export type Host = ReturnType<typeof disk>;

/**
 * The host's modules, asked for at run time: a static import of them would not load in browsers and some workers.
 * @throws FileError E_NO_DISK with the fix, on hosts without a disk
 */
export function disk(fix = "use toBytes and fromBytes, and store the bytes where you like") {
  const host = globalThis.process;
  const fs = host?.getBuiltinModule?.("fs");
  if (!fs) throw new FileError(`this host gives no access to a disk; ${fix}`, "E_NO_DISK");
  const { basename, dirname, join } = host.getBuiltinModule("path");
  const { fileURLToPath } = host.getBuiltinModule("url");
  // Short, and of characters that every file system takes.
  const token = [...host.getBuiltinModule("os").hostname()]
    .reduce((hash, c) => (Math.imul(hash, 31) + c.codePointAt(0)!) >>> 0, 7)
    .toString(36);
  const plain = (path: string | URL) => (typeof path === "string" ? path : fileURLToPath(path));
  return { fs: fs.promises, basename, dirname, join, plain, token };
}

/**
 * Whether the process of this host that made the file is gone. Under our own pid it may come from another thread or copy of
 * this module, which still uses it, or from a process before us: in containers every one may have the pid 1.
 */
export async function gone(host: Host, path: string, pid: number): Promise<boolean> {
  if (pid === process.pid) return older(host, path, process.uptime() * 1000);
  try {
    process.kill(pid, 0); // signal 0 only asks
    return false;
  } catch (answer) {
    return codeOf(answer) === "ESRCH"; // EPERM: alive and someone else's
  }
}

export async function older({ fs }: Host, path: string, ms: number): Promise<boolean> {
  const { mtimeMs } = await fs.stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  return mtimeMs < Date.now() - ms;
}

/** Makes new names in a directory survive a power cut, where directories can be synced. */
export async function syncDirectory({ fs }: Host, path: string): Promise<void> {
  const directory = await fs.open(path, "r").catch(() => undefined);
  await directory?.sync().catch(() => {});
  await directory?.close().catch(() => {});
}

export function codeOf(failure: unknown): string {
  return String((failure as { code?: unknown } | undefined)?.code);
}

export function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
