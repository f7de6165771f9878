import { checkList, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { checkDType } from "../op.js";
import { checkGroups, checkStrength, hardInPlace, type Penalty, proxInPlace } from "../ops/proximal.js";
import { Tensor } from "../tensor.js";
import { leaves, type Tree } from "../tree.js";
import { at, checkSetting, type Optimizer, type Setting } from "./optimizer.js";

export interface ProximalOptions {
  /** The learning rate of the step before, which the strengths are multiplied by. */
  lr: Setting;
  /** λ of λ‖w‖₁: lasso, single zeros. Default 0. */
  l1?: Setting;
  /** λ of ½λ‖w‖²: ridge, no zeros; with l1 the elastic net. Default 0. */
  l2?: Setting;
  /** λ of λ · Σ‖wᵍ‖₂: group lasso, whole rows or columns of zeros; with l1 sparse group lasso. Default 0. */
  group?: Setting;
  /** Groups are rows (0: all that goes into a neuron) or columns (1: all that comes out of one). Default 0. */
  axis?: 0 | 1;
  /** λ of λ‖w‖₀: single zeros, the others not shrunk. Alone. Default 0. */
  l0?: Setting;
  /** Names of the parameters it applies to. Default: all with two or more dimensions, so no biases. */
  only?: readonly string[];
}

/** The tensors that are penalized. */
function chosen(params: Tree, only: readonly string[] | undefined): Tensor[] {
  if (only === undefined) return leaves(params).filter((leaf) => leaf.rank >= 2);
  return only.map((name) => {
    const leaf = Object.hasOwn(params, name) ? (params as Record<string, unknown>)[name] : undefined;
    if (!(leaf instanceof Tensor))
      throw new ArgumentError(`proximal: no parameter is called "${name}"; there are ${Object.keys(params)}`);
    return leaf;
  });
}

/**
 * Sparse regularisation that gives exact zeros: the link of a chain, after the one that steps. After each step
 * w ← argmin ½‖u − w‖² + lr · penalty(u), in closed form (proximal gradient, ISTA: Beck & Teboulle 2009); penalties add up, and
 * their joint step is exact. After `sgd` without momentum this converges to the minimum of loss + penalty. After momentum and
 * adaptive optimizers the penalty is decoupled, as AdamW's decay is: a weight is moved by lr · λ however large its gradients are,
 * and stays 0 while the optimizer's own step is within that, so after Adam λ is a share of a whole step, lr.
 *
 * @throws {ArgumentError} if a setting is out of range, or l0 is not alone; in `update`, if `only` names no parameter.
 * @example
 * const lr = optim.cosine(0.1, 1000);
 * const optimizer = optim.chain(optim.sgd({ lr }), optim.proximal({ lr, l1: 1e-4 }));
 */
export function proximal(options: ProximalOptions): Optimizer {
  checkOptions("proximal", options);
  const { lr, l1 = 0, l2 = 0, group = 0, axis = 0, l0 = 0, only } = options;
  for (const [name, value] of Object.entries({ lr, l1, l2, group, l0 }))
    checkSetting("proximal", name, value, 0, Number.MAX_VALUE);
  if (only !== undefined) checkList("proximal", "only", only);
  if (l0 !== 0 && (l1 !== 0 || l2 !== 0 || group !== 0))
    throw new ArgumentError("proximal: l0 has no closed form together with another penalty; chain two links instead");
  return {
    init: () => ({ step: 0, slots: {}, links: [] }),
    update(params, _, state) {
      const weights = chosen(params, only);
      for (const weight of weights) {
        checkDType("proximal", "a parameter", weight, "f32");
        if (group !== 0) checkGroups("proximal", weight, axis);
      }
      const t = state.step;
      const rate = at(lr, t);
      checkStrength("proximal", "lr", rate);
      const strength = (name: string, setting: Setting): number => {
        const value = rate * at(setting, t);
        checkStrength("proximal", `lr · ${name}`, value);
        return value;
      };
      const hard = strength("l0", l0);
      const penalty: Penalty = {
        l1: strength("l1", l1),
        l2: strength("l2", l2),
        group: strength("group", group),
        axis,
      };
      state.step++;
      // Without any strength nothing changes, not the sign of a zero either.
      if (hard + penalty.l1 + penalty.l2 + penalty.group === 0) return;
      for (const weight of weights) l0 !== 0 ? hardInPlace(weight, hard) : proxInPlace(weight, penalty);
    },
  };
}
