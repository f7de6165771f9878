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
 * Examples that are put to the teacher together: neighbours, whichever of them was asked for. The last bits of an answer may depend
 * on how many are asked at once, and must not depend on where a training was stopped and resumed.
 */
const block = 32;

/**
 * A dataset whose batches come with what the teacher makes of them. Every example is put to it once, when one of its block is first
 * met, so that a training that is stopped early has not waited for all the rest; with `cache` false it is each time, for data that
 * are never twice the same.
 */
export class Lessons implements Dataset {
  /** Which blocks are in the notes. */
  private readonly known: Uint8Array;
  private notes: readonly Notes[] = [];

  constructor(
    private readonly data: Dataset,
    private readonly ask: Ask,
    private readonly cache: boolean,
  ) {
    this.known = new Uint8Array(Math.ceil(data.size / block));
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
      if (!this.cache) return { x, y, taught: this.answers(x, indices) };
      for (let i = 0; i < indices.length; i++) {
        const at = Math.floor(indices[i]! / block);
        if (this.known[at] === 0) this.learn(at);
      }
      return { x, y, taught: this.notes.map((notes) => recall(notes, indices)) };
    });
  }

  take(n: number, options?: { start?: number }): Dataset {
    return this.data.take(n, options);
  }

  split(options: { holdOut: number; seed: number }): [Dataset, Dataset] {
    return this.data.split(options);
  }

  private answers(x: Tensor, indices: ArrayLike<number>): readonly Tensor<"f32">[] {
    const answers = this.ask(x);
    for (const answer of answers) checkAnswer(answer, indices);
    return answers;
  }

  /** Takes notes of a block. */
  private learn(at: number): void {
    scope(() => {
      const start = at * block;
      const indices = Array.from({ length: Math.min(block, this.size - start) }, (_, i) => start + i);
      const answers = this.answers(this.data.batch(indices).x, indices);
      if (this.notes.length === 0) this.notes = answers.map((answer) => blank(this.size, answer.shape.slice(1)));
      for (const [k, { shape, values }] of this.notes.entries())
        values.set(contents(answers[k]!), start * sizeOf(shape));
    });
    this.known[at] = 1;
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
