// Arithmetic on two operands that broadcast as in NumPy. Special values follow IEEE 754; NaN in either operand gives NaN.
import { apply, asTensor, checkDType, type Op, type OutPlan, type TensorLike } from "../op.js";
import type { Kernels } from "../runtime/kernels.js";
import { scope } from "../scope.js";
import { broadcastShape, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { cast } from "./cast.js";
import { equal, greater, less } from "./compare.js";
import { sumTo } from "./expand.js";
import { type Pairing, type PairKernel, pair, paired } from "./pairing.js";
import { neg } from "./unary.js";

type BinaryOp = Op<undefined, OutPlan<"f32"> & Pairing>;

// @__NO_SIDE_EFFECTS__
function binary(name: string, kernel: (k: Kernels) => PairKernel, vjp: NonNullable<BinaryOp["vjp"]>): BinaryOp {
  return {
    name,
    infer([a, b]) {
      checkDType(name, "a", a!, "f32");
      checkDType(name, "b", b!, "f32");
      const shape = broadcastShape(name, a!.shape, b!.shape);
      return { shape, dtype: "f32", work: sizeOf(shape), ...pair(shape, a!.shape, b!.shape)! };
    },
    wasm(k, out, [a, b], { cols, aRow, aCol, bRow, bCol }, _, begin, end) {
      kernel(k)(out, a!, b!, cols, aRow, aCol, bRow, bCol, begin, end);
    },
    vjp,
  };
}

const addOp = binary(
  "add",
  (k) => k.add_f32,
  (g, { inputs: [a, b], needs }) => [
    needs[0] ? sumTo(g, a!.shape) : undefined,
    needs[1] ? sumTo(g, b!.shape) : undefined,
  ],
);

const subOp = binary(
  "sub",
  (k) => k.sub_f32,
  (g, { inputs: [a, b], needs }) => [
    needs[0] ? sumTo(g, a!.shape) : undefined,
    needs[1] ? sumTo(neg(g), b!.shape) : undefined,
  ],
);

const mulOp = binary(
  "mul",
  (k) => k.mul_f32,
  (g, { inputs: [a, b], needs }) => [
    needs[0] ? sumTo(mul(g, b!), a!.shape) : undefined,
    needs[1] ? sumTo(mul(g, a!), b!.shape) : undefined,
  ],
);

const divOp = binary(
  "div",
  (k) => k.div_f32,
  (g, { inputs: [a, b], needs }) => [
    needs[0] ? sumTo(div(g, b!), a!.shape) : undefined,
    needs[1] ? sumTo(neg(div(mul(g, div(a!, b!)), b!)), b!.shape) : undefined,
  ],
);

/** The gradient goes to the winner, in halves where both are equal (as in PyTorch). */
// @__NO_SIDE_EFFECTS__
function toWinner(wins: typeof greater): NonNullable<BinaryOp["vjp"]> {
  return (g, { inputs: [a, b] }) => {
    const tie = mul(cast(equal(a!, b!), "f32"), 0.5);
    const share = (x: Tensor, y: Tensor) => sumTo(mul(g, add(cast(wins(x, y), "f32"), tie)), x.shape);
    return [share(a!, b!), share(b!, a!)];
  };
}

const maximumOp = binary("maximum", (k) => k.maximum_f32, toWinner(greater));
const minimumOp = binary("minimum", (k) => k.minimum_f32, toWinner(less));

function call(op: BinaryOp, a: TensorLike, b: TensorLike): Tensor<"f32"> {
  return scope(() => apply(op, paired(op.name, asTensor(op.name, a), asTensor(op.name, b)), undefined));
}

/**
 * a + b, broadcasting.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const y = add(tensor([1, 2]), 1); // [2, 3]
 */
export function add(a: TensorLike, b: TensorLike): Tensor<"f32"> {
  return call(addOp, a, b);
}

/**
 * a − b, broadcasting.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const y = sub(tensor([1, 2]), tensor([3, 3])); // [-2, -1]
 */
export function sub(a: TensorLike, b: TensorLike): Tensor<"f32"> {
  return call(subOp, a, b);
}

/**
 * a · b, broadcasting.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const y = mul(tensor([[1], [2]]), tensor([3, 4])); // [[3, 4], [6, 8]]
 */
export function mul(a: TensorLike, b: TensorLike): Tensor<"f32"> {
  return call(mulOp, a, b);
}

/**
 * a / b, by IEEE 754: 1 / 0 is Infinity, 0 / 0 NaN, broadcasting.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const y = div(1, tensor([2, 4])); // [0.5, 0.25]
 */
export function div(a: TensorLike, b: TensorLike): Tensor<"f32"> {
  return call(divOp, a, b);
}

/**
 * The larger of a and b, broadcasting.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const y = maximum(tensor([-1, 2]), 0); // [0, 2]
 */
export function maximum(a: TensorLike, b: TensorLike): Tensor<"f32"> {
  return call(maximumOp, a, b);
}

/**
 * The smaller of a and b, broadcasting.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const y = minimum(tensor([-1, 2]), 0); // [-1, 0]
 */
export function minimum(a: TensorLike, b: TensorLike): Tensor<"f32"> {
  return call(minimumOp, a, b);
}
