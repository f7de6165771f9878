// Comparisons give masks (u8: 1 or 0) and stop gradients; NaN compares false.
import { apply, asTensor, checkDType, type Op, type OutPlan, type TensorLike } from "../op.js";
import type { Kernels } from "../runtime/kernels.js";
import { scope } from "../scope.js";
import { broadcastShape, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { type Pairing, type PairKernel, pair, paired } from "./pairing.js";

type CompareOp = Op<undefined, OutPlan<"u8"> & Pairing>;

// @__NO_SIDE_EFFECTS__
function compare(name: string, kernel: (k: Kernels) => PairKernel): CompareOp {
  return {
    name,
    infer([a, b]) {
      checkDType(name, "a", a!, "f32");
      checkDType(name, "b", b!, "f32");
      const shape = broadcastShape(name, a!.shape, b!.shape);
      return { shape, dtype: "u8", work: sizeOf(shape), ...pair(shape, a!.shape, b!.shape)! };
    },
    wasm(k, out, [a, b], { cols, aRow, aCol, bRow, bCol }, _, begin, end) {
      kernel(k)(out, a!, b!, cols, aRow, aCol, bRow, bCol, begin, end);
    },
  };
}

const greaterOp = compare("greater", (k) => k.greater_f32);
const lessOp = compare("less", (k) => k.less_f32);
const equalOp = compare("equal", (k) => k.equal_f32);

function call(op: CompareOp, a: TensorLike, b: TensorLike): Tensor<"u8"> {
  return scope(() => apply(op, paired(op.name, asTensor(op.name, a), asTensor(op.name, b)), undefined));
}

/**
 * 1 where a > b, else 0, broadcasting.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const mask = greater(tensor([1, 2]), 1); // u8 [0, 1]
 */
export function greater(a: TensorLike, b: TensorLike): Tensor<"u8"> {
  return call(greaterOp, a, b);
}

/**
 * 1 where a < b, else 0, broadcasting.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const mask = less(tensor([1, 2]), 2); // u8 [1, 0]
 */
export function less(a: TensorLike, b: TensorLike): Tensor<"u8"> {
  return call(lessOp, a, b);
}

/**
 * 1 where a = b, else 0, broadcasting.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const mask = equal(tensor([1, 2]), 2); // u8 [0, 1]
 */
export function equal(a: TensorLike, b: TensorLike): Tensor<"u8"> {
  return call(equalOp, a, b);
}
