import { GradientError } from "./errors.js";
import type { Op, OutPlan } from "./op.js";
import type { Tensor } from "./tensor.js";

/** One step of the forward pass. Inputs and output are handles of the tape's own, so that the caller may dispose of his. */
export interface Entry {
  readonly op: Op<unknown>;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly params: unknown;
  readonly plan: OutPlan;
}

/** What happened since a value was marked, in order; a tensor with an id depends on a marked one. */
export class Tape {
  readonly ids = new Map<Tensor, number>();
  readonly entries: Entry[] = [];
  private next = 0;

  mark(t: Tensor): void {
    if (!this.ids.has(t)) this.ids.set(t, this.next++);
  }

  dispose(): void {
    for (const entry of this.entries) release(entry);
  }
}

const tapes: Tape[] = [];

/** Runs `fn` with `tape` listening. */
export function listen<T>(tape: Tape, fn: () => T): T {
  tapes.push(tape);
  try {
    return fn();
  } finally {
    tapes.splice(tapes.indexOf(tape), 1);
  }
}

/** Whether any tape listens. */
export function recording(): boolean {
  return tapes.length > 0;
}

/** Whether it depends on what a tape has marked. */
export function traced(t: Tensor): boolean {
  return tapes.some((tape) => tape.ids.has(t));
}

/** Guards what is about to leave the tape, as the codes of a packed weight: no gradient would come back. @throws {GradientError} */
export function checkUntraced(who: string, t: Tensor): void {
  if (traced(t))
    throw new GradientError(
      `${who}: a gradient is asked of ${t}, and none goes through here; wrap it in stopGradient(), or train with qat()`,
    );
}

/** Writes a step to each tape that knows one of its inputs. */
export function record(
  op: Op<unknown>,
  inputs: readonly Tensor[],
  output: Tensor,
  params: unknown,
  plan: OutPlan,
): void {
  if (output.dtype !== "f32") return;
  for (const tape of tapes) {
    if (!inputs.some((input) => tape.ids.has(input))) continue;
    tape.mark(output);
    tape.entries.push({ op, inputs: inputs.map(handle), output: handle(output), params, plan });
  }
}

/** A second handle that every tape takes for the first. */
function handle(t: Tensor): Tensor {
  const same = t.alias(t.shape, true);
  for (const tape of tapes) {
    const id = tape.ids.get(t);
    if (id !== undefined) tape.ids.set(same, id);
  }
  return same;
}

export function release(entry: Entry): void {
  for (const input of entry.inputs) input.dispose();
  entry.output.dispose();
}
