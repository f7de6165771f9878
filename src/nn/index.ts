export { crossEntropy, mse } from "../ops/loss.js";
export { constant, glorot, type Initializer, kaiming, type SpreadOptions, zeros } from "./initializers.js";
export { binaryCrossEntropy, huber, klDivergence, l1, nll, smoothL1 } from "./losses.js";
export {
  clamp,
  dropout,
  flatten,
  gelu,
  type LayerSpec,
  type LinearOptions,
  leakyRelu,
  linear,
  logSoftmax,
  relu,
  sequential,
  sigmoid,
  sign,
  silu,
  softmax,
  softplus,
  tanh,
} from "./sequential.js";
