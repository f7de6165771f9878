import { checkList, wrong } from "../check.js";
import { ArgumentError } from "../errors.js";
import { type Attributes, layers } from "../layers.js";
import { type GraphNode, inputName, Model } from "../model.js";
import { scope } from "../scope.js";
import { streams } from "../streams.js";
import type { Tensor } from "../tensor.js";
import { type Initializer, kaiming, zeros } from "./initializers.js";

/** A layer to be: what it is, and how its parameters start. */
export interface LayerSpec {
  readonly op: string;
  readonly attributes: Attributes;
  readonly initializers: Readonly<Record<string, Initializer>>;
}

function spec(op: string, attributes: Attributes = {}, initializers: LayerSpec["initializers"] = {}): LayerSpec {
  layers.get(op)!.params(attributes);
  return { op, attributes, initializers };
}

export interface LinearOptions {
  /** Default Kaiming, uniform, for relu. (PyTorch's default is narrower by √6.) */
  weight?: Initializer;
  /** Default zeros; `false`: none. */
  bias?: Initializer | false;
}

/**
 * Fully connected: x [..., in] → x · Wᵀ + b [..., out], W [out, in].
 *
 * @throws {ArgumentError} unless both sizes are integers from 1.
 * @example
 * const layer = nn.linear(784, 10, { bias: false });
 */
export function linear(inputs: number, outputs: number, options: LinearOptions = {}): LayerSpec {
  const { weight = kaiming(), bias = zeros() } = options;
  const attributes = { in: inputs, out: outputs, ...(bias === false && { bias: false }) };
  return spec("linear", attributes, bias === false ? { weight } : { weight, bias });
}

/**
 * Drops each activation with probability p while training (Srivastava et al. 2014).
 *
 * @throws {ArgumentError} unless p is from 0 to 1.
 * @example
 * const model = nn.sequential([nn.linear(64, 32), nn.relu(), nn.dropout(0.2), nn.linear(32, 4)]);
 */
export function dropout(p: number): LayerSpec {
  return spec("dropout", { p });
}

/**
 * x [batch, …] → [batch, everything else].
 *
 * @example
 * const model = nn.sequential([nn.flatten(), nn.linear(784, 10)]);
 */
export function flatten(): LayerSpec {
  return spec("flatten");
}

/**
 * max(x, 0), fused with a linear layer before it.
 *
 * @example
 * const model = nn.sequential([nn.linear(4, 8), nn.relu()]);
 */
export function relu(): LayerSpec {
  return spec("relu");
}

/**
 * x where x > 0, else slope · x (default 0.01).
 *
 * @example
 * const model = nn.sequential([nn.linear(4, 8), nn.leakyRelu({ slope: 0.1 })]);
 */
export function leakyRelu(options: { slope?: number } = {}): LayerSpec {
  return spec("leakyRelu", { slope: options.slope ?? 0.01 });
}

/**
 * x · Φ(x), by erf or its tanh approximation.
 *
 * @example
 * const model = nn.sequential([nn.linear(4, 8), nn.gelu({ approximate: "tanh" })]);
 */
export function gelu(options: { approximate?: "none" | "tanh" } = {}): LayerSpec {
  return spec("gelu", { approximate: options.approximate ?? "none" });
}

/**
 * x · σ(x).
 *
 * @example
 * const model = nn.sequential([nn.linear(4, 8), nn.silu()]);
 */
export function silu(): LayerSpec {
  return spec("silu");
}

/**
 * 1 / (1 + e⁻ˣ), fused with a linear layer before it.
 *
 * @example
 * const model = nn.sequential([nn.linear(4, 1), nn.sigmoid()]);
 */
export function sigmoid(): LayerSpec {
  return spec("sigmoid");
}

/**
 * −1 below 0, 1 from 0 on, with the gradient of the hard tanh (see `signSte`): activations of one bit.
 *
 * @example
 * const model = nn.sequential([nn.linear(4, 8), nn.sign(), nn.linear(8, 2)]);
 */
export function sign(): LayerSpec {
  return spec("sign");
}

/**
 * Hyperbolic tangent, fused with a linear layer before it.
 *
 * @example
 * const model = nn.sequential([nn.linear(4, 8, { weight: nn.glorot() }), nn.tanh()]);
 */
export function tanh(): LayerSpec {
  return spec("tanh");
}

/**
 * ln(1 + e^(βx)) / β, and x itself where βx > threshold.
 *
 * @example
 * const model = nn.sequential([nn.linear(4, 8), nn.softplus({ beta: 2 })]);
 */
export function softplus(options: { beta?: number; threshold?: number } = {}): LayerSpec {
  return spec("softplus", { beta: options.beta ?? 1, threshold: options.threshold ?? 20 });
}

/**
 * Bounds activations to [min, max]; relu6 is `nn.clamp(0, 6)`.
 *
 * @throws {ArgumentError} unless both are finite.
 * @example
 * const model = nn.sequential([nn.linear(4, 8), nn.clamp(0, 6)]);
 */
export function clamp(min: number, max: number): LayerSpec {
  return spec("clamp", { min, max });
}

/**
 * eˣ / Σeˣ along an axis (default: the last). Train with logits and cross-entropy instead where you can.
 *
 * @example
 * const model = nn.sequential([nn.linear(4, 3), nn.softmax()]);
 */
export function softmax(options: { axis?: number } = {}): LayerSpec {
  return spec("softmax", { axis: options.axis ?? -1 });
}

/**
 * ln softmax(x) along an axis (default: the last), for `nn.nll`.
 *
 * @example
 * const model = nn.sequential([nn.linear(4, 3), nn.logSoftmax()]);
 */
export function logSoftmax(options: { axis?: number } = {}): LayerSpec {
  return spec("logSoftmax", { axis: options.axis ?? -1 });
}

/**
 * A model of layers in a row. Nodes are called `0`, `1`, … with their op: `0.linear`, `1.relu`.
 *
 * @param options `seed`: the same one gives the same parameters everywhere.
 * @throws {ArgumentError} if there are no layers, or a linear layer takes another size than the one before gives.
 * @example
 * const model = nn.sequential([nn.linear(784, 300), nn.relu(), nn.linear(300, 10)], { seed: 1 });
 */
export function sequential(specs: readonly LayerSpec[], options: { seed?: number } = {}): Model {
  checkList("sequential", "the first argument", specs);
  for (const [i, layer] of specs.entries())
    if (!layers.has(layer?.op)) throw wrong("sequential", `layer ${i}`, layer, "a layer, such as nn.relu()");
  if (specs.length === 0) throw new ArgumentError("sequential: no layers given; a model needs at least one");
  checkWidths(specs);
  const { seed = 0 } = options;
  return scope(() => {
    const params: Record<string, Tensor> = Object.create(null);
    const graph: GraphNode[] = [];
    let stream = 0;
    let input = inputName;
    for (const [i, { op, attributes, initializers }] of specs.entries()) {
      const name = `${i}.${op}`;
      graph.push({ name, op, input, attributes });
      for (const [role, shape] of Object.entries(layers.get(op)!.params(attributes)))
        params[`${name}.${role}`] = initializers[role]!(shape, { seed, stream: streams.parameters + stream++ });
      input = name;
    }
    return new Model(graph, params);
  });
}

/** Linear layers must fit each other; what stands between them keeps the width. */
function checkWidths(specs: readonly LayerSpec[]): void {
  let before: LayerSpec | undefined;
  for (const [i, layer] of specs.entries()) {
    if (layer.op === "flatten") before = undefined;
    if (layer.op !== "linear") continue;
    if (before !== undefined && before.attributes.out !== layer.attributes.in)
      throw new ArgumentError(
        `sequential: layer ${i} takes ${layer.attributes.in} inputs, the linear layer before it gives ${before.attributes.out}`,
      );
    before = layer;
  }
}
