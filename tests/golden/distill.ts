import { type CoverageTable, notYet } from "./runner.js";

export const distill: CoverageTable = notYet("distillation is to come", [
  ...["ref.fitnets", "ref.attention_transfer", "ref.rkd_distance", "ref.rkd_angle", "ref.similarity_preserving"],
  "ref.dkd",
]);
