import { checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { applyInPlace, type Op } from "../op.js";
import { at, checkSetting, fresh, type Optimizer, type Setting, zip } from "./optimizer.js";

export interface SgdOptions {
  lr: Setting;
  /** Default 0. */
  momentum?: Setting;
  /** Default 0. */
  dampening?: Setting;
  /** L2: added to the gradient. Default 0. */
  weightDecay?: Setting;
  /** Default false. */
  nesterov?: boolean;
  /** Climbs instead of descending. Default false. */
  maximize?: boolean;
}

interface SgdStep {
  readonly lr: number;
  readonly momentum: number;
  readonly keep: number;
  readonly decay: number;
  readonly sign: number;
  readonly nesterov: boolean;
}

/** In place on w; inputs: g, and with momentum the velocity. */
const sgdOp: Op<SgdStep> = {
  name: "sgd",
  infer: ([w]) => ({ shape: w!.shape, dtype: "f32", work: w!.size }),
  wasm(k, w, [g, velocity], _, { lr, momentum, keep, decay, sign, nesterov }, begin, end) {
    k.sgd_f32(w, velocity ?? 0, g!, lr, momentum, keep, decay, sign, nesterov ? 1 : 0, begin, end);
  },
};

/**
 * Stochastic gradient descent with momentum (Polyak 1964), as torch.optim.SGD: v ← μv + (1 − dampening)(g + λw), w ← w − lr·v;
 * with `nesterov` the step looks ahead, w ← w − lr·(g + μv) (Sutskever et al. 2013).
 *
 * @throws {ArgumentError} if a setting is out of range, or `nesterov` comes without momentum or with dampening.
 * @example
 * const optimizer = optim.sgd({ lr: optim.cosine(0.1, 1000), momentum: 0.9, nesterov: true });
 */
export function sgd(options: SgdOptions): Optimizer {
  checkOptions("sgd", options);
  const { lr, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false, maximize = false } = options;
  checkSetting("sgd", "lr", lr, 0, Number.POSITIVE_INFINITY);
  checkSetting("sgd", "momentum", momentum, 0, Number.POSITIVE_INFINITY);
  checkSetting("sgd", "dampening", dampening, 0, 1);
  checkSetting("sgd", "weightDecay", weightDecay, 0, Number.POSITIVE_INFINITY);
  if (nesterov && (momentum === 0 || dampening !== 0))
    throw new ArgumentError("sgd: nesterov needs a momentum above 0 and no dampening");
  const moving = momentum !== 0;
  return {
    init: (params) => fresh(params, moving ? ["velocity"] : []),
    update(params, grads, state) {
      const rows = zip("sgd", params, grads, state, moving ? ["velocity"] : []);
      const t = state.step++;
      const step: SgdStep = {
        lr: at(lr, t),
        momentum: at(momentum, t),
        keep: t === 0 ? 1 : 1 - at(dampening, t),
        decay: at(weightDecay, t),
        sign: maximize ? -1 : 1,
        nesterov,
      };
      for (const [w, ...rest] of rows) applyInPlace(sgdOp, w, rest, step);
    },
  };
}
