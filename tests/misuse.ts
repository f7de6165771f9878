// Calls that types forbid and plain JavaScript makes all the same: each ends in an error of ours that says what came.
import { afterAll, describe, expect, test } from "vitest";
import * as spokeshave from "../src/index.js";
import { zeroLeaks } from "./grid.js";

const { SpokeshaveError, memory } = spokeshave;

/** The library without types, as a caller without them sees it. */
// biome-ignore lint/suspicious/noExplicitAny: that is the point
export const s = spokeshave as any;

/** Operands that a call may need to get as far as its mistake. */
function operands() {
  const x = s.tensor([1, 2, 3, 4], [2, 2]);
  const i = s.tensor(new Int32Array([0, 1]));
  const model = s.nn.sequential([s.nn.linear(2, 2)], { seed: 1 });
  const data = s.dataset(new Float32Array(8), new Uint8Array(4), { inputShape: [2] });
  return { x, i, model, data, optimizer: s.optim.adam() };
}
export type Operands = ReturnType<typeof operands>;

/** A call as it is written, how it is made, and what the error says. */
export type Misuse = [name: string, call: (o: Operands) => unknown, message?: RegExp];

/** Makes each call, and asserts that it is refused. */
export function refuses(calls: readonly Misuse[]): void {
  zeroLeaks();

  describe("refused, and nothing is left behind:", () => {
    afterAll(() => expect(memory().collected).toBe(0));

    test.each<Misuse>(calls)("%s", async (_, call, message = /.+: .+/) => {
      const o = operands();
      const before = memory().tensors;
      // A call may throw, or return a promise that rejects.
      const error = await (async () => call(o))().then(
        () => undefined,
        (failure: unknown) => failure,
      );
      expect(error).toBeInstanceOf(SpokeshaveError);
      expect((error as Error).message).toMatch(message);
      expect(memory().tensors).toBe(before);
      for (const t of [o.x, o.i, o.model]) t.dispose();
    });
  });
}
