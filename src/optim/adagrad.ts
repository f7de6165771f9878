import { applyInPlace, type Op } from "../op.js";
import { full } from "../ops/fill.js";
import { at, checkSetting, fresh, type Optimizer, type Setting, zip } from "./optimizer.js";

export interface AdagradOptions {
  /** Default 0.01. */
  lr?: Setting;
  /** lr / (1 + t · lrDecay). Default 0. */
  lrDecay?: number;
  /** Default 1e-10. */
  eps?: number;
  /** Where the sum of squares starts. Default 0. */
  initialSum?: number;
  /** L2: added to the gradient. Default 0. */
  weightDecay?: Setting;
  /** Climbs instead of descending. Default false. */
  maximize?: boolean;
}

interface AdagradStep {
  readonly lr: number;
  readonly eps: number;
  readonly decay: number;
  readonly sign: number;
}

/** In place on w; inputs: g and the sum of squares. */
const adagradOp: Op<AdagradStep> = {
  name: "adagrad",
  infer: ([w]) => ({ shape: w!.shape, dtype: "f32", work: w!.size }),
  wasm(k, w, [g, total], _, { lr, eps, decay, sign }, begin, end) {
    k.adagrad_f32(w, total!, g!, lr, eps, decay, sign, begin, end);
  },
};

/**
 * Adagrad (Duchi et al. 2011), as torch.optim.Adagrad: s ← s + g², w ← w − lr · g / (√s + ε).
 *
 * @throws {ArgumentError} if a setting is out of range.
 * @example
 * const optimizer = optim.adagrad({ lr: 0.05 });
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const { lr = 0.01, lrDecay = 0, eps = 1e-10, initialSum = 0, weightDecay = 0, maximize = false } = options;
  for (const [name, value] of Object.entries({ lr, lrDecay, eps, initialSum, weightDecay }))
    checkSetting("adagrad", name, value, 0, Number.POSITIVE_INFINITY);
  return {
    init: (params) => fresh(params, ["total"], (leaf) => full(leaf.shape, initialSum)),
    update(params, grads, state) {
      const rows = zip("adagrad", params, grads, state, ["total"]);
      const t = state.step++;
      const step: AdagradStep = {
        lr: at(lr, t) / (1 + t * lrDecay),
        eps,
        decay: at(weightDecay, t),
        sign: maximize ? -1 : 1,
      };
      for (const [w, ...rest] of rows) applyInPlace(adagradOp, w, rest, step);
    },
  };
}
