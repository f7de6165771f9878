// Which of our losses answers which op of the group distill.
import { attentionTransfer, fitNets, similarityPreserving } from "../../src/distill/features.js";
import { dkd } from "../../src/distill/logits.js";
import { rkdAngle, rkdDistance } from "../../src/distill/relations.js";
import { type CoverageTable, differentiable } from "./runner.js";

export const distill: CoverageTable = {
  "ref.fitnets": differentiable<{ regressor: "linear" | "conv1x1"; reduction: "batchmean" | "mean" }>(
    ({ student, teacher, weight, bias }, { regressor, reduction }) =>
      fitNets(student!, teacher!, {
        regressor: { weight: weight!, bias: bias! },
        axis: regressor === "linear" ? -1 : 1,
        reduction: reduction === "batchmean" ? "batchMean" : "mean",
      }),
  ),
  "ref.attention_transfer": differentiable<{ p: number; variant: "norm" | "mse"; beta: number }>(
    ({ student, teacher }, options) => attentionTransfer(student!, teacher!, options),
  ),
  "ref.rkd_distance": differentiable(({ student, teacher }) => rkdDistance(student!, teacher!)),
  "ref.rkd_angle": differentiable(({ student, teacher }) => rkdAngle(student!, teacher!)),
  "ref.similarity_preserving": differentiable(({ student, teacher }) => similarityPreserving(student!, teacher!)),
  "ref.dkd": differentiable<{ temperature: number; alpha: number; beta: number }>(
    ({ student, teacher, target }, options) => dkd(options)(student!, teacher!, target!),
  ),
};
