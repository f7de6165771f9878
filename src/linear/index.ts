// Linear models: `import { linear } from "spokeshave"`.
export {
  type ElasticNetOptions,
  elasticNet,
  type LassoOptions,
  type PositiveOptions,
  type SparseFit,
} from "./elasticNet.js";
export type { IterativeFit, LinearFit, LinearOptions } from "./fit.js";
export { lasso } from "./lasso.js";
export { type LassoPath, type LassoPathOptions, lassoPath } from "./lassoPath.js";
export { type LogisticFit, type LogisticOptions, logisticRegression } from "./logisticRegression.js";
export { multiTaskElasticNet, multiTaskLasso } from "./multiTask.js";
export { type RidgeOptions, ridge } from "./ridge.js";
