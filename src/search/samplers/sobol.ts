import type { DrawRequest, Sampler } from "../sampler.js";
import { sobolPlace } from "./sobolPoints.js";

/** Which axis of the points a name has: the order in which the study met them. */
export function axisOf({ names, name }: DrawRequest): number {
  return [...names.keys()].indexOf(name);
}

/**
 * Spreads the trials evenly over the space: points of Sobol's sequence, scrambled by the seed (Joe & Kuo 2008, Owen 1995). Any
 * parameter alone is spread as evenly as on a grid after each power of two of trials. At most 64 names.
 *
 * @example
 * const study = await search((x) => x * x, { space: (draw) => draw.float("x", -1, 1), sampler: sobol(), trials: 16 });
 */
export function sobol(): Sampler {
  return {
    name: "sobol",
    draw: (request) => request.distribution.at(sobolPlace(request.number, axisOf(request), request.seed)),
  };
}
