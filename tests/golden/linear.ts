import { type CoverageTable, notYet } from "./runner.js";

export const linear: CoverageTable = notYet("linear models are to come", [
  ...["Ridge", "Lasso", "ElasticNet", "MultiTaskLasso", "MultiTaskElasticNet", "lars_path", "LogisticRegression"].map(
    (name) => `sklearn.linear_model.${name}`,
  ),
  ...["ref.layer_fit", "ref.masked_refit"],
]);
