import type { DType } from "./dtype.js";
import { DeviceError, DTypeError, GradientError } from "./errors.js";
import { type Launchable, launch, type Plan } from "./runtime/launch.js";
import { type Shape, show } from "./shape.js";
import { record, recording, traced } from "./tape.js";
import { place, Tensor, tensor } from "./tensor.js";

/** A plan whose output is to be placed. */
export interface OutPlan<D extends DType = DType> extends Plan {
  readonly shape: Shape;
  readonly dtype: D;
}

/** What a gradient rule sees. Tensors are the caller's: a rule disposes of none. */
export interface Recorded<P, L> {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly params: P;
  readonly plan: L;
  /** Which inputs want a gradient; for the others anything may be returned. */
  readonly needs: readonly boolean[];
}

/** One op: the contract (`infer`), how it runs (`wasm`, `wgsl`), and its gradient (`vjp`). */
export interface Op<P, L extends OutPlan = OutPlan> extends Launchable<P, L> {
  /** Checks shapes and dtypes: throws here or nowhere. */
  infer(inputs: readonly Tensor[], params: P): L;
  /** Gradients of the inputs from the gradient `g` of the output, built from ops; absent where there is none. */
  vjp?(g: Tensor<"f32">, of: Recorded<P, L>): readonly (Tensor | undefined)[];
}

/** The one way through: check, place, launch, record. */
export function apply<P, L extends OutPlan>(op: Op<P, L>, inputs: readonly Tensor[], params: P): Tensor<L["dtype"]> {
  checkInputs(op.name, inputs);
  const plan = op.infer(inputs, params);
  const out = place(plan.shape, plan.dtype);
  try {
    launch(op, out, inputs, plan, params);
  } catch (error) {
    out.dispose();
    throw error;
  }
  if (recording()) record(op as unknown as Op<unknown>, inputs, out, params, plan);
  return out as Tensor<L["dtype"]>;
}

/**
 * The same way for kernels that change their target: optimizers, scaling in place, storage that is filled. Not recorded: under grad
 * for what no tape knows, and has one handle, alone.
 */
export function applyInPlace<P, L extends OutPlan>(
  op: Op<P, L>,
  target: Tensor,
  inputs: readonly Tensor[],
  params: P,
): void {
  checkInputs(op.name, [target, ...inputs]);
  if (recording() && (target.storage.refs > 1 || [target, ...inputs].some(traced)))
    throw new GradientError(
      `${op.name}: changes a tensor in place, which grad() cannot follow; call it after grad() returned`,
    );
  launch(op, target, inputs, op.infer([target, ...inputs], params), params);
}

function checkInputs(who: string, inputs: readonly Tensor[]): void {
  const device = inputs[0]?.device;
  for (const input of inputs) {
    checkTensor(who, input);
    void input.pointer;
    if (input.device !== device)
      throw new DeviceError(
        `${who}: tensors are on ${device} and ${input.device}; move one of them, nothing is copied silently`,
      );
  }
}

/** A tensor, or a number that becomes a scalar tensor. */
export type TensorLike = Tensor | number;

export function asTensor(who: string, value: TensorLike): Tensor {
  if (typeof value === "number") return tensor([value], []);
  checkTensor(who, value);
  return value;
}

/** Guards against what types cannot stop: calls from plain JavaScript. */
export function checkTensor(who: string, value: unknown): void {
  if (!(value instanceof Tensor))
    throw new DTypeError(
      `${who}: expected a tensor, got ${value === null ? "null" : typeof value}; make one with tensor()`,
    );
}

/** Guards the dtype of an input. */
export function checkDType(who: string, name: string, t: Tensor, dtype: DType): void {
  checkTensor(who, t);
  if (t.dtype !== dtype)
    throw new DTypeError(
      `${who}: ${name} ${show(t.shape)} is ${t.dtype}, expected ${dtype}; ` +
        (t.dtype === "packed" ? `take its dense()` : `convert with cast(${name}, "${dtype}")`),
    );
}

/** The dtype of an input that may be of any, but not packed. */
export function elementsOf(who: string, t: Tensor): DType {
  if (t.dtype === "packed")
    throw new DTypeError(`${who}: ${t} is packed, which matmul alone takes, as b; take its dense()`);
  return t.dtype;
}
