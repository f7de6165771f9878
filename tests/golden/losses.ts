// Which of our losses answers which op of the group losses.
import { kd } from "../../src/distill/logits.js";
import { binaryCrossEntropy, huber, klDivergence, l1, nll, smoothL1 } from "../../src/nn/losses.js";
import { crossEntropy, mse, type Reduction } from "../../src/ops/loss.js";
import { type CoverageTable, differentiable, type Inputs } from "./runner.js";

interface Reduced {
  readonly reduction?: Reduction;
}

interface OverClasses extends Reduced {
  readonly ignore_index?: number;
  readonly label_smoothing?: number;
}

/** What PyTorch has as arguments of its own where it differs: the classes along axis 1, and a label ignored by default. */
function classOptions({ x, weight }: Inputs, { ignore_index: ignoreIndex = -100, reduction = "mean" }: OverClasses) {
  return { axis: x!.rank === 1 ? 0 : 1, ignoreIndex, reduction, ...(weight && { weight }) };
}

const noLoss = "no such loss yet";

export const losses: CoverageTable = {
  "torch.nn.functional.cross_entropy": differentiable<OverClasses>((inputs, args) =>
    crossEntropy(inputs.x!, inputs.target!, {
      ...classOptions(inputs, args),
      labelSmoothing: args.label_smoothing ?? 0,
    }),
  ),
  "torch.nn.functional.nll_loss": differentiable<OverClasses>((inputs, args) =>
    nll(inputs.x!, inputs.target!, classOptions(inputs, args)),
  ),
  "torch.nn.functional.mse_loss": differentiable<Reduced>(({ x, target }, { reduction = "mean" }) =>
    mse(x!, target!, { reduction }),
  ),
  "torch.nn.functional.l1_loss": differentiable<Reduced>(({ x, target }, { reduction = "mean" }) =>
    l1(x!, target!, { reduction }),
  ),
  "torch.nn.functional.smooth_l1_loss": differentiable<Reduced & { beta?: number }>(
    ({ x, target }, { reduction = "mean", beta = 1 }) => smoothL1(x!, target!, { reduction, beta }),
  ),
  "torch.nn.functional.huber_loss": differentiable<Reduced & { delta?: number }>(
    ({ x, target }, { reduction = "mean", delta = 1 }) => huber(x!, target!, { reduction, delta }),
  ),
  "torch.nn.functional.binary_cross_entropy_with_logits": differentiable<Reduced>(
    ({ x, target, weight, pos_weight: posWeight }, { reduction = "mean" }) =>
      binaryCrossEntropy(x!, target!, { reduction, ...(weight && { weight }), ...(posWeight && { posWeight }) }),
  ),
  "torch.nn.functional.kl_div": differentiable<{ reduction?: Reduction | "batchmean"; log_target?: boolean }>(
    ({ x, target }, { reduction = "mean", log_target: logTarget = false }) =>
      klDivergence(x!, target!, { reduction: reduction === "batchmean" ? "batchMean" : reduction, logTarget }),
  ),
  "ref.hinton_kd": differentiable<{ temperature: number; alpha: number }>(
    // There alpha is the teacher's share, here the labels'.
    ({ student, teacher, target }, { temperature, alpha }) =>
      kd({ temperature, alpha: 1 - alpha })(student!, teacher!, target!),
  ),
  "torch.nn.functional.binary_cross_entropy": "ours takes logits, this one probabilities",
  "torch.nn.functional.cosine_embedding_loss": noLoss,
  "torch.nn.functional.hinge_embedding_loss": noLoss,
  "torch.nn.functional.soft_margin_loss": noLoss,
  "torch.nn.functional.margin_ranking_loss": noLoss,
  "torch.nn.functional.multi_margin_loss": noLoss,
  "torch.nn.functional.multilabel_soft_margin_loss": noLoss,
  "torch.nn.functional.triplet_margin_loss": noLoss,
  "ref.hinge": noLoss,
  "ref.squared_hinge": noLoss,
};
