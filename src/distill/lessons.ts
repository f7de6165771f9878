import { ArgumentError } from "../errors.js";
import { scope } from "../scope.js";
import { type Shape, sizeOf } from "../shape.js";
import { contents, place, type Tensor } from "../tensor.js";
import { type Batch, copyRows, type Dataset } from "../train/dataset.js";

/** Examples, and what the teacher makes of them: its output, then the values that hints ask for. */
export interface Lesson extends Batch {
  readonly taught: readonly Tensor[];
}

/** Puts inputs to the teacher. */
export type Ask = (x: Tensor) => readonly Tensor<"f32">[];

/** What the teacher made of all examples, in the host's memory: numbers of one shape per example. */
interface Notes {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/**
 * A dataset whose batches come with what the teacher makes of them. Every example is put to it once, when it is first met, so that
 * a training that is stopped early has not waited for the rest; with `cache` false it is each time, for data that are never
 * twice the same.
 */
export class Lessons implements Dataset {
  private readonly known: Uint8Array;
  private notes: readonly Notes[] | undefined;

  constructor(
    private readonly data: Dataset,
    private readonly ask: Ask,
    private readonly cache: boolean,
  ) {
    this.known = new Uint8Array(cache ? data.size : 0);
  }

  get size(): number {
    return this.data.size;
  }

  get inputShape(): Shape {
    return this.data.inputShape;
  }

  batch(indices: ArrayLike<number>): Lesson {
    return scope(() => {
      const { x, y } = this.data.batch(indices);
      const unknown = this.cache ? Array.from(indices).filter((i) => this.known[i] === 0) : indices;
      if (unknown.length === indices.length) return { x, y, taught: this.put(indices, x) };
      if (unknown.length > 0) this.put(unknown, this.data.batch(unknown).x);
      return { x, y, taught: this.notes!.map((notes) => recall(notes, indices)) };
    });
  }

  take(n: number, options?: { start?: number }): Dataset {
    return this.data.take(n, options);
  }

  split(options: { holdOut: number; seed: number }): [Dataset, Dataset] {
    return this.data.split(options);
  }

  /** Asks the teacher, and takes notes. */
  private put(indices: ArrayLike<number>, x: Tensor): readonly Tensor[] {
    const answers = this.ask(x);
    for (const answer of answers) checkAnswer(answer, indices);
    if (!this.cache) return answers;
    this.notes ??= answers.map((answer) => blank(this.size, answer.shape.slice(1)));
    for (const [k, { shape, values }] of this.notes.entries()) {
      const width = sizeOf(shape);
      const answer = contents(answers[k]!);
      for (let i = 0; i < indices.length; i++)
        values.set(answer.subarray(i * width, (i + 1) * width), indices[i]! * width);
    }
    for (let i = 0; i < indices.length; i++) this.known[indices[i]!] = 1;
    return answers;
  }
}

function recall({ shape, values }: Notes, indices: ArrayLike<number>): Tensor<"f32"> {
  const t = place([indices.length, ...shape], "f32");
  copyRows(contents(t), values, indices, sizeOf(shape));
  return t;
}

function blank(size: number, shape: Shape): Notes {
  try {
    return { shape, values: new Float32Array(size * sizeOf(shape)) };
  } catch (cause) {
    throw new ArgumentError(
      `teach: ${size} examples with ${sizeOf(shape)} numbers of the teacher's each are more than this host keeps; pass cache: false`,
      { cause },
    );
  }
}

/** One row per example, and nothing that would make every parameter NaN. */
function checkAnswer(answer: Tensor<"f32">, indices: ArrayLike<number>): void {
  if (answer.shape[0] !== indices.length)
    throw new ArgumentError(`teach: the teacher made ${answer} of ${indices.length} examples; it needs a row for each`);
  const bad = contents(answer).findIndex((value) => !Number.isFinite(value));
  if (bad === -1) return;
  const example = indices[Math.floor(bad / (answer.size / indices.length))];
  throw new ArgumentError(
    `teach: the teacher makes ${contents(answer)[bad]} of example ${example}; look for NaN in its parameters and the data`,
  );
}
