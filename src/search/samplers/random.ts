import type { Sampler } from "../sampler.js";

/**
 * Draws each parameter by itself, evenly over its range.
 *
 * @example
 * const study = await search(({ x }) => x * x, {
 *   space: (draw) => ({ x: draw.float("x", -1, 1) }),
 *   sampler: randomSampler(),
 *   trials: 20,
 * });
 */
export function randomSampler(): Sampler {
  return { name: "random", draw: ({ distribution, random }) => distribution.at(random.next()) };
}
