import { applyInPlace, checkDType, type Op } from "../op.js";
import { add, div, minimum, mul } from "../ops/binary.js";
import { concat } from "../ops/concat.js";
import { zeros } from "../ops/fill.js";
import { reshape } from "../ops/layout.js";
import { max, norm, sum } from "../ops/reduce.js";
import { abs, exp, log } from "../ops/unary.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { leaves, type Tree } from "../tree.js";
import { at, checkSetting, type Optimizer, type Setting } from "./optimizer.js";

/** target · factor, the factor a scalar tensor: nothing is read back. */
const scaleInPlace: Op<undefined> = {
  name: "scale",
  infer: ([target]) => ({ shape: target!.shape, dtype: "f32", work: target!.size }),
  wasm(k, out, [factor], { work }, _, begin, end) {
    k.mul_f32(out, out, factor!, work, 0, 1, 0, 0, begin, end);
  },
};

const clampInPlace: Op<number> = {
  name: "clipByValue",
  infer([target]) {
    checkDType("clipByValue", "a gradient", target!, "f32");
    return { shape: target!.shape, dtype: "f32", work: target!.size };
  },
  wasm(k, out, _, __, limit, begin, end) {
    k.clamp_f32(out, out, -limit, limit, begin, end);
  },
};

/** (Σ|x|ᵖ)^(1/p); powers by exp and log, where there is no shorter way. */
function normOf(x: Tensor, order: number): Tensor {
  if (order === 1) return sum(abs(x));
  if (order === 2) return norm(x);
  if (order === Number.POSITIVE_INFINITY) return max(abs(x));
  return exp(div(log(sum(exp(mul(log(abs(x)), order)))), order));
}

/**
 * The norm of all tensors of a tree together, f32 all of them; 0 where there are no numbers. A scalar.
 *
 * @param options `order`: p of the norm (Σ|x|ᵖ)^(1/p), from 1 to Infinity (the largest |x|). Default 2.
 * @throws {ArgumentError} if the order is below 1.
 * @example
 * const length = optim.globalNorm([tensor([3]), tensor([4])]); // 5
 */
export function globalNorm(tree: Tree, options: { order?: number } = {}): Tensor<"f32"> {
  const { order = 2 } = options;
  checkSetting("globalNorm", "order", order, 1, Number.POSITIVE_INFINITY);
  const full = leaves(tree).filter((leaf) => leaf.size > 0);
  if (full.length === 0) return zeros([]);
  return scope(() => normOf(concat(full.map((leaf) => reshape(normOf(leaf, order), [1]))), order) as Tensor<"f32">);
}

/**
 * Scales all gradients, together, so that their norm is at most `limit` (Pascanu et al. 2013): times
 * min(1, limit / (norm + 10⁻⁶)), as in PyTorch. A NaN makes all of them NaN, an infinity itself NaN and the others 0.
 *
 * @throws {ArgumentError} if the limit is negative.
 * @example
 * const optimizer = optim.chain(optim.clipByNorm(1), optim.sgd({ lr: 0.1 }));
 */
export function clipByNorm(limit: Setting, options: { order?: number } = {}): Optimizer {
  checkSetting("clipByNorm", "limit", limit, 0, Number.POSITIVE_INFINITY);
  return {
    init: () => ({ step: 0, slots: {}, links: [] }),
    update(_, grads, state) {
      scope(() => {
        const bound = at(limit, state.step++);
        const factor = minimum(div(bound, add(globalNorm(grads, options), 1e-6)), 1);
        for (const g of leaves(grads)) applyInPlace(scaleInPlace, g, [factor], undefined);
      });
    },
  };
}

/**
 * Bounds each gradient element to ±limit. NaN stays NaN.
 *
 * @throws {ArgumentError} if the limit is negative.
 * @example
 * const optimizer = optim.chain(optim.clipByValue(0.5), optim.sgd({ lr: 0.1 }));
 */
export function clipByValue(limit: Setting): Optimizer {
  checkSetting("clipByValue", "limit", limit, 0, Number.POSITIVE_INFINITY);
  return {
    init: () => ({ step: 0, slots: {}, links: [] }),
    update(_, grads, state) {
      const bound = at(limit, state.step++);
      for (const g of leaves(grads)) applyInPlace(clampInPlace, g, [], bound);
    },
  };
}
