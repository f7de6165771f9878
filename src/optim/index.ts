export { type AdagradOptions, adagrad } from "./adagrad.js";
export { type AdamOptions, adam, adamW } from "./adam.js";
export { clipByNorm, clipByValue, globalNorm } from "./clip.js";
export { type Masks, masked } from "./masked.js";
export { chain, type Optimizer, type OptimizerState, type Setting } from "./optimizer.js";
export { type ProximalOptions, proximal } from "./proximal.js";
export { type RmspropOptions, rmsprop } from "./rmsprop.js";
export {
  constant,
  cosine,
  cosineRestarts,
  exponential,
  linear,
  multiStep,
  type OneCycleOptions,
  oneCycle,
  type Schedule,
  sequence,
  step,
  warmup,
} from "./schedules.js";
export { type SgdOptions, sgd } from "./sgd.js";
