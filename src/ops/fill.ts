import type { DType } from "../dtype.js";
import { apply, type Op, type OutPlan } from "../op.js";
import { checkShape, type Shape, sizeOf } from "../shape.js";
import { checkDTypeName, type Tensor } from "../tensor.js";

interface FillParams {
  readonly shape: Shape;
  readonly value: number;
  readonly dtype: DType;
}

const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

const fillOp: Op<FillParams> = {
  name: "full",
  infer(_, { shape, dtype }): OutPlan {
    checkShape("full", shape);
    checkDTypeName("full", dtype);
    return { shape: [...shape], dtype, work: sizeOf(shape) };
  },
  wasm(k, out, _, __, { value, dtype }, begin, end) {
    if (dtype === "u8") k.fill_x8(out, value, begin, end);
    else {
      if (dtype === "f32") asFloat[0] = value;
      else bits[0] = value;
      k.fill_x32(out, bits[0]!, begin, end);
    }
  },
};

/**
 * A tensor of one value; out of the range of an integer dtype it wraps, as in typed arrays.
 *
 * @throws {ShapeError} if the shape is no list of integers from 0.
 * @throws {DTypeError} if there is no such dtype.
 * @example
 * const sevens = full([2, 2], 7); // f32 [[7, 7], [7, 7]]
 */
export function full<D extends DType = "f32">(shape: Shape, value: number, options: { dtype?: D } = {}): Tensor<D> {
  return apply(fillOp, [], { shape, value, dtype: options.dtype ?? "f32" }) as Tensor<D>;
}

/**
 * A tensor of zeros.
 *
 * @throws {ShapeError} if the shape is no list of integers from 0.
 * @example
 * const none = zeros([3], { dtype: "i32" }); // i32 [0, 0, 0]
 */
export function zeros<D extends DType = "f32">(shape: Shape, options: { dtype?: D } = {}): Tensor<D> {
  return full(shape, 0, options);
}

/**
 * A tensor of ones.
 *
 * @throws {ShapeError} if the shape is no list of integers from 0.
 * @example
 * const weights = ones([3]); // f32 [1, 1, 1]
 */
export function ones<D extends DType = "f32">(shape: Shape, options: { dtype?: D } = {}): Tensor<D> {
  return full(shape, 1, options);
}
