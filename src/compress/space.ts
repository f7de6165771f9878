import { inherit } from "../distill/inherit.js";
import { readersOf } from "../graph.js";
import type { Model } from "../model.js";
import type { Space } from "../search/space.js";
import type { Dataset } from "../train/dataset.js";
import { guessBytes, keptFor } from "./size.js";

/** How a candidate is made. */
export interface Settings {
  /** Share of their neurons that hidden layers keep. */
  readonly width: number;
  /** Share of the weights that are to be 0. */
  readonly sparsity: number;
  /** Of the code of a weight. */
  readonly bits: 2 | 4 | 8;
  /** At which teacher and student are compared, and the share of the labels in the loss: see `kd`. */
  readonly temperature: number;
  readonly alpha: number;
  /** Learning rate at the start; it falls to 0 along a cosine. */
  readonly lr: number;
  /** Passes over the data that make a candidate. */
  readonly epochs: number;
}

/** The given model at each width that is tried, to start from. */
export type Starts = ReadonlyMap<number, Model>;

/** Sizes of a file that trials aim at: the smallest and the largest. */
export type Sizes = readonly [low: number, high: number];

const narrowest = 0.25;
/** Examples to which narrower layers are fitted, and the ridge that keeps that steady. */
const [calibrated, l2] = [512, 1e-3];
/** Sizes are guessed before, and grow a little with more training: trials aim at so much of the budget. */
const margin = 0.9;

export function startsOf(model: Model, data: Dataset): Starts {
  const { graph } = model;
  const hidden = model.weights.filter(({ node }) => {
    const readers = readersOf(graph, node.name);
    return readers?.every(({ op, attributes }) => op === "linear" && attributes.in === node.attributes.out);
  });
  const starts = new Map([[1, model.with({})]]);
  if (hidden.length > 0)
    for (let width = narrowest; width < 1; width += narrowest) {
      const of = (out: number) => Math.max(1, Math.round(out * width));
      const widths = Object.fromEntries(hidden.map(({ node }) => [node.name, of(node.attributes.out as number)]));
      starts.set(width, inherit(model, { widths, calibration: data.take(calibrated), l2 }));
    }
  return starts;
}

/** Up to the budget, or to a file of all weights in 8 bits. */
export function sizesOf(model: Model, budget: number | undefined): Sizes {
  const whole = guessBytes(model, 1, 8);
  if (budget === undefined) return [whole / 32, whole];
  const high = Math.min(whole, budget * margin);
  return [high / 4, high];
}

/** A draw of each setting, but of the sparsity: it follows from the size that a trial aims at. */
export function spaceOf(starts: Starts, [low, high]: Sizes, epochs: number): Space<Settings> {
  return (draw) => {
    const width = starts.size === 1 ? 1 : draw.float("width", narrowest, 1, { step: narrowest });
    const bits = draw.choice("bits", [2, 4, 8]);
    const bytes = draw.float("bytes", low, high, { log: true });
    return {
      ...{ width, bits, sparsity: 1 - keptFor(bytes, starts.get(width)!, bits) },
      temperature: draw.float("temperature", 1, 8, { log: true }),
      alpha: draw.float("alpha", 0, 1),
      lr: draw.float("lr", 5e-4, 4e-3, { log: true }),
      epochs: draw.int("epochs", Math.ceil((2 * epochs) / 3), epochs),
    };
  };
}

/** Passes of a trial over a part of the data. */
export const trialEpochs = (epochs: number): number => Math.ceil(epochs / 2);

/** What does well for most models, at four sizes: it is tried first. */
export function known([low, high]: Sizes, epochs: number): Readonly<Record<string, number>>[] {
  const middle = Math.sqrt(low * high);
  const usual = { width: 1, bits: 4, temperature: 4, alpha: 0.1, lr: 2e-3, epochs };
  return [high, Math.sqrt(high * middle), middle, Math.sqrt(middle * low)].map((bytes) => ({ ...usual, bytes }));
}
