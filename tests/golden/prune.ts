// Which of our scores, choices and proximal steps answers which op of the group prune.

import { Model } from "../../src/model.js";
import { mul } from "../../src/ops/binary.js";
import { cast } from "../../src/ops/cast.js";
import { slice } from "../../src/ops/layout.js";
import { masked } from "../../src/ops/mask.js";
import {
  projectTopK,
  proxElasticNet,
  proxGroupLasso,
  proxL0,
  proxL1,
  proxL2Squared,
  proxSparseGroupLasso,
} from "../../src/ops/proximal.js";
import { sum } from "../../src/ops/reduce.js";
import { inverseHessian } from "../../src/ops/solve.js";
import { abs, square } from "../../src/ops/unary.js";
import type { Masks } from "../../src/optim/masked.js";
import { surgery } from "../../src/prune/obs.js";
import { prune as masksOf, type Pruning } from "../../src/prune/prune.js";
import { wanda } from "../../src/prune/scores/wanda.js";
import { choose, roundEven, type SelectOptions, select } from "../../src/prune/select.js";
import { pruneLayer } from "../../src/prune/sparseGpt.js";
import { readTensor, type Tensor } from "../../src/tensor.js";
import type { CoverageTable, Inputs, Run } from "./runner.js";
import type { Args } from "./vectors.js";

/** PyTorch takes an integer for a count and 1.0 for a share: a difference that JSON numbers lose and names keep. */
function amount(name: string, args: Args): SelectOptions {
  return /_\d+$/.test(name) ? { count: args.amount as number } : { sparsity: args.amount as number };
}

const magnitudes = (inputs: Inputs) => Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, abs(x)]));

const unstructured: Run = ({ name, inputs, args }) => {
  if (args.iterative !== true) return { mask: select(magnitudes(inputs), amount(name, args)).x! };
  // Each amount is of what the one before left; ours is of all, and what fell counts.
  const masks: Masks[] = [{}];
  for (const share of args.amounts as number[]) {
    const last = masks.at(-1)!;
    const kept = last.x === undefined ? inputs.x!.size : readTensor(last.x).reduce((sum, bit) => sum + bit, 0);
    const count = inputs.x!.size - kept + roundEven(share * kept);
    masks.push({ x: choose("golden", magnitudes(inputs), { count }, last).x!.mask });
  }
  return Object.fromEntries(masks.slice(1).map(({ x }, i) => [`mask${i}`, x!]));
};

const structured: Run = ({ name, inputs, args }) => {
  const norm = args.n === "inf" ? Number.POSITIVE_INFINITY : (args.n as number);
  const unit = args.dim === 0 ? "row" : "column";
  return { mask: select(magnitudes(inputs), { ...amount(name, args), unit, norm }).x! };
};

const globally: Run = ({ name, inputs, args }) => {
  const masks = select(magnitudes(inputs), { ...amount(name, args), scope: "global" });
  return Object.fromEntries(Object.entries(masks).map(([input, mask]) => [input.replace(/^\D+/, "mask"), mask]));
};

/** A model of one layer without a bias. */
function layer(weight: Tensor): Model {
  const [outputs, inputs] = weight.shape as [number, number];
  const attributes = { in: inputs, out: outputs, bias: false };
  return new Model([{ name: "layer", op: "linear", input: "input", attributes }], { "layer.weight": weight });
}

/** A share of rows, which the golden cases round down, or a pattern. */
function amountOf({ sparsity, n, m }: Args): SelectOptions {
  return n === undefined ? { sparsity: sparsity as number } : { pattern: [n as number, m as number] };
}

const wandaRun: Run = ({ inputs: { w, x }, args }) => {
  const model = layer(w!);
  const pruning: Pruning = wanda({ ...amountOf(args), calibration: x! });
  const mask = masksOf(model, pruning)["layer.weight"]!;
  return { score: pruning.score(model, model.weights)["layer.weight"]!, mask };
};

interface Strengths {
  readonly lambda: number;
  readonly lambda1: number;
  readonly lambda2: number;
  readonly axis: 0 | 1;
  readonly k: number;
}

function step(run: (x: Tensor, args: Strengths) => Tensor): Run {
  return ({ inputs, args }) => ({ out: run(inputs.x!, args as unknown as Strengths) });
}

export const prune: CoverageTable = {
  "torch.nn.utils.prune.l1_unstructured": unstructured,
  "torch.nn.utils.prune.ln_structured": structured,
  "torch.nn.utils.prune.global_unstructured": globally,
  "ref.nm_mask": ({ inputs, args }) => {
    const { x: mask } = select(magnitudes(inputs), amountOf(args));
    return { mask: mask!, out: masked(inputs.x!, mask!) };
  },
  "ref.wanda": wandaRun,
  "ref.prox_l1": step((x, { lambda }) => proxL1(x, { lambda })),
  "ref.prox_elastic_net": step((x, { lambda1: l1, lambda2: l2 }) => proxElasticNet(x, { l1, l2 })),
  "ref.prox_l0": step((x, { lambda }) => proxL0(x, { lambda })),
  "ref.prox_l2_squared": step((x, { lambda }) => proxL2Squared(x, { lambda })),
  "ref.project_topk": step((x, { k }) => projectTopK(x, { k })),
  "ref.prox_group_lasso": step((x, { lambda, axis }) => proxGroupLasso(x, { lambda, axis })),
  "ref.prox_sparse_group_lasso": step((x, { lambda1: l1, lambda2: group, axis }) =>
    proxSparseGroupLasso(x, { l1, group, axis }),
  ),
  "ref.sparsegpt": ({ inputs: { w, x }, args }) => {
    const { sparsity, pattern } = amountOf(args);
    const { block, damp } = args as { readonly block: number; readonly damp: number };
    const { weight, mask, fallen } = pruneLayer(w!, x!, { sparsity, pattern, block, damp });
    return { out: weight, mask, loss: mul(sum(square(fallen)), 0.5) };
  },
  "ref.obs": ({ inputs: { w, x }, args }) => {
    const { k, damp } = args as { readonly k: number; readonly damp: number };
    const { weight, mask, order } = surgery(w!, inverseHessian(x!, { damp }), k);
    return { out: weight, mask, order: cast(slice(order, [{}, { end: k }]), "i32") };
  },
};
