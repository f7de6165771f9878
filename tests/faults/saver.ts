/** The process that tests/faults/kill.test.ts kills: saves one version after the other, and what it saves. */
import { createHash } from "node:crypto";
import { writeFileAtomic } from "../../src/files/disk.js";

const mostBytes = 2 ** 21;

/** The bytes of a version: its number, its length and a filling that both decide. */
export function contentOf(version: number): Uint8Array {
  const seed = createHash("sha256").update(String(version)).digest();
  const length = 1024 + (seed.readUInt32LE(0) % mostBytes);
  const bytes = Buffer.alloc(length, seed);
  bytes.writeUInt32LE(version, 0);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
}

/** The version that these bytes are, wholly and without a byte more; otherwise an error. */
export function versionOf(bytes: Uint8Array): number {
  if (bytes.length < 4) throw new Error(`torn: ${bytes.length} bytes`);
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (Buffer.compare(bytes, contentOf(version)) !== 0) throw new Error(`torn: version ${version}`);
  return version;
}

const [, , task, target, from] = process.argv;
if (task === "save-forever" && target) {
  process.send!("ready");
  for (let version = Number(from); ; version++) {
    await writeFileAtomic(target, contentOf(version));
    process.send!(version);
  }
}
if (task === "save-once" && target) {
  try {
    await writeFileAtomic(target, contentOf(Number(from)));
    process.send!("saved");
  } catch (error) {
    const { name, code, message } = error as { name: string; code: string; message: string };
    process.send!({ name, code, message });
  }
}
