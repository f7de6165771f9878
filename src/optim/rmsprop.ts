import { applyInPlace, type Op } from "../op.js";
import { at, checkSetting, fresh, type Optimizer, type Setting, zip } from "./optimizer.js";

export interface RmspropOptions {
  /** Default 0.01. */
  lr?: Setting;
  /** Decay of the squared average. Default 0.99. */
  alpha?: number;
  /** Default 1e-8. */
  eps?: number;
  /** Default 0. */
  momentum?: Setting;
  /** Subtracts the squared mean of the gradient (Graves 2013). Default false. */
  centered?: boolean;
  /** L2: added to the gradient. Default 0. */
  weightDecay?: Setting;
  /** Climbs instead of descending. Default false. */
  maximize?: boolean;
}

interface RmspropStep {
  readonly lr: number;
  readonly alpha: number;
  readonly eps: number;
  readonly momentum: number;
  readonly decay: number;
  readonly sign: number;
  readonly centered: boolean;
  readonly moving: boolean;
}

/** In place on w; inputs: g, the squared average, then the mean if centred and the velocity if moving. */
const rmspropOp: Op<RmspropStep> = {
  name: "rmsprop",
  infer: ([w]) => ({ shape: w!.shape, dtype: "f32", work: w!.size }),
  wasm(k, w, [g, square, ...rest], _, { lr, alpha, eps, momentum, decay, sign, centered, moving }, begin, end) {
    const mean = centered ? rest[0]! : 0;
    const velocity = moving ? rest[rest.length - 1]! : 0;
    k.rmsprop_f32(w, square!, mean, velocity, g!, lr, alpha, 1 - alpha, eps, momentum, decay, sign, begin, end);
  },
};

/**
 * RMSProp (Hinton 2012, lecture 6e), as torch.optim.RMSprop: s ← αs + (1 − α)g², w ← w − lr · g / (√s + ε).
 *
 * @throws {ArgumentError} if a setting is out of range.
 * @example
 * const optimizer = optim.rmsprop({ lr: 1e-3, momentum: 0.9 });
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const { lr = 0.01, alpha = 0.99, eps = 1e-8, momentum = 0, centered = false } = options;
  const { weightDecay = 0, maximize = false } = options;
  checkSetting("rmsprop", "lr", lr, 0, Number.POSITIVE_INFINITY);
  checkSetting("rmsprop", "alpha", alpha, 0, 1);
  checkSetting("rmsprop", "eps", eps, 0, Number.POSITIVE_INFINITY);
  checkSetting("rmsprop", "momentum", momentum, 0, Number.POSITIVE_INFINITY);
  checkSetting("rmsprop", "weightDecay", weightDecay, 0, Number.POSITIVE_INFINITY);
  const moving = momentum !== 0;
  const slots = ["square", ...(centered ? ["mean"] : []), ...(moving ? ["velocity"] : [])];
  return {
    init: (params) => fresh(params, slots),
    update(params, grads, state) {
      const rows = zip("rmsprop", params, grads, state, slots);
      const t = state.step++;
      const step: RmspropStep = {
        lr: at(lr, t),
        alpha,
        eps,
        momentum: at(momentum, t),
        decay: at(weightDecay, t),
        sign: maximize ? -1 : 1,
        centered,
        moving,
      };
      for (const [w, ...rest] of rows) applyInPlace(rmspropOp, w, rest, step);
    },
  };
}
