import { checkOptions } from "../check.js";
import { applyInPlace, type Op } from "../op.js";
import { at, checkSetting, fresh, type Optimizer, type Setting, zip } from "./optimizer.js";
import { power } from "./schedules.js";

export interface AdamOptions {
  /** Default 1e-3. */
  lr?: Setting;
  /** Decay of the first and second moment. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
  eps?: number;
  /** Adam: L2, added to the gradient, default 0. AdamW: decoupled, w ← w − lr·λ·w, default 0.01. */
  weightDecay?: Setting;
  /** Divides by the running maximum of the second moment (Reddi et al. 2018). Default false. */
  amsgrad?: boolean;
  /** Climbs instead of descending. Default false. */
  maximize?: boolean;
}

interface AdamStep {
  readonly step: number;
  readonly correction: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly shrink: number;
  readonly decay: number;
  readonly sign: number;
}

/** In place on w; inputs: g, m, v, and with AMSGrad the largest v. */
const adamOp: Op<AdamStep> = {
  name: "adam",
  infer: ([w]) => ({ shape: w!.shape, dtype: "f32", work: w!.size }),
  wasm(k, w, [g, m, v, largest], _, { step, correction, betas: [b1, b2], eps, shrink, decay, sign }, begin, end) {
    const { adam_f32 } = k;
    adam_f32(
      w,
      m!,
      v!,
      largest ?? 0,
      g!,
      step,
      correction,
      b1,
      b2,
      1 - b1,
      1 - b2,
      eps,
      shrink,
      decay,
      sign,
      begin,
      end,
    );
  },
};

function build(name: string, options: AdamOptions, decoupled: boolean): Optimizer {
  checkOptions(name, options);
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, amsgrad = false, maximize = false } = options;
  const { weightDecay = decoupled ? 0.01 : 0 } = options;
  checkSetting(name, "lr", lr, 0, Number.POSITIVE_INFINITY);
  checkSetting(name, "betas[0]", betas[0], 0, 1 - 2 ** -24);
  checkSetting(name, "betas[1]", betas[1], 0, 1 - 2 ** -24);
  checkSetting(name, "eps", eps, 0, Number.POSITIVE_INFINITY);
  checkSetting(name, "weightDecay", weightDecay, 0, Number.POSITIVE_INFINITY);
  const slots = ["m", "v", ...(amsgrad ? ["largest"] : [])];
  return {
    init: (params) => fresh(params, slots),
    update(params, grads, state) {
      const rows = zip(name, params, grads, state, slots);
      const t = state.step++;
      const rate = at(lr, t);
      const lambda = at(weightDecay, t);
      const step: AdamStep = {
        step: rate / (1 - power(betas[0], t + 1)),
        // IEEE 754 fixes the square root: no host differs.
        correction: Math.sqrt(1 - power(betas[1], t + 1)),
        betas,
        eps,
        shrink: decoupled ? 1 - rate * lambda : 1,
        decay: decoupled ? 0 : lambda,
        sign: maximize ? -1 : 1,
      };
      for (const [w, ...rest] of rows) applyInPlace(adamOp, w, rest, step);
    },
  };
}

/**
 * Adam (Kingma & Ba 2015), as torch.optim.Adam: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²,
 * w ← w − lr · m̂ / (√v̂ + ε) with m̂, v̂ freed of their start at 0.
 *
 * @throws {ArgumentError} if a setting is out of range.
 * @example
 * const optimizer = optim.adam({ lr: 1e-3 });
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return build("adam", options, false);
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019), as torch.optim.AdamW.
 *
 * @throws {ArgumentError} if a setting is out of range.
 * @example
 * const optimizer = optim.adamW({ lr: optim.cosine(1e-3, 1000), weightDecay: 0.05 });
 */
export function adamW(options: AdamOptions = {}): Optimizer {
  return build("adamW", options, true);
}
