// Which of our optimizers, schedules and clippers answers which op of the group optim.
import { grad } from "../../src/grad.js";
import { add, mul, sub } from "../../src/ops/binary.js";
import { reshape, slice } from "../../src/ops/layout.js";
import { matmul } from "../../src/ops/matmul.js";
import { sum } from "../../src/ops/reduce.js";
import { square } from "../../src/ops/unary.js";
import {
  adagrad,
  adam,
  adamW,
  clipByNorm,
  clipByValue,
  globalNorm,
  type Optimizer,
  rmsprop,
  sgd,
} from "../../src/optim/index.js";
import type { Tensor } from "../../src/tensor.js";
import type { CoverageTable, Inputs, Run } from "./runner.js";
import { schedulers } from "./schedulers.js";
import type { Args } from "./vectors.js";

/** PyTorch's names of settings, and ours. */
const settingNames: Readonly<Record<string, string>> = {
  lr: "lr",
  momentum: "momentum",
  dampening: "dampening",
  nesterov: "nesterov",
  maximize: "maximize",
  weight_decay: "weightDecay",
  betas: "betas",
  eps: "eps",
  amsgrad: "amsgrad",
  alpha: "alpha",
  centered: "centered",
  lr_decay: "lrDecay",
  initial_accumulator_value: "initialSum",
};

/** The settings among the arguments under our names; what is not there keeps our default, which is PyTorch's. */
function settings<O>(args: Args): O {
  const entries = Object.entries(args).flatMap(([name, value]) => {
    const ours = settingNames[name];
    return ours === undefined ? [] : [[ours, value]];
  });
  return Object.fromEntries(entries) as O;
}

function rosenbrock(x: Tensor): Tensor {
  const ahead = slice(x, [{ start: 1 }]);
  const here = slice(x, [{ end: -1 }]);
  return add(mul(sum(square(sub(ahead, square(here)))), 100), sum(square(sub(1, here))));
}

/** The gradient of each problem of the manifest, at x, for step k. */
const problems: Readonly<Record<string, (x: Tensor, inputs: Inputs, k: number) => Tensor>> = {
  quadratic: (x, { A, b }) => sub(matmul(A!, x), b!),
  rosenbrock: (x) => grad(rosenbrock)(x),
  gradients: (x, { grads }, k) => reshape(slice(grads!, [{ start: k, end: k + 1 }]), x.shape),
};

/** Steps through a problem; row k of `params` is x after k steps, of `grads_seen` the gradient that step k + 1 used. */
function descend<O>(make: (options: O) => Optimizer): Run {
  return async ({ inputs, args }) => {
    const optimizer = make(settings<O>(args));
    const x = inputs.x0!;
    const state = optimizer.init(x);
    const steps = args.steps as number;
    const params = [...(await x.data())];
    const seen: number[] = [];
    for (let k = 0; k < steps; k++) {
      const g = problems[args.problem as string]!(x, inputs, k);
      seen.push(...(await g.data()));
      optimizer.update(x, g, state);
      params.push(...(await x.data()));
    }
    return {
      params: { shape: [steps + 1, ...x.shape], values: params },
      grads_seen: { shape: [steps, ...x.shape], values: seen },
    };
  };
}

/** Clips the gradients g0, g1, … in place, with their norm before that where it is asked for. */
function clip(make: (args: Args) => { clipper: Optimizer; total?: (grads: Tensor[]) => Tensor }): Run {
  return ({ inputs, args }) => {
    const grads = Object.keys(inputs).map((_, i) => inputs[`g${i}`]!);
    const { clipper, total } = make(args);
    const norm = total?.(grads);
    clipper.update(grads, grads, clipper.init(grads));
    return { ...Object.fromEntries(grads.map((g, i) => [`out${i}`, g])), ...(norm && { total_norm: norm }) };
  };
}

function orderOf({ norm_type: order = 2 }: Args): number {
  return order === "inf" ? Number.POSITIVE_INFINITY : (order as number);
}

const noOptimizer = "no such optimizer yet";

export const optim: CoverageTable = {
  "torch.optim.SGD": descend(sgd),
  "torch.optim.Adam": descend(adam),
  "torch.optim.AdamW": descend(adamW),
  "torch.optim.RMSprop": descend(rmsprop),
  "torch.optim.Adagrad": descend(adagrad),
  "torch.nn.utils.clip_grad_norm_": clip((args) => {
    const order = orderOf(args);
    return {
      clipper: clipByNorm(args.max_norm as number, { order }),
      total: (grads) => globalNorm(grads, { order }),
    };
  }),
  "torch.nn.utils.clip_grad_value_": clip((args) => ({ clipper: clipByValue(args.clip_value as number) })),
  ...schedulers,
  "torch.optim.NAdam": noOptimizer,
  "torch.optim.RAdam": noOptimizer,
  "torch.optim.Adadelta": noOptimizer,
  "torch.optim.Adamax": noOptimizer,
  "torch.optim.Rprop": noOptimizer,
  "torch.optim.ASGD": noOptimizer,
  "torch.optim.LBFGS": noOptimizer,
  "ref.lion": noOptimizer,
  "ref.lamb": noOptimizer,
  "ref.adafactor": noOptimizer,
  "ref.muon": noOptimizer,
  "ref.newton_schulz5": "a part of muon, of which there is none yet",
  "ref.schedule_free_sgd": noOptimizer,
  "ref.schedule_free_adamw": noOptimizer,
};
