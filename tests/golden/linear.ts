import { sub } from "../../src/ops/binary.js";
import { matmul } from "../../src/ops/matmul.js";
import { sum } from "../../src/ops/reduce.js";
import { leastSquares, maskedLeastSquares } from "../../src/ops/solve.js";
import { square } from "../../src/ops/unary.js";
import type { Tensor } from "../../src/tensor.js";
import { type CoverageTable, notYet, type Run } from "./runner.js";

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

export const linear: CoverageTable = {
  "ref.layer_fit": layerFit,
  "ref.masked_refit": maskedRefit,
  ...notYet(
    "linear models are to come",
    ["Ridge", "Lasso", "ElasticNet", "MultiTaskLasso", "MultiTaskElasticNet", "lars_path", "LogisticRegression"].map(
      (name) => `sklearn.linear_model.${name}`,
    ),
  ),
};
