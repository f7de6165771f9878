import { type IdxTensor, readIdx } from "../../index.js";
import type { Examples, Parts } from "./examples.js";
import type { DataFile } from "./source.js";

/** Images and their labels in IDX files; those whose names say so (`t10k`, `test`) are to test on. */
export async function readImages(files: readonly DataFile[]): Promise<Parts> {
  const named = await Promise.all(files.map(async ({ name, bytes }) => ({ name, tensor: await read(name, bytes) })));
  const isTest = ({ name }: Named): boolean => /t10k|test/i.test(name);
  const [train, test] = [named.filter((file) => !isTest(file)), named.filter(isTest)];
  if (train.length === 0) return { train: pair(test), test: undefined };
  return { train: pair(train), test: test.length === 0 ? undefined : pair(test) };
}

interface Named {
  readonly name: string;
  readonly tensor: IdxTensor;
}

async function read(name: string, bytes: Uint8Array): Promise<IdxTensor> {
  try {
    return await readIdx(bytes);
  } catch (cause) {
    throw new Error(`data: ${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** The file of images and the file of labels, told apart by how many axes they have. */
function pair(files: readonly Named[]): Examples {
  const images = files.filter(({ tensor }) => tensor.shape.length > 1);
  const labels = files.filter(({ tensor }) => tensor.shape.length === 1);
  const names = files.map(({ name }) => name).join(", ");
  if (images.length !== 1 || labels.length !== 1)
    throw new Error(
      `data: ${names}: ${images.length} files of images and ${labels.length} of labels; one of each is needed`,
    );
  const [image, label] = [images[0]!, labels[0]!];
  const [count] = image.tensor.shape;
  if (count !== label.tensor.shape[0])
    throw new Error(`data: ${image.name} has ${count} images, ${label.name} ${label.tensor.shape[0]} labels`);
  const { data } = image.tensor;
  const inputs = data instanceof Uint8Array ? data : Float32Array.from(data);
  const odd = inputs.findIndex((value) => !Number.isFinite(value));
  if (odd !== -1) throw new Error(`data: ${image.name}: value ${odd} is ${inputs[odd]}; all must be finite`);
  const { shape } = image.tensor;
  const picture = data instanceof Uint8Array && shape.length === 3 ? ([shape[1]!, shape[2]!] as const) : undefined;
  return { name: image.name, inputs, labels: Array.from(label.tensor.data, String), picture };
}
