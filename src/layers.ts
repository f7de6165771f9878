// The ops that a model's graph is made of: one table, read by the model, by the files and by what rewrites graphs.
import { checkChoice, checkCount, checkNumber } from "./check.js";
import type { EpilogueActivation } from "./epilogue.js";
import { ShapeError } from "./errors.js";
import { reshape } from "./ops/layout.js";
import { matmul } from "./ops/matmul.js";
import { dropout } from "./ops/random.js";
import { logSoftmax, softmax } from "./ops/softmax.js";
import { clamp, gelu, leakyRelu, relu, sigmoid, signSte, silu, softplus, tanh } from "./ops/unary.js";
import { type Shape, show } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** Settings of a layer, as they are saved. */
export type Attributes = Readonly<Record<string, number | boolean | string>>;

/** What a layer may know besides its input. */
export interface RunContext {
  /** Dropout drops only in training. */
  readonly training: boolean;
  readonly seed: number;
  /** Differs from node to node and from step to step: no two draws are alike. */
  readonly stream: number;
  /** Activation to apply in the same pass, chosen by the model where the next node is one. */
  readonly activation: EpilogueActivation | undefined;
}

/** One kind of layer. */
export interface Layer {
  /** Parameters that may be packed: matrices that the layer multiplies with. */
  readonly packs?: readonly string[];
  /** Each number of the output comes from one number of the input alone, in order: what is constant stays so. */
  readonly pointwise?: boolean;
  /** Names and shapes of its parameters. @throws {ArgumentError} if the attributes make no sense. */
  params(attributes: Attributes): Readonly<Record<string, Shape>>;
  run(x: Tensor, params: Readonly<Record<string, Tensor>>, attributes: Attributes, context: RunContext): Tensor;
}

/** A layer without parameters; `settings` names its attributes, all finite numbers. */
// @__NO_SIDE_EFFECTS__
function plain(
  name: string,
  run: (x: Tensor, attributes: Attributes) => Tensor,
  settings: readonly string[] = [],
  pointwise = true,
): Layer {
  return {
    pointwise,
    params(attributes) {
      for (const setting of settings)
        checkNumber(name, setting, attributes[setting], -Number.MAX_VALUE, Number.MAX_VALUE);
      return {};
    },
    run: (x, _, attributes) => run(x, attributes),
  };
}

/** x · Wᵀ + b, W [out, in] as PyTorch stores it. */
const linear: Layer = {
  packs: ["weight"],
  params(attributes) {
    const { in: inputs, out: outputs } = attributes;
    checkCount("linear", "the number of inputs", inputs, 1, 2 ** 30);
    checkCount("linear", "the number of outputs", outputs, 1, 2 ** 30);
    const weight = [outputs as number, inputs as number];
    return attributes.bias === false ? { weight } : { weight, bias: [outputs as number] };
  },
  run(x, { weight, bias }, attributes, { activation }) {
    if (x.shape[x.rank - 1] !== attributes.in)
      throw new ShapeError(
        `linear: x is ${show(x.shape)}, the layer takes [..., ${attributes.in}]; the last size must be ${attributes.in}`,
      );
    return matmul(x, weight!, { transposeB: true, bias, activation });
  },
};

const dropoutLayer: Layer = {
  pointwise: true,
  params(attributes) {
    checkNumber("dropout", "p", attributes.p, 0, 1);
    return {};
  },
  run: (x, _, attributes, { training, seed, stream }) =>
    training ? dropout(x, { p: attributes.p as number, seed, stream }) : x,
};

const geluLayer: Layer = {
  pointwise: true,
  params({ approximate }) {
    checkChoice("gelu", "approximate", approximate, ["none", "tanh"]);
    return {};
  },
  run: (x, _, { approximate }) => gelu(x, { approximate: approximate as "none" | "tanh" }),
};

const leakyReluLayer = plain("leakyRelu", (x, { slope }) => leakyRelu(x, { slope: slope as number }), ["slope"]);
const softplusLayer = plain(
  "softplus",
  (x, { beta, threshold }) => softplus(x, { beta: beta as number, threshold: threshold as number }),
  ["beta", "threshold"],
);
const clampLayer = plain("clamp", (x, { min, max }) => clamp(x, { min: min as number, max: max as number }), [
  "min",
  "max",
]);

const softmaxLayer = plain("softmax", (x, { axis }) => softmax(x, { axis: axis as number }), ["axis"], false);
const logSoftmaxLayer = plain("logSoftmax", (x, { axis }) => logSoftmax(x, { axis: axis as number }), ["axis"], false);

/** A map, so that a name from a file is only ever data. */
export const layers: ReadonlyMap<string, Layer> = new Map<string, Layer>([
  ["linear", linear],
  ["dropout", dropoutLayer],
  ["flatten", plain("flatten", (x) => reshape(x, [x.shape[0] ?? 1, -1]))],
  ["relu", plain("relu", relu)],
  ["leakyRelu", leakyReluLayer],
  ["gelu", geluLayer],
  ["silu", plain("silu", silu)],
  ["sigmoid", plain("sigmoid", sigmoid)],
  ["sign", plain("sign", signSte)],
  ["tanh", plain("tanh", tanh)],
  ["softplus", softplusLayer],
  ["clamp", clampLayer],
  ["softmax", softmaxLayer],
  ["logSoftmax", logSoftmaxLayer],
]);
