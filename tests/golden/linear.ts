import * as linear from "../../src/linear/index.js";
import { sub } from "../../src/ops/binary.js";
import { reshape, transpose } from "../../src/ops/layout.js";
import { matmul } from "../../src/ops/matmul.js";
import { sum } from "../../src/ops/reduce.js";
import { leastSquares, maskedLeastSquares } from "../../src/ops/solve.js";
import { square } from "../../src/ops/unary.js";
import type { Tensor } from "../../src/tensor.js";
import type { CoverageTable, Outputs, Run } from "./runner.js";
import type { Args } from "./vectors.js";

const squares = (x: Tensor, y: Tensor): Tensor => sum(square(sub(x, y)));

const layerFit: Run = ({ inputs: { x, y }, args: { lambda, bias: free } }) => {
  const { weight, bias } = leastSquares(x!, y!, { l2: lambda as number, bias: free as boolean });
  return { weight, bias, residual: squares(matmul(x!, weight, { transposeB: true, bias }), y!) };
};

const maskedRefit: Run = ({ inputs: { x, w, mask } }) => {
  const weight = maskedLeastSquares(x!, w!, mask!);
  const [now, before] = [weight, w!].map((each) => matmul(x!, each, { transposeB: true }));
  return { weight, residual: squares(now!, before!) };
};

/** Plain numbers beside the tensors of a fit. */
const withObjective = ({ coefficients, intercept, objective }: Omit<linear.LinearFit, "predict">): Outputs => ({
  coef: coefficients,
  intercept,
  objective: { shape: [], values: [objective] },
});

/** scikit-learn takes the columns as they are. */
const options = ({ fit_intercept: intercept, l1_ratio: l1Ratio, ...rest }: Args) =>
  ({ ...rest, intercept, standardize: false, ...(l1Ratio !== undefined && { l1Ratio }) }) as object;

type Fit = (x: Tensor, y: Tensor, options: object) => linear.LinearFit;
const fitted =
  (fit: Fit): Run =>
  ({ inputs: { X: x, y }, args }) =>
    withObjective(fit(x!, y!, options(args)));

const larsPath: Run = ({ inputs: { X: x, y }, args: { steps } }) => {
  const path = linear.lassoPath(x!, y!, { intercept: false, standardize: false, steps: steps as number });
  return {
    alphas: { shape: [path.alphas.length], values: path.alphas },
    coefs: transpose(path.coefficients),
  };
};

const logistic: Run = ({ inputs: { X: x, y }, args: { weights, ...rest } }) => {
  const fit = linear.logisticRegression(x!, y!, {
    ...options(rest),
    ...(weights !== undefined && { classWeights: weights as number[] }),
  });
  const out = withObjective(fit);
  // liblinear, which solves these, gives a number where there is no intercept.
  const bare = rest.penalty === "l1" && rest.fit_intercept === false;
  return bare ? { ...out, intercept: reshape(fit.intercept, []) } : out;
};

export const linearModels: CoverageTable = {
  "ref.layer_fit": layerFit,
  "ref.masked_refit": maskedRefit,
  "sklearn.linear_model.Ridge": fitted(linear.ridge),
  "sklearn.linear_model.Lasso": fitted(linear.lasso),
  "sklearn.linear_model.ElasticNet": fitted(linear.elasticNet),
  "sklearn.linear_model.MultiTaskLasso": fitted(linear.multiTaskLasso),
  "sklearn.linear_model.MultiTaskElasticNet": fitted(linear.multiTaskElasticNet),
  "sklearn.linear_model.lars_path": larsPath,
  "sklearn.linear_model.LogisticRegression": logistic,
};
