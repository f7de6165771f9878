import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Guards the place of a result before the work for it begins. @throws {Error} if nothing can be written there. */
export async function checkWritable(path: string): Promise<void> {
  const folder = dirname(path);
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && !there.isFile()) throw new Error(`${path} is there and no file; give another path`);
  await access(folder, constants.W_OK).catch((cause: NodeJS.ErrnoException) => {
    const what = cause.code === "ENOENT" ? "is not there" : "may not be written";
    throw new Error(`${path} cannot be written: the folder ${folder} ${what}`, { cause });
  });
}
