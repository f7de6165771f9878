import { valueAndGrad } from "../../src/grad.js";
import { mul } from "../../src/ops/binary.js";
import { sum } from "../../src/ops/reduce.js";
import { Scope } from "../../src/scope.js";
import { Tensor, tensor } from "../../src/tensor.js";
import { type Args, type Case, difference, type Got, type Vector } from "./vectors.js";

/** Inputs by name; which of them an op has is in the manifest. */
export type Inputs = Readonly<Record<string, Tensor>>;

/** What a runner is given: the inputs on the heap, and the names of the inputs whose gradient is compared. */
export interface Task {
  readonly name: string;
  readonly inputs: Inputs;
  readonly args: Args;
  /** Plain numbers that the case gives. */
  readonly values: Args;
  readonly wanted: readonly string[];
}

export type Outputs = Readonly<Record<string, Tensor | Got>>;
export type Run = (task: Task) => Outputs | Promise<Outputs>;

/**
 * How an op of the vectors meets ours: run by it, run but for some arguments, or, if it is a text, not covered and why.
 * `except` names in words what keeps a case from being run.
 */
export type Coverage = Run | { readonly run: Run; readonly except: (args: Args) => string | undefined } | string;
export type CoverageTable = Readonly<Record<string, Coverage>>;

/** Runs a function of tensors, and its gradients from the upstream gradient `grad_out` that the case gives. */
export function differentiable<A>(forward: (inputs: Inputs, args: A) => Tensor): Run {
  return ({ inputs, args, wanted }) => {
    const { grad_out: upstream, ...rest } = inputs;
    if (upstream === undefined) return { out: forward(rest, args as A) };
    const params = Object.fromEntries(wanted.map((name) => [name, rest[name]!]));
    const { grads, aux } = valueAndGrad((free: Record<string, Tensor>): readonly [Tensor, Tensor] => {
      const out = forward({ ...rest, ...free }, args as A);
      return [sum(mul(out, upstream)), out];
    })(params);
    const named = Object.entries(grads).map(([name, gradient]) => [`grad_${name}`, gradient]);
    return { out: aux, ...Object.fromEntries(named) };
  };
}

/** All that is wrong with a case, in words; nothing where it passes. */
export async function check(run: Run, { inputs, args, values, outputs, tol, ...base }: Case): Promise<string[]> {
  const scope = new Scope();
  try {
    const wanted = Object.keys(outputs).flatMap((name) => (name.startsWith("grad_") ? [name.slice(5)] : []));
    const given = Object.fromEntries(Object.entries(inputs).map(([name, vector]) => [name, toTensor(vector)]));
    const made = await run({
      name: base.name,
      inputs: given,
      args,
      values,
      wanted: wanted.filter((name) => name in inputs),
    });
    const wrong: string[] = [];
    for (const [name, expected] of Object.entries(outputs)) {
      const got = made[name];
      const words = got === undefined ? "is missing" : difference(await read(got), expected, tol[name] ?? base);
      if (words !== undefined) wrong.push(`${base.name}: ${name} ${words}`);
    }
    return wrong;
  } catch (error) {
    return [`${base.name}: threw ${error}`];
  } finally {
    scope.dispose();
  }
}

function toTensor({ dtype, shape, values }: Vector): Tensor {
  if (dtype === "I32" || dtype === "I64") return tensor(Int32Array.from(values), shape);
  if (dtype === "U8" || dtype === "BOOL") return tensor(Uint8Array.from(values), shape);
  return tensor(Float32Array.from(values), shape);
}

async function read(got: Tensor | Got): Promise<Got> {
  return got instanceof Tensor ? { shape: got.shape, values: await got.data() } : got;
}
