import { type Calibration, inputsOf, rowsOf } from "../calibration.js";
import { checkNumber, checkOptions, checkRecord, said } from "../check.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { checkModel, type GraphNode, type Model, type Params } from "../model.js";
import { columnsOf } from "../ops/gather.js";
import { leastSquares } from "../ops/solve.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";

export interface FitOptions {
  /** Inputs that both see; some times more examples than a layer has inputs. */
  calibration: Calibration;
  /** Linear nodes of the student, and the teacher's whose values before the activation they are to give. Default: see below. */
  layers?: Readonly<Record<string, string>>;
  /** Weight of ‖W‖² for each example. Default 0. */
  l2?: number;
}

/** A linear node of the student, and what it is to give: values of the teacher's, of these neurons only or of all. */
export interface Aim {
  readonly node: GraphNode;
  readonly teacher: string;
  readonly neurons?: Int32Array;
}

/**
 * Fits layers of a student to what those of its teacher give, each in closed form: the least ‖X Wᵀ + b − Y‖² + l2 · examples · ‖W‖²,
 * X what the student's layer reads once those before it are fitted, Y the teacher's values before the activation. A new model; no
 * step is trained. By default the last layer is fitted to the teacher's last, and others to those of their name and width; layers
 * without a counterpart stay as they are.
 *
 * @throws {ArgumentError} if there are no examples, a node is not there or not linear, or no layer has a counterpart.
 * @throws {ShapeError} if a layer is not as wide as its counterpart.
 * @example
 * const small = nn.sequential([nn.linear(2, 8), nn.relu(), nn.linear(8, 2)], { seed: 2 });
 * const student = fitLayers(model, small, { calibration: data });
 */
export function fitLayers(teacher: Model, student: Model, options: FitOptions): Model {
  checkOptions("fitLayers", options);
  const { calibration, l2 = 0, layers } = options;
  checkModel("fitLayers", "the teacher", teacher);
  checkModel("fitLayers", "the student", student);
  checkNumber("fitLayers", "l2", l2, 0, Number.MAX_VALUE);
  if (layers !== undefined) checkRecord("fitLayers", "layers", layers);
  const aims = layers === undefined ? counterparts(teacher, student) : named(teacher, student, layers);
  return scope(() => student.with(fitted(teacher, student, aims, inputsOf("fitLayers", calibration), l2)));
}

/** New parameters for the aims, in the order of the graph. */
export function fitted(teacher: Model, student: Model, aims: readonly Aim[], x: Tensor, l2: number): Params {
  const wanted = teacher.applyWith([...new Set(aims.map((aim) => aim.teacher))], teacher.params, x).values;
  const changed: Record<string, Tensor> = Object.create(null);
  for (const { node, teacher: name, neurons } of aims)
    Object.assign(
      changed,
      scope(() => {
        const read = student.applyWith([node.input], { ...student.params, ...changed }, x).values[node.input]!;
        const all = rowsOf(wanted[name]!);
        const target = neurons === undefined ? all : columnsOf(all, neurons);
        const bias = node.attributes.bias !== false;
        const fit = leastSquares(rowsOf(read), target, { l2: l2 * all.shape[0]!, bias });
        return { [`${node.name}.weight`]: fit.weight, ...(bias && { [`${node.name}.bias`]: fit.bias }) };
      }),
    );
  return changed;
}

/** The linear nodes of a model, in the order of the graph. */
export function linears(model: Model): readonly GraphNode[] {
  return model.graph.filter((node) => node.op === "linear");
}

function counterparts(teacher: Model, student: Model): Aim[] {
  const [theirs, mine] = [linears(teacher), linears(student)];
  const aims = mine.flatMap((node): Aim[] => {
    const other = node === mine.at(-1) ? theirs.at(-1) : theirs.slice(0, -1).find(({ name }) => name === node.name);
    return other !== undefined && other.attributes.out === node.attributes.out ? [{ node, teacher: other.name }] : [];
  });
  if (aims.length === 0)
    throw new ArgumentError(
      "fitLayers: no layer of the student is as wide as one of that name, or the last, of the teacher; name some in layers",
    );
  return aims;
}

function named(teacher: Model, student: Model, layers: Readonly<Record<string, string>>): Aim[] {
  const aims = Object.entries(layers).map(([mine, theirs]): Aim => {
    const [node, other] = [linear("student", student, mine), linear("teacher", teacher, theirs)];
    if (node.attributes.out !== other.attributes.out)
      throw new ShapeError(
        `fitLayers: "${mine}" gives ${node.attributes.out} values, the teacher's "${theirs}" ${other.attributes.out}; both need one width`,
      );
    return { node, teacher: theirs };
  });
  const order = linears(student);
  return aims.sort((a, b) => order.indexOf(a.node) - order.indexOf(b.node));
}

function linear(who: string, model: Model, name: string): GraphNode {
  const node = linears(model).find((one) => one.name === name);
  if (node === undefined)
    throw new ArgumentError(
      `fitLayers: the ${who} has no linear node ${said(name)}; there are ${linears(model)
        .map((one) => one.name)
        .join(", ")}`,
    );
  return node;
}
