import { said, wrong } from "./check.js";
import type { EpilogueActivation } from "./epilogue.js";
import { ArgumentError, ShapeError } from "./errors.js";
import { type Attributes, type Layer, layers } from "./layers.js";
import { checkTensor } from "./op.js";
import { copy } from "./ops/layout.js";
import { Packed } from "./packed.js";
import { scope } from "./scope.js";
import { sameShape, show } from "./shape.js";
import { streams } from "./streams.js";
import { Tensor } from "./tensor.js";

/** One step of a graph. */
export interface GraphNode {
  /** Unique; its parameters are called `name.weight`, … */
  readonly name: string;
  /** What kind of layer. */
  readonly op: string;
  /** The node it reads, or `input`. */
  readonly input: string;
  readonly attributes: Attributes;
}

/** Named parameters. */
export type Params = Readonly<Record<string, Tensor>>;

export interface ApplyOptions {
  /** Dropout drops. Default false. */
  training?: boolean;
  /** For dropout. Default 0. */
  seed?: number;
  /** Number of the training step, so that each draws anew. Default 0. */
  step?: number;
}

/** What can be trained, searched and distilled: parameters, and a function of them. */
export interface Trainable<P = Params> {
  readonly params: P;
  apply(params: P, x: Tensor, options?: ApplyOptions): Tensor;
}

/** The name that stands for the model's input in a graph. */
export const inputName = "input";

/**
 * A model is a value: a graph of named ops in topological order, and named parameters. `apply` runs it with these parameters or
 * others of the same shapes; what compresses models makes new ones.
 */
export class Model implements Trainable {
  readonly params: Params;
  private readonly plan: readonly Step[];

  /**
   * @throws {ArgumentError} if the graph names an unknown op, node or parameter.
   * @throws {ShapeError} if a parameter has another shape than its node needs.
   */
  constructor(
    readonly graph: readonly GraphNode[],
    params: Params,
  ) {
    this.plan = planOf(graph, Object.assign(Object.create(null), params));
    // In the order of the graph, wherever they came from.
    this.params = Object.create(null);
    for (const { names } of this.plan)
      for (const [, name] of names) (this.params as Record<string, Tensor>)[name] = params[name]!;
  }

  /** Numbers in all parameters. */
  get size(): number {
    return Object.values(this.params).reduce((sum, t) => sum + t.size, 0);
  }

  /**
   * Runs the graph: x [batch, …] → the last node's output. All in between is freed.
   *
   * @throws {ShapeError} if x does not fit the first layer.
   * @example
   * const model = nn.sequential([nn.linear(2, 3), nn.relu()], { seed: 1 });
   * const y = model.apply(model.params, tensor([[1, 2]])); // shape [1, 3]
   */
  apply(params: Params, x: Tensor, options: ApplyOptions = {}): Tensor {
    if (params instanceof Tensor)
      throw new ArgumentError("model.apply: the parameters come first: model.apply(model.params, x)");
    checkTensor("model.apply", x);
    return scope(() => {
      const y = run(this.plan, params, x, options).get(this.gives)!;
      return y === x ? x.alias() : y;
    });
  }

  /**
   * Runs the graph and gives the values of nodes on the way, too: their outputs by name, `input` among them. What hints compare
   * and calibration measures.
   *
   * @throws {ArgumentError} if there is no node of that name.
   * @throws {ShapeError} if x does not fit the first layer.
   * @example
   * const { output, values } = model.applyWith(["0.linear"], model.params, tensor([[1, 2]]));
   */
  applyWith(
    names: readonly string[],
    params: Params,
    x: Tensor,
    options: ApplyOptions = {},
  ): { output: Tensor; values: Record<string, Tensor> } {
    checkTensor("model.applyWith", x);
    for (const name of names)
      if (name !== inputName && !this.graph.some((node) => node.name === name))
        throw new ArgumentError(
          `model.applyWith: there is no node ${said(name)}; there are ${this.graph.map((node) => node.name).join(", ")}`,
        );
    return scope(() => {
      // A node whose value is asked for is not fused with the next.
      const all = run(planOf(this.graph, params, names), params, x, options);
      const values: Record<string, Tensor> = Object.create(null);
      for (const name of names) values[name] = all.get(name) === x ? x.alias() : all.get(name)!;
      const output = all.get(this.gives)!;
      return { output: output === x ? x.alias() : output, values };
    });
  }

  /** The node whose value is the model's. */
  private get gives(): string {
    return this.graph.at(-1)?.name ?? inputName;
  }

  /** The matrices that may be pruned, quantized and packed, in the order of the graph. */
  get weights(): readonly Weight[] {
    return this.plan.flatMap(({ node, layer }) =>
      (layer.packs ?? []).map((role) => ({ name: `${node.name}.${role}`, node, role })),
    );
  }

  /**
   * The same graph with some parameters replaced, which the new model takes over; the others are copied, so that nothing done to one
   * model changes the other.
   *
   * @throws {ArgumentError} if the model has no such parameter.
   * @throws {ShapeError} if one has another shape.
   * @example
   * const silent = model.with({ "0.linear.bias": zeros([3]) });
   */
  with(changed: Params): Model {
    return scope(() => {
      const params: Record<string, Tensor> = Object.create(null);
      for (const [name, t] of Object.entries(this.params))
        if (!Object.hasOwn(changed, name)) params[name] = t instanceof Packed ? t.alias() : copy(t);
      return new Model(this.graph, Object.assign(params, changed));
    });
  }

  /** Frees the parameters. */
  dispose(): void {
    for (const t of Object.values(this.params)) t.dispose();
  }

  /** As `dispose()`. A host without the symbol gets a method of no use. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Guards a model. @throws {ArgumentError} */
export function checkModel(who: string, name: string, value: unknown): void {
  if (!(value instanceof Model)) throw wrong(who, name, value, "a Model, such as nn.sequential() and load() give");
}

/** A matrix among the parameters of a model, and the node that multiplies with it. */
export interface Weight {
  readonly name: string;
  readonly node: GraphNode;
  readonly role: string;
}

/** A node made ready to run. */
interface Step {
  readonly node: GraphNode;
  readonly layer: Layer;
  /** Role in the layer and name among the parameters. */
  readonly names: readonly (readonly [role: string, name: string])[];
  /** Fused into this step, which then gives the activation's value. */
  readonly activation: EpilogueActivation | undefined;
  readonly gives: string;
}

const fusable: readonly string[] = ["relu", "sigmoid", "tanh"] satisfies EpilogueActivation[];

/** The value of every node that is not fused into the next, by name. */
function run(plan: readonly Step[], params: Params, x: Tensor, options: ApplyOptions): Map<string, Tensor> {
  const { training = false, seed = 0, step = 0 } = options;
  const values = new Map([[inputName, x]]);
  for (const [i, { node, layer, names, activation, gives }] of plan.entries()) {
    const own: Record<string, Tensor> = {};
    for (const [role, name] of names) own[role] = params[name]!;
    const stream = streams.dropout + ((step * plan.length + i) % streams.parameters);
    values.set(gives, layer.run(values.get(node.input)!, own, node.attributes, { training, seed, stream, activation }));
  }
  return values;
}

/**
 * Checks a graph against its parameters, and joins a linear node with the activation that alone reads it, unless its value is
 * asked for by name.
 */
function planOf(graph: readonly GraphNode[], params: Params, apart: readonly string[] = []): Step[] {
  const known = new Set([inputName]);
  const free = new Set(Object.keys(params));
  for (const node of graph) {
    const layer = layers.get(node.op);
    if (layer === undefined)
      throw new ArgumentError(`model: node "${node.name}" is a "${node.op}", which this version does not know`);
    if (!known.has(node.input))
      throw new ArgumentError(`model: node "${node.name}" reads "${node.input}", which no node before it gives`);
    if (known.has(node.name)) throw new ArgumentError(`model: two nodes are called "${node.name}"; names must differ`);
    known.add(node.name);
    for (const [role, shape] of Object.entries(layer.params(node.attributes))) {
      const name = `${node.name}.${role}`;
      const found = params[name];
      if (found === undefined) throw new ArgumentError(`model: parameter "${name}" is missing`);
      const packed = found.dtype === "packed" && layer.packs?.includes(role) === true;
      if (!sameShape(found.shape, shape) || (found.dtype !== "f32" && !packed))
        throw new ShapeError(
          `model: parameter "${name}" is ${found.dtype} ${show(found.shape)}; its node needs f32 ${show(shape)}`,
        );
      free.delete(name);
    }
  }
  const [stray] = free;
  if (stray !== undefined) throw new ArgumentError(`model: parameter "${stray}" belongs to no node`);
  const readers = new Map<string, number>();
  for (const { input } of graph) readers.set(input, (readers.get(input) ?? 0) + 1);
  const steps: Step[] = [];
  for (let i = 0; i < graph.length; i++) {
    const node = graph[i]!;
    const next = graph[i + 1];
    const layer = layers.get(node.op)!;
    const alone = next?.input === node.name && readers.get(node.name) === 1;
    const joined =
      alone && node.op === "linear" && fusable.includes(next.op) && !apart.includes(node.name) ? next : undefined;
    steps.push({
      node,
      layer,
      names: Object.keys(layer.params(node.attributes)).map((role) => [role, `${node.name}.${role}`] as const),
      activation: joined?.op as EpilogueActivation | undefined,
      gives: joined?.name ?? node.name,
    });
    if (joined !== undefined) i++;
  }
  return steps;
}
