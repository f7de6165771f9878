// Which of our ops answers which op of the groups matmul, activations and layers.
import { add, mul } from "../../src/ops/binary.js";
import { gather } from "../../src/ops/gather.js";
import { reshape } from "../../src/ops/layout.js";
import { matmul } from "../../src/ops/matmul.js";
import { logSoftmax, softmax } from "../../src/ops/softmax.js";
import { gelu, leakyRelu, neg, relu, sigmoid, silu, softplus, tanh } from "../../src/ops/unary.js";
import { type CoverageTable, differentiable } from "./runner.js";

export const matmulOps: CoverageTable = {
  "torch.matmul": differentiable<{ transpose_a?: boolean; transpose_b?: boolean }>(
    ({ a, b }, { transpose_a: transposeA = false, transpose_b: transposeB = false }) =>
      matmul(a!, b!, { transposeA, transposeB }),
  ),
  "torch.outer": differentiable(({ a, b }) => matmul(reshape(a!, [-1, 1]), reshape(b!, [1, -1]))),
  "torch.addmm": differentiable<{ alpha?: number; beta?: number }>(({ a, b, c }, { alpha = 1, beta = 1 }) =>
    add(mul(c!, beta), mul(matmul(a!, b!), alpha)),
  ),
};

const noOp = "no such op yet";

export const activations: CoverageTable = {
  "torch.nn.functional.relu": differentiable(({ x }) => relu(x!)),
  "torch.nn.functional.leaky_relu": differentiable<{ negative_slope?: number }>(
    ({ x }, { negative_slope: slope = 0.01 }) => leakyRelu(x!, { slope }),
  ),
  "torch.nn.functional.gelu": differentiable<{ approximate?: "none" | "tanh" }>(({ x }, { approximate = "none" }) =>
    gelu(x!, { approximate }),
  ),
  "torch.nn.functional.silu": differentiable(({ x }) => silu(x!)),
  "torch.sigmoid": differentiable(({ x }) => sigmoid(x!)),
  "torch.tanh": differentiable(({ x }) => tanh(x!)),
  "torch.nn.functional.softplus": differentiable<{ beta?: number; threshold?: number }>(({ x }, args) =>
    softplus(x!, args),
  ),
  // ln σ(x) = −softplus(−x): a change of sign on either side is exact, and so are value and gradient.
  "torch.nn.functional.logsigmoid": differentiable(({ x }) => neg(softplus(neg(x!)))),
  "torch.nn.functional.softmax": differentiable<{ dim: number }>(({ x }, { dim }) => softmax(x!, { axis: dim })),
  "torch.nn.functional.log_softmax": differentiable<{ dim: number }>(({ x }, { dim }) => logSoftmax(x!, { axis: dim })),
  "ref.softmax_temperature": differentiable<{ temperature: number; dim: number }>(({ x }, { temperature, dim }) =>
    softmax(x!, { axis: dim, temperature }),
  ),
  "torch.nn.functional.elu": noOp,
  "torch.nn.functional.selu": noOp,
  "torch.nn.functional.hardswish": noOp,
  "torch.nn.functional.hardsigmoid": noOp,
  "torch.nn.functional.hardtanh": "clamp passes the gradient at its bounds, hardtanh does not",
  "torch.nn.functional.softsign": noOp,
  "torch.nn.functional.mish": noOp,
  "torch.nn.functional.prelu": noOp,
  "torch.nn.functional.glu": noOp,
};

export const layers: CoverageTable = {
  "torch.nn.functional.linear": differentiable(({ x, weight, bias }) =>
    matmul(x!, weight!, { transposeB: true, bias }),
  ),
  "torch.nn.functional.embedding": {
    run: differentiable(({ indices, weight }) => gather(weight!, indices!)),
    except: ({ padding_idx: padding }) => (typeof padding === "number" ? "gather has no padding row" : undefined),
  },
  "torch.nn.functional.conv1d": noOp,
  "torch.nn.functional.conv2d": noOp,
  "torch.nn.functional.conv_transpose2d": noOp,
  "torch.nn.functional.max_pool1d": noOp,
  "torch.nn.functional.max_pool2d": noOp,
  "torch.nn.functional.avg_pool1d": noOp,
  "torch.nn.functional.avg_pool2d": noOp,
  "torch.nn.functional.adaptive_avg_pool2d": noOp,
  "torch.nn.functional.batch_norm": noOp,
  "torch.nn.functional.layer_norm": noOp,
  "torch.nn.functional.group_norm": noOp,
  "torch.nn.functional.instance_norm": noOp,
  "ref.rms_norm": noOp,
  "ref.scaled_dot_product_attention": noOp,
  "torch.nn.functional.multi_head_attention_forward": noOp,
  "torch.nn.LSTM": noOp,
  "torch.nn.GRU": noOp,
  "torch.nn.RNN": noOp,
};
