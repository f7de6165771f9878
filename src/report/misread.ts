import { ArgumentError, argmax, type Batch, type Dataset, type Model, scope, type Tensor } from "../index.js";
import type { Misread } from "./data.js";

export interface MisreadOptions {
  readonly dense: Model;
  readonly best: Model;
  readonly test: Dataset;
  /** Height and width of a picture. */
  readonly picture: readonly [height: number, width: number];
  /** What labels are called. Default: by their numbers. */
  readonly classes?: readonly string[] | undefined;
}

/** How many pictures are shown, and how many examples are read at once. */
const [most, batchSize] = [36, 500];

/** What the best model takes for something else: first what the dense one does not. */
export async function misreadOf({ dense, best, test, picture, classes }: MisreadOptions): Promise<Misread> {
  const [height, width] = picture;
  const size = test.inputShape.reduce((product, length) => product * length, 1);
  if (width * height !== size)
    throw new ArgumentError(`reportData: picture is ${height} × ${width}, but an example is ${size} numbers`);
  const labels = await read(test, ({ y }) => y);
  const byDense = await read(test, ({ x }) => argmax(dense.apply(dense.params, x)));
  const byBest = await read(test, ({ x }) => argmax(best.apply(best.params, x)));
  const wrong = Array.from(labels.keys()).filter((i) => byBest[i] !== labels[i]);
  const known = wrong.filter((i) => byDense[i] !== labels[i]);
  const shown = [...wrong.filter((i) => !known.includes(i)), ...known].slice(0, most);
  const pixels = shown.length === 0 ? [] : await inputs(test, shown);
  const [least, range] = rangeOf(pixels);
  const called = (label: number): string => classes?.[label] ?? String(label);
  return {
    ...{ width, height, best: wrong.length, both: known.length },
    dense: labels.filter((label, i) => byDense[i] !== label).length,
    pictures: shown.map((i, at) => ({
      pixels: Array.from(pixels.slice(at * size, (at + 1) * size), (value) =>
        Math.round(((value - least) / range) * 15).toString(16),
      ).join(""),
      ...{ label: called(labels[i]!), dense: called(byDense[i]!), best: called(byBest[i]!) },
    })),
  };
}

/** A number for each example, some at a time. */
async function read(data: Dataset, of: (batch: Batch) => Tensor): Promise<Int32Array> {
  const all = new Int32Array(data.size);
  for (let first = 0; first < data.size; first += batchSize) {
    const indices = Array.from({ length: Math.min(batchSize, data.size - first) }, (_, i) => first + i);
    const numbers = scope(() => of(data.batch(indices)));
    all.set(await numbers.data(), first);
    numbers.dispose();
  }
  return all;
}

async function inputs(data: Dataset, indices: readonly number[]): Promise<Float32Array> {
  const x = scope(() => data.batch(indices).x);
  const pixels = await x.data();
  x.dispose();
  return pixels;
}

/** The least, and how far it is to the most: some number where there is nothing between. */
function rangeOf(values: ArrayLike<number>): [least: number, range: number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, values[i]!);
    most = Math.max(most, values[i]!);
  }
  return [least, most > least ? most - least : 1];
}
