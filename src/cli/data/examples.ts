import { type Dataset, dataset } from "../../index.js";

/** Labelled examples, to train on and to test on. */
export interface Data {
  readonly train: Dataset;
  readonly test: Dataset;
  /** What the labels 0, 1, … stand for. */
  readonly classes: readonly string[];
  /** Height and width, where examples are pictures from 0 to 1, row by row. */
  readonly picture?: readonly [number, number] | undefined;
}

/** Examples as a file has them. */
export interface Examples {
  /** Where they come from, for errors. */
  readonly name: string;
  readonly inputs: Float32Array | Uint8Array;
  readonly labels: readonly string[];
  readonly picture?: readonly [number, number] | undefined;
}

/** Examples to train on; and to test on, if they come apart. */
export interface Parts {
  readonly train: Examples;
  readonly test: Examples | undefined;
}

/** Held out to test on where a source does not say. */
const heldOut = 0.2;
const [leastExamples, mostClasses, wellScaled] = [10, 1000, 20];

/** Datasets of examples, their labels numbered. @throws {Error} if they do not fit each other, or there is nothing to tell apart. */
export function dataOf({ train, test }: Parts, scale?: number): Data {
  const parts = test === undefined ? [train] : [train, test];
  for (const { name, labels } of parts)
    if (labels.length < leastExamples)
      throw new Error(`data: ${name} has ${labels.length} examples; it needs ${leastExamples} at least`);
  const widths = parts.map(({ inputs, labels }) => inputs.length / labels.length);
  if (widths.some((width) => width !== widths[0]))
    throw new Error(
      `data: an example of ${train.name} is ${widths[0]} numbers, one of ${test?.name} ${widths[1]}; they must be alike`,
    );
  const classes = classesOf(parts);
  const numbers = new Map(classes.map((name, i) => [name, i]));
  if (scale === undefined) adviseScale(train);
  const [whole, apart] = parts.map(({ inputs, labels }) =>
    dataset(
      inputs,
      Int32Array.from(labels, (label) => numbers.get(label)!),
      {
        inputShape: [widths[0]!],
        scale: scale ?? (inputs instanceof Uint8Array ? 1 / 255 : 1),
      },
    ),
  );
  const { picture } = train;
  if (apart !== undefined) return { train: whole!, test: apart, classes, picture };
  const [rest, held] = whole!.split({ holdOut: heldOut, seed: 0 });
  return { train: rest, test: held, classes, picture };
}

function classesOf(parts: readonly Examples[]): string[] {
  const [{ name }] = parts as [Examples];
  const classes = [...new Set(parts.flatMap(({ labels }) => labels))];
  const numeric = classes.every((label) => Number.isFinite(Number(label)));
  if (classes.length === 1)
    throw new Error(`data: all examples of ${name} have the label ${classes[0]}; there is nothing to tell apart`);
  if (classes.length > mostClasses || (numeric && classes.some((label) => !Number.isInteger(Number(label)))))
    throw new Error(
      `data: the labels of ${name} are ${classes.length} different values, such as ${classes[0]}; classes are integers or names, ${mostClasses} at most`,
    );
  return numeric ? classes.sort((a, b) => Number(a) - Number(b)) : classes.sort();
}

/** Networks start out for inputs around 1; far from that they learn badly, and nothing else would say so. */
function adviseScale({ name, inputs }: Examples): void {
  if (inputs instanceof Uint8Array) return;
  const largest = inputs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest > wellScaled)
    console.error(`data: inputs of ${name} go up to ${largest}; scale its columns to about 1, or all with --scale`);
}
