import { type Calibration, inputsOf } from "../calibration.js";
import { checkCount, checkList, checkNumber, checkOptions, checkRecord, said } from "../check.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { readersOf } from "../graph.js";
import { checkModel, type GraphNode, Model } from "../model.js";
import { zeros } from "../ops/fill.js";
import { columnsOf, gather } from "../ops/gather.js";
import { copy } from "../ops/layout.js";
import { mean, sum } from "../ops/reduce.js";
import { square } from "../ops/unary.js";
import { Packed } from "../packed.js";
import { scope } from "../scope.js";
import { readTensor, type Tensor, tensor } from "../tensor.js";
import { type Aim, fitted, linears } from "./fit.js";

export interface InheritOptions {
  /** Neurons that linear nodes keep, by name. Those that are not named keep all. */
  widths?: Readonly<Record<string, number>>;
  /** Linear nodes that stay, by name; what follows one goes with it. The last must stay. Default: all. */
  layers?: readonly string[];
  /** Examples that tell which neurons matter, and to which layers are fitted that read something else than in the teacher. */
  calibration?: Calibration;
  /** With calibration: weight of ‖W‖² for each example, as in `fitLayers`. Default 0. */
  l2?: number;
}

/** Neurons of linear nodes that stay, by name. */
type Kept = ReadonlyMap<string, Int32Array>;

/**
 * A smaller model made of its teacher's parameters, to start a student from: some neurons of a layer, some layers, or both. A neuron
 * counts by the norm of the weights that read it times that of its own weights, or, with calibration data, times the root mean
 * square of its values; its row goes along with the columns that read it. With calibration data each layer that then reads fewer
 * values than in the teacher, or those of an earlier layer, is fitted to what it gives there (see `fitLayers`), so that it makes
 * up for what is gone; without, layers can only go where the next one fits in their place. Nothing named: a copy.
 *
 * @throws {ArgumentError} if a name or width is wrong, the neurons of a layer cannot be told apart where they are read, parameters
 *   hold NaN or an infinity, or the calibration data has no examples.
 * @throws {ShapeError} if a layer does not fit in the place of those before it.
 * @example
 * const student = inherit(model, { widths: { "0.linear": 2 }, calibration: data });
 */
export function inherit(teacher: Model, options: InheritOptions = {}): Model {
  checkOptions("inherit", options);
  checkModel("inherit", "the teacher", teacher);
  const { widths = {}, calibration, l2 = 0 } = options;
  checkNumber("inherit", "l2", l2, 0, Number.MAX_VALUE);
  checkRecord("inherit", "widths", widths);
  const layers = layersOf(teacher, options.layers);
  return scope(() => {
    const x = calibration === undefined ? undefined : inputsOf("inherit", calibration);
    const kept = choose(teacher, widths, layers, x);
    const { student, touched } = cut(teacher, layers, kept, x !== undefined);
    if (x === undefined) return student;
    const aims = touched.map((node): Aim => {
      const neurons = kept.get(node.name);
      return { node, teacher: node.name, ...(neurons && { neurons }) };
    });
    const changed = fitted(teacher, student, aims, x, l2);
    return new Model(student.graph, { ...student.params, ...changed });
  });
}

/** Names of the linear nodes that stay. */
function layersOf(teacher: Model, names: readonly string[] | undefined): ReadonlySet<string> {
  const all = linears(teacher).map((node) => node.name);
  if (names === undefined) return new Set(all);
  checkList("inherit", "layers", names);
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new ArgumentError(`inherit: there is no linear node ${said(unknown)}; there are ${all.join(", ")}`);
  const last = all.at(-1);
  if (last !== undefined && !names.includes(last))
    throw new ArgumentError(`inherit: "${last}" gives the output and must be among the layers that stay`);
  return new Set(names);
}

/** The neurons that count most, of each layer that is to have fewer, in their order. */
function choose(
  teacher: Model,
  widths: Readonly<Record<string, number>>,
  layers: ReadonlySet<string>,
  x: Tensor | undefined,
): Kept {
  const kept = new Map<string, Int32Array>();
  for (const [name, width] of Object.entries(widths)) {
    if (!layers.has(name))
      throw new ArgumentError(
        `inherit: widths names ${said(name)}; the layers that stay are ${[...layers].join(", ")}`,
      );
    const node = linears(teacher).find((one) => one.name === name)!;
    const out = node.attributes.out as number;
    checkCount("inherit", `the width of "${name}"`, width, 1, out);
    const scores = scoresOf(teacher, node, x);
    if (width === out) continue;
    // Equals by their number: one order, on every host.
    const best = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
    kept.set(name, Int32Array.from(best.slice(0, width)).sort());
  }
  return kept;
}

/** How much each neuron of a layer counts, squared, summed over the layers that read it. */
function scoresOf(teacher: Model, node: GraphNode, x: Tensor | undefined): Float64Array {
  const scores = new Float64Array(node.attributes.out as number);
  scope(() => {
    for (const reader of linearReaders(teacher, node)) {
      const read = sum(square(weightOf(teacher, reader)), { axes: 0 });
      const own = x === undefined ? sum(square(weightOf(teacher, node)), { axes: 1 }) : power(teacher, reader.input, x);
      const [a, b] = [readTensor(own), readTensor(read)] as [Float32Array, Float32Array];
      for (const i of scores.keys()) scores[i]! += a[i]! * b[i]!;
    }
  });
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0)
    throw new ArgumentError(
      `inherit: neuron ${bad} of "${node.name}" counts ${scores[bad]}; look for NaN in its weights, those that read it, and the data`,
    );
  return scores;
}

/** Mean squares of the values of a node, feature by feature. */
function power(teacher: Model, name: string, x: Tensor): Tensor {
  const value = teacher.applyWith([name], teacher.params, x).values[name]!;
  return mean(square(value), { axes: value.shape.map((_, i) => i).slice(0, -1) });
}

/** The linear nodes that read a layer, neuron by neuron. */
function linearReaders({ graph }: Model, { name, attributes }: GraphNode): readonly GraphNode[] {
  const readers = readersOf(graph, name);
  if (readers === undefined)
    throw new ArgumentError(`inherit: "${name}" gives the output, whose width is not to be chosen; leave it out`);
  const mixer = readers.find((node) => node.op !== "linear" || node.attributes.in !== attributes.out);
  if (mixer !== undefined)
    throw new ArgumentError(`inherit: "${mixer.name}" mixes the neurons of "${name}"; leave that out of widths`);
  return readers;
}

/** The nearest linear node at or above a node, or the input. */
function sourceOf(model: Model, name: string): GraphNode | undefined {
  const node = model.graph.find((one) => one.name === name);
  return node === undefined || node.op === "linear" ? node : sourceOf(model, node.input);
}

/** The teacher without the layers and neurons that go, and the linear nodes that read something else than in it. */
function cut(
  teacher: Model,
  layers: ReadonlySet<string>,
  kept: Kept,
  fits: boolean,
): { student: Model; touched: readonly GraphNode[] } {
  const touched = new Map<string, GraphNode>();
  const params: Record<string, Tensor> = Object.create(null);
  const graph = teacher.graph.flatMap((node): GraphNode[] => {
    if (isGone(teacher, layers, node.name)) return [];
    let { input } = node;
    while (isGone(teacher, layers, input)) input = teacher.graph.find(({ name }) => name === input)!.input;
    if (node.op !== "linear") return [{ ...node, input }];
    const source = sourceOf(teacher, input);
    const reads = source && kept.get(source.name);
    const rows = kept.get(node.name);
    const { in: takes, out } = node.attributes;
    const given = input === node.input ? takes : widthOf(teacher, source);
    if (given !== takes && !fits)
      throw new ShapeError(
        `inherit: without the layers before it "${node.name}" reads ${given} values and takes ${takes}; ` +
          "pass calibration, to fit it to them",
      );
    const attributes = { ...node.attributes, in: reads?.length ?? given!, out: rows?.length ?? out! };
    const made = { ...node, input, attributes };
    if (input !== node.input || reads !== undefined || (source && touched.has(source.name)))
      touched.set(node.name, made);
    const weight = weightOf(teacher, node);
    params[`${node.name}.weight`] =
      given === takes ? part(weight, rows, reads) : zeros([attributes.out as number, attributes.in as number]);
    const bias = teacher.params[`${node.name}.bias`];
    if (bias !== undefined) params[`${node.name}.bias`] = part(bias, rows);
    return [made];
  });
  return { student: new Model(graph, params), touched: [...touched.values()] };
}

/** Whether a node goes: with the linear node that it belongs to. */
function isGone(teacher: Model, layers: ReadonlySet<string>, name: string): boolean {
  const source = sourceOf(teacher, name);
  return source !== undefined && !layers.has(source.name);
}

/** How many values a linear node gives, or the input has. */
function widthOf(teacher: Model, source: GraphNode | undefined): number {
  if (source !== undefined) return source.attributes.out as number;
  return linears(teacher).find((node) => sourceOf(teacher, node.input) === undefined)!.attributes.in as number;
}

/** Some rows, some columns, or a copy. */
function part(t: Tensor, rows?: Int32Array, reads?: Int32Array): Tensor {
  const high = rows === undefined ? copy(t) : gather(t, tensor(rows));
  return reads === undefined ? high : columnsOf(high, reads);
}

function weightOf(model: Model, node: GraphNode): Tensor {
  const weight = model.params[`${node.name}.weight`]!;
  return weight instanceof Packed ? weight.dense() : weight;
}
