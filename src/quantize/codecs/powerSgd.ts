import { checkCount, checkOptions } from "../../check.js";
import { peak } from "../../finite.js";
import { reshape } from "../../ops/layout.js";
import { matmul } from "../../ops/matmul.js";
import { normal } from "../../ops/random.js";
import { type Shape, sizeOf } from "../../shape.js";
import { streams } from "../../streams.js";
import { readTensor, type Tensor, tensor } from "../../tensor.js";
import { type Codec, codec } from "./codec.js";

export interface PowerSgdOptions {
  /** Columns of the two factors; 1 to 4 in the paper. */
  rank: number;
  /** An integer from 0 to 2⁵³ − 1: for the first guess. */
  seed: number;
}

/**
 * PowerSGD (Vogels et al. 2019): each gradient as a matrix M [rows, rest] ≈ P·Qᵀ of low rank, by one step of power iteration from the Q
 * of the step before, P made orthonormal by Gram and Schmidt; with error feedback. Vectors, and matrices of no higher rank, are sent as
 * they are.
 *
 * @throws {ArgumentError} if rank or seed is out of range.
 * @example
 * const codec = codecs.powerSgd({ rank: 1, seed: 1 });
 * const grads = { w: tensor([[1, 2, 3], [2, 4, 6], [3, 6, 9]]) };
 * const { w } = codec.decode(codec.encode(grads, codec.init(grads)), grads); // of rank 1, so the same again
 */
export function powerSgd(options: PowerSgdOptions): Codec {
  checkOptions("powerSgd", options);
  const { rank, seed } = options;
  checkCount("powerSgd", "rank", rank, 1, 2 ** 20);
  checkCount("powerSgd", "seed", seed, 0);
  return codec({
    name: "powerSgd",
    id: 5,
    feedback: true,
    slots: {
      // Nothing is kept of what is sent as it is.
      q: ({ shape }, index) => {
        const [, cols] = sides(shape);
        return normal([factored(shape, rank) ? cols : 0, rank], { seed, stream: streams.codecs + index });
      },
    },
    encode(x, to, { kept: { q } }) {
      if (!factored(x.shape, rank)) {
        to.count(0);
        to.floats(readTensor(x) as Float32Array);
        return {};
      }
      const m = reshape(x, sides(x.shape));
      const p = orthonormal(matmul(m, q!));
      const next = matmul(m, p, { transposeA: true });
      to.count(rank);
      to.floats(readTensor(p));
      to.floats(readTensor(next));
      return { q: next };
    },
    decode(from, shape) {
      const columns = from.count("the rank", 2 ** 20);
      if (columns === 0) return tensor(from.floats(sizeOf(shape)), shape);
      if (!factored(shape, columns))
        throw from.error(`rank ${columns} is too much for a gradient of [${shape}]`, "E_COUNT");
      const [rows, cols] = sides(shape);
      const p = tensor(from.floats(rows * columns), [rows, columns]);
      const q = tensor(from.floats(cols * columns), [cols, columns]);
      const m = matmul(p, q, { transposeB: true });
      if (!Number.isFinite(peak(m))) throw from.error("the product of two factors is infinite");
      return reshape(m, shape);
    },
  });
}

/** A tensor as a matrix: the first dimension, and the others joined. */
function sides(shape: Shape): [rows: number, cols: number] {
  const [rows = 1, ...rest] = shape;
  return [rows, sizeOf(rest)];
}

/** Whether a rank is lower than that of a matrix can be. */
function factored(shape: Shape, rank: number): boolean {
  return rank < Math.min(...sides(shape));
}

/**
 * The columns of x [rows, columns] made orthonormal in their order, in f64 (Gram & Schmidt, modified); one that depends on those
 * before it becomes 0. Columns are few, so the host does it.
 */
export function orthonormal(x: Tensor): Tensor<"f32"> {
  const [rows, columns] = x.shape as [number, number];
  const values = Float64Array.from(readTensor(x) as Float32Array);
  const dot = (a: number, b: number): number => {
    let sum = 0;
    for (let at = 0; at < values.length; at += columns) sum += values[at + a]! * values[at + b]!;
    return sum;
  };
  for (let b = 0; b < columns; b++) {
    const before = dot(b, b);
    for (let a = 0; a < b; a++) {
      const shadow = dot(a, b);
      for (let at = 0; at < values.length; at += columns) values[at + b]! -= shadow * values[at + a]!;
    }
    const left = dot(b, b);
    // What rounding of x to f32 leaves of a column that is none of its own.
    const scale = left > before * 2 ** -40 ? 1 / Math.sqrt(left) : 0;
    for (let at = 0; at < values.length; at += columns) values[at + b]! *= scale;
  }
  return tensor(values, [rows, columns]);
}
