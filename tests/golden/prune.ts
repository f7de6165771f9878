import { type CoverageTable, notYet } from "./runner.js";

export const prune: CoverageTable = notYet("pruning is to come", [
  ...["l1_unstructured", "ln_structured", "global_unstructured"].map((name) => `torch.nn.utils.prune.${name}`),
  ...["nm_mask", "prox_l1", "prox_elastic_net", "prox_l0", "prox_l2_squared", "project_topk"].map((n) => `ref.${n}`),
  ...["prox_group_lasso", "prox_sparse_group_lasso", "wanda", "sparsegpt", "obs"].map((n) => `ref.${n}`),
]);
