// What `--data` names: digits, mnist, or files: IDX or CSV, told apart by what is in them.
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { digits } from "../../index.js";
import { readCsv } from "./csv.js";
import { type Data, dataOf } from "./examples.js";
import { readImages } from "./images.js";
import { mnist } from "./mnist.js";

export interface DataOptions {
  /** The CSV column that holds the labels. Default: the last. */
  label?: string | undefined;
  /** Multiplies the inputs. Default: 1/255 for bytes, else 1. */
  scale?: number | undefined;
}

/** A file of data, unpacked. */
export interface DataFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The most that a gzipped file may unpack to. */
const mostBytes = 2 ** 31 - 1;

/** Reads what `--data` names. @throws {Error} what is wrong with it, and where. */
export async function dataFrom(source: string, options: DataOptions = {}): Promise<Data> {
  const classes = Array.from({ length: 10 }, (_, digit) => String(digit));
  if (source === "digits") return { ...(await digits()), classes, picture: [8, 8] };
  if (source === "mnist") return { ...(await mnist()), classes, picture: [28, 28] };
  const files = await Promise.all((await pathsOf(source)).map(open));
  const idx = files.filter(({ bytes }) => bytes[0] === 0 && bytes[1] === 0);
  if (idx.length === files.length) return dataOf(await readImages(files), options.scale);
  if (idx.length === 0 && files.length <= 2) return dataOf(readCsv(files, options.label), options.scale);
  const names = files.map(({ name }) => name).join(", ");
  throw new Error(`data: ${names}: give IDX files, or a CSV file to train on, and a second one to test on`);
}

/** A file, several with commas between, or the IDX files of a folder. */
async function pathsOf(source: string): Promise<string[]> {
  const found = await stat(source).catch(() => undefined);
  if (found?.isFile()) return [source];
  if (found?.isDirectory()) {
    const names = (await readdir(source)).filter((name) => /idx\d.*ubyte|\.idx(\.gz)?$/i.test(name)).sort();
    if (names.length > 0) return names.map((name) => join(source, name));
    throw new Error(`data: the folder ${source} has no IDX files, such as train-images-idx3-ubyte.gz`);
  }
  const paths = source.split(",");
  for (const path of paths)
    if (!(await stat(path).catch(() => undefined))?.isFile())
      throw new Error(
        `data: there is no file ${path}; data is digits, mnist, a CSV file, or IDX files or their folder`,
      );
  return paths;
}

async function open(path: string): Promise<DataFile> {
  const bytes = await readFile(path);
  const name = basename(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return { name, bytes };
  try {
    return { name, bytes: await promisify(gunzip)(bytes, { maxOutputLength: mostBytes }) };
  } catch (cause) {
    throw new Error(`data: ${name} is no whole gzip file; fetch it again`, { cause });
  }
}
