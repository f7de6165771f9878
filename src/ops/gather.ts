import { DTypeError, ShapeError } from "../errors.js";
import { apply, checkDType, elementsOf, type Op, type OutPlan } from "../op.js";
import { kernels } from "../runtime/kernels.js";
import { scope } from "../scope.js";
import { sizeOf } from "../shape.js";
import { readTensor, type Tensor, tensor } from "../tensor.js";
import { transpose } from "./layout.js";

/** Guards indices: each in 0..limit−1, or the one `allowed` besides. One pass, before any kernel trusts them. */
export function checkIndices(who: string, name: string, indices: Tensor, limit: number, allowed = 0): void {
  checkDType(who, name, indices, "i32");
  const bad = limit === 0 ? 0 : kernels().first_bad_index_i32(indices.pointer, limit, allowed, indices.size);
  if (bad < indices.size)
    throw new ShapeError(`${who}: ${name}[${bad}] is ${readTensor(indices)[bad]}; it must be from 0 to ${limit - 1}`);
}

const gatherOp: Op<undefined> = {
  name: "gather",
  infer([table, indices]): OutPlan {
    if (table!.rank === 0) throw new ShapeError("gather: the table is a scalar; it needs at least one dimension");
    const dtype = elementsOf("gather", table!);
    if (dtype === "u8") throw new DTypeError("gather: the table is u8; it must be f32 or i32; use cast()");
    checkIndices("gather", "indices", indices!, table!.shape[0]!);
    return { shape: [...indices!.shape, ...table!.shape.slice(1)], dtype, work: indices!.size };
  },
  wasm(k, out, [table, indices], { shape, work }, _, begin, end) {
    k.gather_x32_i32(out, table!, indices!, sizeOf(shape) / work, begin, end);
  },
  vjp: (g, { inputs: [table, indices] }) => [apply(gatherGradOp, [g, indices!], table!.shape)],
};

const gatherGradOp: Op<readonly number[], OutPlan<"f32"> & { count: number }> = {
  name: "the gradient of gather",
  infer: ([, indices], shape) => ({ shape, dtype: "f32", work: sizeOf(shape.slice(1)), count: indices!.size }),
  wasm(k, out, [g, indices], { shape, work, count }, _, begin, end) {
    k.gather_grad_f32_i32(out, g!, indices!, shape[0]!, count, work, begin, end);
  },
  vjp: (gg, { inputs: [, indices] }) => [gather(gg, indices!), undefined],
};

/**
 * Rows of a table by index: result [i…] = table[indices[i…]]. Equal indices share a row, and add up in its gradient.
 *
 * @param table f32 or i32, [rows, …].
 * @param indices i32 of any shape, each from 0 to rows − 1.
 * @throws {ShapeError} if an index is outside the table.
 * @example
 * const y = gather(tensor([[1, 2], [3, 4]]), tensor(new Int32Array([1, 1]))); // [[3, 4], [3, 4]]
 */
export function gather<T extends Tensor>(table: T, indices: Tensor): T {
  return apply(gatherOp, [table, indices], undefined) as T;
}

/** Columns of a matrix, by their numbers: column i of the result is column indices[i] of x. */
export function columnsOf<T extends Tensor>(x: T, indices: Int32Array): T {
  return scope(() => transpose(gather(transpose(x), tensor(indices))));
}
