// Symmetric systems in f64. There is no f64 tensor: such numbers travel from op to op as the bytes of a u8 tensor.
import { ArgumentError } from "../errors.js";
import { apply, applyInPlace, type Op, type OutPlan } from "../op.js";
import { heap } from "../runtime/heap.js";
import type { Shape } from "../shape.js";
import { place, readTensor, type Tensor, tensor } from "../tensor.js";

/** Rows of data that are packed at a time: two panels of them fit the first cache. */
const chunk = 256;

/** `n` in whole tiles. */
export const whole = (n: number): number => Math.ceil(n / 4) * 4;

/** The f64 numbers in a tensor of bytes, copied out. */
export function readDoubles(bytes: Tensor<"u8">): Float64Array {
  return new Float64Array(readTensor(bytes).buffer as ArrayBuffer);
}

/** What was found, in f32. @throws {ArgumentError} if that does not hold it, as of tiny columns that are to give huge targets. */
export function rounded(who: string, name: string, values: Float32Array | Float64Array, shape: Shape): Tensor<"f32"> {
  const bad = values.findIndex((value) => !Number.isFinite(Math.fround(value)));
  if (bad !== -1) throw new ArgumentError(`${who}: ${name} ${bad} is ${values[bad]}, beyond f32; scale the data`);
  return tensor(values, shape);
}

/** Bytes that hold f64 numbers. */
export function doubles(values: Float64Array): Tensor<"u8"> {
  return tensor(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

/** One of them. */
function doubleAt(bytes: Tensor<"u8">, index: number): number {
  return new DataView(heap.memory.buffer, bytes.pointer + index * 8, 8).getFloat64(0, true);
}

const momentsOp: Op<{ readonly center: boolean }, OutPlan<"u8"> & { readonly rows: number }> = {
  name: "moments",
  infer([x]) {
    const [rows, columns] = x!.shape as [number, number];
    return { shape: [columns * 16], dtype: "u8", work: columns, rows };
  },
  wasm(k, out, [x], { rows, work }, { center }, begin, end) {
    k.moments_f64_f32(out, x!, rows, work, center, begin, end);
  },
};

/** f64 [2, k]: the means of the columns of x, 0 unless `center`, and their sums of squares about them. */
export function moments(x: Tensor, center: boolean): Tensor<"u8"> {
  return apply(momentsOp, [x], { center });
}

/** XᵀX beside XᵀY, in f64, upper triangle. */
export interface System {
  /** f64 [whole(size), stride]. */
  readonly values: Tensor<"u8">;
  readonly size: number;
  readonly stride: number;
  diagonal(i: number): number;
}

interface GramPlan extends OutPlan<"u8"> {
  readonly k: number;
  readonly r: number;
}

/** In place on f64 [whole(k), whole(k) + whole(r)]; inputs: x and its moments, maybe y and its. Adds up rows [from, to). */
const gramOp: Op<{ readonly from: number; readonly to: number }, GramPlan> = {
  name: "the system of a linear fit",
  infer([system, x, , y], { from, to }) {
    const k = x!.shape[1]!;
    const r = y?.shape[1] ?? 0;
    const panels = (whole(k) + whole(r)) / 4;
    return {
      ...{ shape: system!.shape, dtype: "u8", work: whole(k) / 4, k, r },
      ...{ prepareWork: panels, scratch: panels * (to - from) * 32 },
    };
  },
  prepare(kernels, _, [x, xMeans, y, yMeans], { k, r }, { from, to }, begin, end, scratch) {
    const [depth, own] = [to - from, whole(k) / 4];
    kernels.panels_f64_f32(scratch, x! + from * k * 4, xMeans!, k, depth, begin, Math.min(end, own));
    // Behind the last panel of x.
    const behind = scratch + own * depth * 32;
    if (end > own)
      kernels.panels_f64_f32(behind, y! + from * r * 4, yMeans!, r, depth, Math.max(begin - own, 0), end - own);
  },
  wasm(kernels, out, _, { prepareWork }, { from, to }, begin, end, scratch) {
    const panels = prepareWork!;
    kernels.products_f64(out, scratch, panels * 4, to - from, panels, false, from > 0, begin, end);
  },
};

/** XᵀX, and XᵀY of maybe a y, each less its means. x has a row at least. */
export function gram(x: Tensor, xMoments: Tensor, y?: Tensor, yMoments?: Tensor): System {
  const [rows, size] = x.shape as [number, number];
  const stride = whole(size) + whole(y?.shape[1] ?? 0);
  const values = place([whole(size) * stride * 8], "u8");
  const inputs = [x, xMoments, y, yMoments].filter((t) => t !== undefined);
  for (let from = 0; from < rows; from += chunk)
    applyInPlace(gramOp, values, inputs, { from, to: Math.min(rows, from + chunk) });
  return { values, size, stride, diagonal: (i) => doubleAt(values, i * stride + i) };
}

/** XᵀX [size, size] whole, size being k in whole tiles, and a row of Xᵀy for each target. */
export function normalEquations(
  { values, size: k, stride }: System,
  targets: number,
): { gram: Float64Array; products: Float64Array } {
  const upper = readDoubles(values);
  const size = whole(k);
  const gram = new Float64Array(size * size);
  const products = new Float64Array(targets * size);
  for (let i = 0; i < k; i++) {
    for (let j = i; j < k; j++) gram[i * size + j] = gram[j * size + i] = upper[i * stride + j]!;
    for (let t = 0; t < targets; t++) products[t * size + i] = upper[i * stride + size + t]!;
  }
  return { gram, products };
}

/** H, which is to be made triangular: rows and columns of scale · XᵀX, with `ridge` added to its diagonal. */
export interface Elimination {
  readonly scale?: number;
  /** Stands for a 0 on the diagonal. */
  readonly dead?: number;
  /** One number to each column of X. */
  readonly ridge: Float64Array;
}

interface EliminationPlan extends OutPlan<"u8"> {
  readonly m: number;
  /** Right-hand sides. */
  readonly r: number;
}

interface EliminationParams extends Omit<Elimination, "ridge"> {
  readonly size: number;
  readonly stride: number;
}

const eliminateOp: Op<EliminationParams, EliminationPlan> = {
  name: "eliminate",
  infer([, , order, targets]) {
    const m = order!.size;
    const size = whole(m);
    const stride = size + (targets === undefined ? size : whole(targets.size));
    // The state, the diagonal, the rows, and 32 of them in panels.
    const bytes = 16 + size * 8 + size * stride * 8 + 32 * stride * 8;
    return { shape: [bytes], dtype: "u8", work: 1, m, r: targets?.size ?? 0 };
  },
  wasm(k, out, [system, ridge, order, targets], { m, r }, { scale = 1, dead = 0, size, stride }, begin, end) {
    k.eliminate_f64(out, system!, ridge!, order!, targets ?? 0, m, r, size, stride, scale, dead, begin, end);
  },
};

/**
 * Cholesky's H = UᵀU beside U⁻ᵀ of the columns `targets` of XᵀY, or of the identity; undefined if H is not positive definite.
 *
 * @param order i32: the rows and columns that H takes, in this order.
 */
export function eliminate(
  system: System,
  h: Elimination,
  order: Tensor<"i32">,
  targets?: Tensor<"i32">,
): Tensor<"u8"> | undefined {
  const { values, size, stride } = system;
  const { ridge, ...rest } = h;
  const added = doubles(ridge);
  const inputs = [values, added, order, ...(targets === undefined ? [] : [targets])];
  const done = apply(eliminateOp, inputs, { ...rest, size: whole(size), stride });
  if (doubleAt(done, 0) === 0) return done;
  done.dispose();
  return undefined;
}

const substituteOp: Op<{ readonly m: number; readonly r: number }, OutPlan<"u8">> = {
  name: "substitute",
  infer: (_, { m, r }) => ({ shape: [whole(m) * whole(r) * 8], dtype: "u8", work: whole(r) / 4 }),
  wasm(k, out, [done], _, { m, r }, begin, end) {
    k.substitute_f64(out, done!, m, r, begin, end);
  },
};

/** H⁻¹ of the right-hand sides of an elimination, a row for each: f64 [r, m]. */
export function substitute(done: Tensor<"u8">, m: number, r: number): Float64Array {
  const panels = apply(substituteOp, [done], { m, r });
  const values = readDoubles(panels);
  panels.dispose();
  const rows = new Float64Array(r * m);
  for (let t = 0; t < r; t++) {
    const from = (t >> 2) * whole(m) * 4 + (t & 3);
    for (let i = 0; i < m; i++) rows[t * m + i] = values[from + i * 4]!;
  }
  return rows;
}

const inverseOp: Op<{ readonly m: number }, OutPlan<"u8">> = {
  name: "inverse",
  infer(_, { m }) {
    const size = whole(m);
    return { shape: [size * size * 8], dtype: "u8", work: size / 4, prepareWork: size / 4, scratch: size * size * 8 };
  },
  prepare(k, _, [done], __, { m }, begin, end, scratch) {
    const size = whole(m);
    k.panels_f64(scratch, done! + 16 + size * 16, size * 2, size, begin, end);
  },
  wasm(k, out, _, __, { m }, begin, end, scratch) {
    const size = whole(m);
    k.products_f64(out, scratch, size, size, size / 4, true, false, begin, end);
  },
};

/** H⁻¹ [m, m], from the elimination beside the identity. */
export function inverse(who: string, done: Tensor<"u8">, m: number): Tensor<"f32"> {
  const upper = readDoubles(apply(inverseOp, [done], { m }));
  return square(who, m, (i, j) => upper[Math.min(i, j) * whole(m) + Math.max(i, j)]!);
}

/** The upper V [m, m] with H⁻¹ = VᵀV, from the elimination beside the identity of H in reverse order: U⁻ᵀ in reverse. */
export function inverseFactor(who: string, done: Tensor<"u8">, m: number): Tensor<"f32"> {
  const size = whole(m);
  const rows = readDoubles(done).subarray(2 + size);
  return square(who, m, (i, j) => (j < i ? 0 : rows[(m - 1 - i) * 2 * size + size + m - 1 - j]!));
}

function square(who: string, m: number, value: (i: number, j: number) => number): Tensor<"f32"> {
  const values = new Float64Array(m * m);
  for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) values[i * m + j] = value(i, j);
  return rounded(who, "number", values, [m, m]);
}
