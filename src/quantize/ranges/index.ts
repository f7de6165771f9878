// How the range of the codes is chosen.
export { kl } from "./kl.js";
export { mse } from "./mse.js";
export { type Interpolation, minMax, percentile, type Range } from "./range.js";
