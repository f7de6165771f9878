import { said } from "../check.js";
import type { DType } from "../dtype.js";
import { DTypeError } from "../errors.js";
import { apply, type Op, type OutPlan } from "../op.js";
import { checkShape, type Shape, sizeOf } from "../shape.js";
import { checkDTypeName, type Tensor } from "../tensor.js";

interface FillParams {
  /** The call as the user wrote it. */
  readonly who: string;
  readonly shape: Shape;
  readonly value: number;
  readonly dtype: DType;
}

const bytes = /* @__PURE__ */ new ArrayBuffer(4);
const bits = /* @__PURE__ */ new Uint32Array(bytes);
const asFloat = /* @__PURE__ */ new Float32Array(bytes);

const fillOp: Op<FillParams> = {
  name: "full",
  infer(_, { who, shape, value, dtype }): OutPlan {
    checkShape(who, shape);
    checkDTypeName(who, dtype);
    if (typeof value !== "number") throw new DTypeError(`${who}: the value is ${said(value)}; it must be a number`);
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

function fill<D extends DType>(who: string, shape: Shape, value: number, { dtype }: { dtype?: D }): Tensor<D> {
  return apply(fillOp, [], { who, shape, value, dtype: dtype ?? "f32" }) as Tensor<D>;
}

/**
 * A tensor of one value; out of the range of an integer dtype it wraps, as in typed arrays.
 *
 * @throws {ShapeError} if the shape is no list of integers from 0.
 * @throws {DTypeError} if there is no such dtype.
 * @example
 * const sevens = full([2, 2], 7); // f32 [[7, 7], [7, 7]]
 */
export function full<D extends DType = "f32">(shape: Shape, value: number, options: { dtype?: D } = {}): Tensor<D> {
  return fill("full", shape, value, options);
}

/**
 * A tensor of zeros.
 *
 * @throws {ShapeError} if the shape is no list of integers from 0.
 * @example
 * const none = zeros([3], { dtype: "i32" }); // i32 [0, 0, 0]
 */
export function zeros<D extends DType = "f32">(shape: Shape, options: { dtype?: D } = {}): Tensor<D> {
  return fill("zeros", shape, 0, options);
}

/**
 * A tensor of ones.
 *
 * @throws {ShapeError} if the shape is no list of integers from 0.
 * @example
 * const weights = ones([3]); // f32 [1, 1, 1]
 */
export function ones<D extends DType = "f32">(shape: Shape, options: { dtype?: D } = {}): Tensor<D> {
  return fill("ones", shape, 1, options);
}
