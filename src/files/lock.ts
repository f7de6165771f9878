import { FileError } from "../errors.js";
import { gone, type Host } from "./host.js";

/** What this instance has claimed. */
const claimed = new Set<string>();

/**
 * Claims a file for one user, and gives what lets go of it again. What killed processes of this host had claimed is free.
 *
 * A claim is a file `.NAME.HOST-PID-RANDOM.lock` beside it. Each first makes its own and then looks for those of others: unlike
 * one lock that is taken over from the dead, this can never be taken by two. Of two processes that come in the same moment none
 * may get it.
 * @throws FileError E_LOCKED while another has it
 */
export async function lock(host: Host, target: string): Promise<() => Promise<void>> {
  const { fs, join, token } = host;
  const locked = (by: string) =>
    new FileError(`${target} is in use by another search, as ${by}; wait for its end`, "E_LOCKED");
  if (claimed.has(target)) throw locked("this program runs it");
  claimed.add(target);
  const directory = host.dirname(target);
  const name = [...host.basename(target)];
  if (name.length > 48) name.splice(24, name.length - 48); // names end at 255 bytes
  const prefix = `.${name.join("")}.`;
  const random = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);
  const own = `${prefix}${token}-${process.pid}-${random}.lock`;
  const letGo = async (): Promise<void> => {
    await fs.rm(join(directory, own), { force: true }).catch(() => {}); // what stays is free once this process ends
    claimed.delete(target);
  };
  try {
    await fs.writeFile(join(directory, own), "", { flag: "wx" });
    for (const other of await fs.readdir(directory)) {
      if (!other.startsWith(prefix) || other === own) continue;
      const [, owner, pid] = /^([0-9a-z]+)-(\d+)-[0-9a-z]+\.lock$/.exec(other.slice(prefix.length)) ?? [];
      if (owner === undefined) continue;
      const path = join(directory, other);
      if (owner !== token || !(await gone(host, path, Number(pid))))
        throw locked(`${path} says: remove that file if there is no such search`);
      await fs.rm(path, { force: true });
    }
    return letGo;
  } catch (failure) {
    await letGo();
    throw failure;
  }
}
