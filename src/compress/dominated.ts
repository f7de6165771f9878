import type { Stopper } from "../search/stopper.js";
import { trialEpochs } from "./space.js";

/** Standard errors that are more than chance. */
const sure = 2;

/**
 * Ends a trial that does worse, beyond chance, than one that aims at no larger file did when as much of it was done: it will hardly
 * come to the front.
 *
 * @param examples of the validation data.
 */
export function dominated(examples: number): Stopper {
  return {
    name: "dominated",
    stop({ step, value, draws, history }) {
      return history.some((other) => {
        if (other.state !== "done" || !((other.draws.bytes as number) <= (draws.bytes as number))) return false;
        const share = step / trialEpochs(draws.epochs as number);
        const then = other.curve[Math.ceil(share * other.curve.length) - 1];
        return then !== undefined && value - then > sure * Math.sqrt((2 * then * (1 - Math.min(then, 1))) / examples);
      });
    },
  };
}
