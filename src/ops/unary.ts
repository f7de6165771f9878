// Functions of one operand. Special values follow the formula in IEEE 754: NaN goes through (relu and clamp too),
// log 0 is −Infinity, log and sqrt of a negative number NaN, gelu and silu of −Infinity NaN (0 · ∞, as in PyTorch).
import { checkNumber, checkOptions } from "../check.js";
import { ArgumentError } from "../errors.js";
import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import type { Kernels } from "../runtime/kernels.js";
import { sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { div, mul, sub } from "./binary.js";
import { full, ones } from "./fill.js";

/** Two numbers that a kernel of this family takes. */
type Pair = readonly [p: number, q: number];

type UnaryKernel = (out: number, x: number, p: number, q: number, begin: number, end: number) => void;
type UnaryGradKernel = (out: number, g: number, s: number, p: number, q: number, begin: number, end: number) => void;

interface Rule {
  readonly kernel: (k: Kernels) => UnaryGradKernel;
  /** What the gradient kernel reads beside g: the op's input, or its output. */
  readonly saves: "input" | "output";
  /** The gradient kernel's derivative by what was saved, for gradients of gradients; `0` where it vanishes. */
  readonly second?: 0 | ((s: Tensor) => Tensor);
}

function plan(name: string, inputs: readonly Tensor[]): OutPlan<"f32"> {
  const [x] = inputs;
  checkDType(name, "x", x!, "f32");
  return { shape: x!.shape, dtype: "f32", work: sizeOf(x!.shape) };
}

interface UnaryOp extends Op<Pair, OutPlan<"f32">> {
  /** g times the derivative, from what the op saved. */
  readonly grad: Op<Pair, OutPlan<"f32">>;
}

// @__NO_SIDE_EFFECTS__
function unary(name: string, kernel: (k: Kernels) => UnaryKernel, rule: Rule): UnaryOp {
  const gradOp: Op<Pair, OutPlan<"f32">> = {
    name: `the gradient of ${name}`,
    infer: (inputs) => plan(name, inputs),
    wasm(k, out, [g, s], _, [p, q], begin, end) {
      rule.kernel(k)(out, g!, s!, p, q, begin, end);
    },
    ...(rule.second !== undefined && {
      vjp: (gg, { inputs: [g, s], params, needs }) => [
        needs[0] ? apply(gradOp, [gg, s!], params) : undefined,
        needs[1] && rule.second ? mul(gg, mul(g!, rule.second(s!))) : undefined,
      ],
    }),
  };
  return {
    name,
    grad: gradOp,
    infer: (inputs) => plan(name, inputs),
    wasm(k, out, [x], _, [p, q], begin, end) {
      kernel(k)(out, x!, p, q, begin, end);
    },
    vjp: (g, { inputs: [x], output, params }) => [apply(gradOp, [g, rule.saves === "input" ? x! : output], params)],
  };
}

const none: Pair = [0, 0];

const negOp: Op<Pair, OutPlan<"f32">> = {
  name: "neg",
  infer: (inputs) => plan("neg", inputs),
  wasm(k, out, [x], _, [p, q], begin, end) {
    k.neg_f32(out, x!, p, q, begin, end);
  },
  vjp: (g) => [neg(g)],
};
const absOp = unary("abs", (k) => k.abs_f32, { kernel: (k) => k.abs_grad_f32, saves: "input", second: 0 });
const expOp = unary("exp", (k) => k.exp_f32, {
  kernel: (k) => k.exp_grad_f32,
  saves: "output",
  second: (s) => ones(s.shape),
});
const logOp = unary("log", (k) => k.log_f32, {
  kernel: (k) => k.log_grad_f32,
  saves: "input",
  second: (s) => div(-1, mul(s, s)),
});
const sqrtOp = unary("sqrt", (k) => k.sqrt_f32, {
  kernel: (k) => k.sqrt_grad_f32,
  saves: "output",
  second: (s) => div(-0.5, mul(s, s)),
});
const squareOp = unary("square", (k) => k.square_f32, {
  kernel: (k) => k.square_grad_f32,
  saves: "input",
  second: (s) => full(s.shape, 2),
});
const reluOp = unary("relu", (k) => k.relu_f32, { kernel: (k) => k.relu_grad_f32, saves: "input", second: 0 });
const leakyReluOp = unary("leakyRelu", (k) => k.leaky_relu_f32, {
  kernel: (k) => k.leaky_relu_grad_f32,
  saves: "input",
  second: 0,
});
const geluOp = unary("gelu", (k) => k.gelu_f32, { kernel: (k) => k.gelu_grad_f32, saves: "input" });
const geluTanhOp = unary("geluTanh", (k) => k.gelu_tanh_f32, { kernel: (k) => k.gelu_tanh_grad_f32, saves: "input" });
const siluOp = unary("silu", (k) => k.silu_f32, { kernel: (k) => k.silu_grad_f32, saves: "input" });
const sigmoidOp = unary("sigmoid", (k) => k.sigmoid_f32, {
  kernel: (k) => k.sigmoid_grad_f32,
  saves: "output",
  second: (s) => sub(1, mul(s, 2)),
});
const tanhOp = unary("tanh", (k) => k.tanh_f32, {
  kernel: (k) => k.tanh_grad_f32,
  saves: "output",
  second: (s) => mul(s, -2),
});
const softplusOp = unary("softplus", (k) => k.softplus_f32, { kernel: (k) => k.softplus_grad_f32, saves: "input" });
const signOp = unary("signSte", (k) => k.sign_f32, { kernel: (k) => k.clamp_grad_f32, saves: "input", second: 0 });
const clampOp = unary("clamp", (k) => k.clamp_f32, { kernel: (k) => k.clamp_grad_f32, saves: "input", second: 0 });

/**
 * −x. f32 of any shape, element by element.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = neg(tensor([1, -2])); // [-1, 2]
 */
export function neg(x: Tensor): Tensor<"f32"> {
  return apply(negOp, [x], none);
}

/**
 * |x|; the gradient at 0 is 0. f32 of any shape, element by element.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = abs(tensor([-1, 2])); // [1, 2]
 */
export function abs(x: Tensor): Tensor<"f32"> {
  return apply(absOp, [x], none);
}

/**
 * eˣ, within 1 ULP. f32 of any shape, element by element.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = exp(tensor([0])); // [1]
 */
export function exp(x: Tensor): Tensor<"f32"> {
  return apply(expOp, [x], none);
}

/**
 * Natural logarithm, within 1 ULP. f32 of any shape, element by element.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = log(tensor([1])); // [0]
 */
export function log(x: Tensor): Tensor<"f32"> {
  return apply(logOp, [x], none);
}

/**
 * Square root, correctly rounded. f32 of any shape, element by element.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = sqrt(tensor([4])); // [2]
 */
export function sqrt(x: Tensor): Tensor<"f32"> {
  return apply(sqrtOp, [x], none);
}

/**
 * x². f32 of any shape, element by element.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = square(tensor([-3])); // [9]
 */
export function square(x: Tensor): Tensor<"f32"> {
  return apply(squareOp, [x], none);
}

/**
 * max(x, 0); the gradient at 0 is 0. f32 of any shape, element by element.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = relu(tensor([-1, 2])); // [0, 2]
 */
export function relu(x: Tensor): Tensor<"f32"> {
  return apply(reluOp, [x], none);
}

/**
 * x · σ(x) (Elfwing et al. 2017), also called swish. f32 of any shape, element by element.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = silu(tensor([0])); // [0]
 */
export function silu(x: Tensor): Tensor<"f32"> {
  return apply(siluOp, [x], none);
}

/**
 * 1 / (1 + e⁻ˣ). f32 of any shape, element by element.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = sigmoid(tensor([0])); // [0.5]
 */
export function sigmoid(x: Tensor): Tensor<"f32"> {
  return apply(sigmoidOp, [x], none);
}

/**
 * Hyperbolic tangent, within 2 ULP. f32 of any shape, element by element.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = tanh(tensor([0])); // [0]
 */
export function tanh(x: Tensor): Tensor<"f32"> {
  return apply(tanhOp, [x], none);
}

/**
 * x where x > 0, else slope · x. f32 of any shape, element by element.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = leakyRelu(tensor([-1, 2]), { slope: 0.5 }); // [-0.5, 2]
 */
export function leakyRelu(x: Tensor, options: { slope?: number } = {}): Tensor<"f32"> {
  checkOptions("leakyRelu", options);
  return apply(leakyReluOp, [x], [options.slope ?? 0.01, 0]);
}

/**
 * x · Φ(x), Φ the normal distribution function (Hendrycks & Gimpel 2016), by erf or its tanh approximation. The error is
 * absolute, 2⁻²² · max(1, |x|): left of −4 few digits of the value itself remain.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = gelu(tensor([0]), { approximate: "tanh" }); // [0]
 */
export function gelu(x: Tensor, options: { approximate?: "none" | "tanh" } = {}): Tensor<"f32"> {
  checkOptions("gelu", options);
  return apply(options.approximate === "tanh" ? geluTanhOp : geluOp, [x], none);
}

/**
 * ln(1 + e^(βx)) / β, and x itself where βx > threshold (as in PyTorch).
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = softplus(tensor([100])); // [100]
 */
export function softplus(x: Tensor, options: { beta?: number; threshold?: number } = {}): Tensor<"f32"> {
  checkOptions("softplus", options);
  return apply(softplusOp, [x], [options.beta ?? 1, options.threshold ?? 20]);
}

/**
 * x within [min, max]; the gradient passes where x lies inside, bounds included. NaN stays NaN.
 *
 * @throws {DTypeError} unless x is f32.
 * @throws {ArgumentError} if min > max.
 * @example
 * const y = clamp(tensor([-2, 0.5, 2]), { min: -1, max: 1 }); // [-1, 0.5, 1]
 */
export function clamp(x: Tensor, options: { min?: number; max?: number }): Tensor<"f32"> {
  checkOptions("clamp", options);
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = options;
  checkNumber("clamp", "min", min, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  checkNumber("clamp", "max", max, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  if (min > max) throw new ArgumentError(`clamp: min ${min} is above max ${max}; swap them`);
  return apply(clampOp, [x], [min, max]);
}

/** Values and bounds of signSte. */
const unit: Pair = [-1, 1];

/**
 * The sign as a bit holds it: −1 below 0, 1 from 0 on (torch.sign: 0 at 0); NaN stays. Its gradient is that of the hard tanh, where
 * |x| ≤ 1 straight through, else 0 (Hubara et al. 2016): so that layers of binary activations train.
 *
 * @throws {DTypeError} unless x is f32.
 * @example
 * const y = signSte(tensor([-0.5, 0, 3])); // [-1, 1, 1]
 */
export function signSte(x: Tensor): Tensor<"f32"> {
  return apply(signOp, [x], unit);
}

/** g where |x| ≤ 1. */
export function signGrad(g: Tensor, x: Tensor): Tensor<"f32"> {
  return apply(signOp.grad, [g, x], unit);
}

/** g where y > 0: relu's gradient from its output (or input). */
export function reluGrad(g: Tensor, y: Tensor): Tensor<"f32"> {
  return apply(reluOp.grad, [g, y], none);
}

/** g · y · (1 − y): sigmoid's gradient from its output. */
export function sigmoidGrad(g: Tensor, y: Tensor): Tensor<"f32"> {
  return apply(sigmoidOp.grad, [g, y], none);
}

/** g · (1 − y²): tanh's gradient from its output. */
export function tanhGrad(g: Tensor, y: Tensor): Tensor<"f32"> {
  return apply(tanhOp.grad, [g, y], none);
}
