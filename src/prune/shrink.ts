import { checkOptions } from "../check.js";
import { DTypeError } from "../errors.js";
import { readersOf } from "../graph.js";
import { layers } from "../layers.js";
import { checkModel, type GraphNode, inputName, Model } from "../model.js";
import type { Masks } from "../optim/masked.js";
import { scope } from "../scope.js";
import { checkUntraced } from "../tape.js";
import { readTensor, type Tensor, tensor } from "../tensor.js";
import { applyMasks } from "./masks.js";

export interface ShrinkOptions {
  /** What falls, besides the zeros that the parameters have. */
  masks?: Masks;
}

/** A linear node on its way to a smaller one. */
interface Neurons {
  readonly rows: number;
  readonly cols: number;
  readonly w: Float32Array;
  /** Zeros where the node has none. */
  readonly bias: Float32Array;
  /** What its columns are. */
  readonly reads: Value;
  /** The linear nodes that read it, if all do, through pointwise nodes at most: only then may neurons go. */
  readonly readers: readonly string[] | undefined;
  /** Neurons that are the same for every example. */
  readonly constant: boolean[];
  readonly kept: boolean[];
}

/** The value of a node: neurons of a linear node, and what those that are constant have become on the way. */
interface Value {
  readonly of: Neurons | undefined;
  readonly constants: Float32Array;
}

const fromOutside: Value = { of: undefined, constants: /* @__PURE__ */ new Float32Array() };

/**
 * A smaller model that gives the same outputs, up to rounding: hidden neurons of which no weight is left are removed, from the rows of
 * their layer and the columns of its readers. One that nothing reads is dropped; one that reads nothing is the same for every
 * example, activation(bias), which goes into the biases of its readers (a layer without biases gets them, if need be). That may leave
 * others without weights: they go, too. A layer keeps one neuron at least.
 *
 * Inputs and outputs of the model stay as they are; so does what softmax mixes. A weight of 0 is taken for no weight: it does not
 * meet NaN or infinities. Dropout is taken as at inference.
 *
 * @throws {ArgumentError} if a mask names no parameter.
 * @throws {ShapeError} if a mask and its parameter differ in shape.
 * @throws {DTypeError} if a weight is packed already.
 * @example
 * const masks = prune(model, magnitude({ count: 1, unit: "neuron" }));
 * const small = shrink(model, { masks });
 * const size = small.size; // 12
 */
export function shrink(model: Model, options: ShrinkOptions = {}): Model {
  checkModel("shrink", "model", model);
  checkOptions("shrink", options);
  for (const { name } of model.weights)
    if (model.params[name]!.dtype !== "f32")
      throw new DTypeError(`shrink: "${name}" is ${model.params[name]}; shrink before weights are packed`);
  for (const t of Object.values(model.params)) checkUntraced("shrink", t);
  return scope(() => {
    const masked = applyMasks(model, options.masks ?? {});
    const neurons = constantsOf(masked);
    dropDead(masked.graph, neurons);
    return rebuilt(masked, neurons);
  });
}

/** From the inputs on: which neurons read nothing, or only what is constant, and what they are. */
function constantsOf({ graph, params }: Model): Map<string, Neurons> {
  const found = new Map<string, Neurons>();
  const values = new Map([[inputName, fromOutside]]);
  for (const node of graph) {
    const value = values.get(node.input)!;
    const { name, op } = node;
    if (op === "linear") {
      const [rows, cols] = params[`${name}.weight`]!.shape as [number, number];
      const w = readTensor(params[`${name}.weight`]!) as Float32Array;
      const bias = params[`${name}.bias`];
      const own: Neurons = {
        ...{ rows, cols, w, bias: bias === undefined ? new Float32Array(rows) : (readTensor(bias) as Float32Array) },
        ...{ reads: value, readers: linearReaders(graph, name) },
        ...{ constant: new Array(rows).fill(false), kept: new Array(rows).fill(true) },
      };
      found.set(name, own);
      values.set(name, { of: own, constants: settle(own) });
    } else if (layers.get(op)!.pointwise === true) values.set(name, { of: value.of, constants: through(node, value) });
    else values.set(name, fromOutside);
  }
  return found;
}

/** The neuron that column `c` reads; flattened, they repeat. */
const neuronAt = ({ reads }: Neurons, c: number): number => (reads.of === undefined ? -1 : c % reads.of.rows);

/** Marks the neurons that are constant, and gives what they are. */
function settle(node: Neurons): Float32Array {
  const { of: before, constants } = node.reads;
  const values = new Float32Array(node.rows);
  for (let row = 0; row < node.rows; row++) {
    let sum = node.bias[row]!;
    let constant = true;
    for (let c = 0; c < node.cols && constant; c++) {
      const weight = node.w[row * node.cols + c]!;
      if (weight === 0) continue;
      const neuron = neuronAt(node, c);
      constant = before?.readers !== undefined && before.constant[neuron]!;
      sum += weight * constants[neuron]!;
    }
    node.constant[row] = constant;
    if (constant) values[row] = sum;
  }
  return values;
}

/** Constants through a pointwise node, by its own arithmetic. */
function through({ op, attributes }: GraphNode, { of, constants }: Value): Float32Array {
  if (of === undefined) return constants;
  const context = { training: false, seed: 0, stream: 0, activation: undefined };
  return scope(() =>
    readTensor(layers.get(op)!.run(tensor(constants, [1, of.rows]), {}, attributes, context)),
  ) as Float32Array;
}

/** The linear nodes that read a node; nothing if any other does, or it gives the output of the model. */
function linearReaders(graph: readonly GraphNode[], name: string): readonly string[] | undefined {
  const readers = readersOf(graph, name);
  return readers?.every(({ op }) => op === "linear") ? readers.map((reader) => reader.name) : undefined;
}

/** From the outputs back: keeps the neurons that are read and not constant. */
function dropDead(graph: readonly GraphNode[], all: ReadonlyMap<string, Neurons>): void {
  for (const { name } of [...graph].reverse()) {
    const node = all.get(name);
    if (node?.readers === undefined) continue;
    const readers = node.readers.map((reader) => all.get(reader)!);
    for (let row = 0; row < node.rows; row++)
      node.kept[row] = !node.constant[row] && readers.some((reader) => reads(reader, row, node.rows));
    if (!node.kept.includes(true)) node.kept[0] = true;
  }
}

/** Whether one of a node's kept neurons has a weight for neuron `at` of the `count` before it. */
function reads(node: Neurons, at: number, count: number): boolean {
  for (let row = 0; row < node.rows; row++) {
    if (!node.kept[row]) continue;
    for (let c = at; c < node.cols; c += count) if (node.w[row * node.cols + c] !== 0) return true;
  }
  return false;
}

/** The model of what is kept. */
function rebuilt({ graph, params }: Model, all: ReadonlyMap<string, Neurons>): Model {
  const made: Record<string, Tensor> = Object.assign(Object.create(null), params);
  const nodes = graph.map((node) => {
    const own = all.get(node.name);
    if (own === undefined) return node;
    const rows = indicesOf(own.rows, (row) => own.kept[row]!);
    const cols = indicesOf(own.cols, (c) => own.reads.of?.kept[neuronAt(own, c)] !== false);
    const w = new Float32Array(rows.length * cols.length);
    for (const [i, row] of rows.entries())
      for (const [j, c] of cols.entries()) w[i * cols.length + j] = own.w[row * own.cols + c]!;
    made[`${node.name}.weight`] = tensor(w, [rows.length, cols.length]);
    const bias = rows.map((row) => folded(own, row));
    const { bias: has, ...attributes } = node.attributes;
    const biased = has !== false || bias.some((value) => value !== 0);
    if (biased) made[`${node.name}.bias`] = tensor(bias);
    return {
      ...node,
      attributes: { ...attributes, in: cols.length, out: rows.length, ...(!biased && { bias: false }) },
    };
  });
  return new Model(nodes, made);
}

function indicesOf(count: number, keeps: (index: number) => boolean): number[] {
  return Array.from({ length: count }, (_, i) => i).filter(keeps);
}

/** The bias of a neuron with what the removed constants gave it. */
function folded(node: Neurons, row: number): number {
  const { of: before, constants } = node.reads;
  let sum = node.bias[row]!;
  if (before === undefined) return sum;
  for (let c = 0; c < node.cols; c++) {
    const neuron = neuronAt(node, c);
    if (before.kept[neuron] || !before.constant[neuron]) continue;
    const weight = node.w[row * node.cols + c]!;
    if (weight !== 0) sum += weight * constants[neuron]!;
  }
  return sum;
}
