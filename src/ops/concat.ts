import { checkList, checkOptions } from "../check.js";
import { bytesOf } from "../dtype.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { apply, checkTensor, elementsOf, type Op, type OutPlan } from "../op.js";
import { checkAxis, show, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { slice } from "./layout.js";

/** Bytes per row of each input, and of the output: a row is everything from the axis on. */
interface ConcatPlan extends OutPlan {
  readonly rows: readonly number[];
  readonly outRow: number;
}

const concatOp: Op<number, ConcatPlan> = {
  name: "concat",
  infer(inputs, axis) {
    const [first] = inputs;
    const dtype = elementsOf("concat", first!);
    for (const [i, x] of inputs.entries()) {
      if (elementsOf("concat", x) !== dtype)
        throw new DTypeError(`concat: input 0 is ${dtype}, input ${i} is ${x.dtype}; use cast()`);
      if (x.rank !== first!.rank || x.shape.some((d, k) => k !== axis && d !== first!.shape[k]))
        throw new ShapeError(
          `concat: input 0 is ${show(first!.shape)}, input ${i} is ${show(x.shape)}; only axis ${axis} may differ`,
        );
    }
    const shape = first!.shape.map((d, k) => (k === axis ? inputs.reduce((sum, x) => sum + x.shape[axis]!, 0) : d));
    const width = bytesOf[dtype];
    const rows = inputs.map((x) => sizeOf(x.shape.slice(axis)) * width);
    const outRow = sizeOf(shape.slice(axis)) * width;
    return { shape, dtype, work: sizeOf(shape.slice(0, axis)), rows, outRow };
  },
  wasm(k, out, inputs, { rows, outRow }, _, begin, end) {
    let at = out;
    for (const [i, x] of inputs.entries()) {
      k.copy_rows_x8(at, x, outRow, rows[i]!, begin, end);
      at += rows[i]!;
    }
  },
  vjp(g, { inputs, params: axis, needs }) {
    let start = 0;
    return inputs.map((x, i) => {
      const end = start + x.shape[axis]!;
      const part = needs[i]
        ? slice(
            g,
            g.shape.map((_, k) => (k === axis ? { start, end } : {})),
          )
        : undefined;
      start = end;
      return part;
    });
  },
};

/**
 * Joins tensors along an axis (default 0).
 *
 * @throws {ShapeError} if they differ in more than that axis.
 * @throws {DTypeError} if their dtypes differ.
 * @example
 * const y = concat([tensor([[1], [2]]), tensor([[3], [4]])], { axis: 1 }); // [[1, 3], [2, 4]]
 */
export function concat<T extends Tensor>(inputs: readonly T[], options: { axis?: number } = {}): T {
  checkList("concat", "the first argument", inputs);
  checkOptions("concat", options);
  if (inputs.length === 0) throw new ArgumentError("concat: no tensors given; it needs at least one");
  for (const input of inputs) checkTensor("concat", input);
  return apply(concatOp, inputs, checkAxis("concat", options.axis ?? 0, inputs[0]!.rank)) as T;
}
