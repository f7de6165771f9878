import { checkChoice } from "../check.js";
import { activationCode, activations, type Epilogue, type EpilogueActivation } from "../epilogue.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { apply, checkDType, checkTensor, type Op, type OutPlan, type Recorded } from "../op.js";
import { Packed } from "../packed.js";
import { isTuning } from "../runtime/init.js";
import { scope } from "../scope.js";
import { broadcastShape, type Shape, sameShape, show, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { fastest, settle } from "../tune.js";
import { expand, sumTo } from "./expand.js";
import { reshape, transpose } from "./layout.js";
import { reluGrad, sigmoidGrad, tanhGrad } from "./unary.js";

export interface MatmulOptions {
  /** Reads a as [..., k, m]; nothing is copied, unless m is a multiple of 1024 and k above 16. */
  transposeA?: boolean;
  /** Reads b as [..., n, k]; nothing is copied. A packed b is always read so. */
  transposeB?: boolean;
  /** f32 [n], added to each row. */
  bias?: Tensor | undefined;
  /** Applied last, in the same pass. */
  activation?: EpilogueActivation | undefined;
}

interface MatmulParams {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation: Epilogue["activation"];
}

interface MatmulPlan extends OutPlan<"f32"> {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** Elements from one matrix to the next; 0 where one serves all. */
  readonly aBatch: number;
  readonly bBatch: number;
  /** Elements from row to row and from matrix to matrix of b as the kernel reads it: in panels of 8 columns, or where it is. */
  readonly bStride: number;
  readonly bNext: number;
}

/** A b [k, n] is read where it is if it has no more elements, half of the smallest cache, or meets no more rows: packing it costs more. */
const little = { elements: 4096, rows: 16 };

/** Inputs: a and b of rank 2 or more with equal or no batch dimensions, and maybe a bias. */
const matmulOp: Op<MatmulParams, MatmulPlan> = {
  name: "matmul",
  infer([a, b, bias], { transposeA, transposeB }) {
    checkDType("matmul", "a", a!, "f32");
    checkDType("matmul", "b", b!, "f32");
    const m = rowsOf(a!.shape, transposeA);
    const k = rowsOf(a!.shape, !transposeA);
    const n = rowsOf(b!.shape, !transposeB);
    checkBias(bias, n);
    const aLead = a!.shape.slice(0, -2);
    const bLead = b!.shape.slice(0, -2);
    const lead = broadcastShape("matmul", aLead, bLead);
    const aBatch = sizeOf(aLead) === 1 ? 0 : m * k;
    const bBatch = sizeOf(bLead) === 1 ? 0 : k * n;
    // Its last row may be read 4 elements past the end, not more.
    const inPlace = !transposeB && (k * n <= little.elements || m <= little.rows) && (-n & 7) <= 4;
    const panels = inPlace || k === 0 ? 0 : Math.ceil(n / 8);
    const prepareWork = bBatch === 0 ? panels : panels * sizeOf(lead);
    return {
      shape: [...lead, m, n],
      dtype: "f32",
      work: n === 0 ? 0 : sizeOf(lead) * m,
      prepareWork,
      scratch: prepareWork * k * 32,
      bStride: inPlace ? n : 8,
      bNext: inPlace || bBatch === 0 ? bBatch : panels * 8 * k,
      cost: sizeOf(lead) * m * k * n,
      // Both tiles of the kernel, of 4 and of 6 rows.
      tile: 12,
      m,
      k,
      n,
      aBatch,
      bBatch,
    };
  },
  prepare(kernels, _, [, b], { k, n, bBatch }, { transposeB }, begin, end, scratch) {
    kernels.matmul_pack_f32(scratch, b!, k, n, transposeB ? 1 : n, transposeB ? k : 1, bBatch, begin, end);
  },
  wasm(kernels, out, [a, b, bias], plan, { transposeA, activation }, begin, end, scratch) {
    const { m, k, n, aBatch, bStride, bNext, prepareWork } = plan;
    const from = prepareWork ? scratch : b!;
    const mStride = transposeA ? 1 : k;
    const kStride = transposeA ? m : 1;
    const code = activationCode[activation];
    kernels.matmul_f32(out, a!, from, bias ?? 0, m, k, n, mStride, kStride, bStride, aBatch, bNext, code, begin, end);
  },
  vjp(g, { inputs: [a, b, bias], output, params, needs }) {
    const { transposeA: ta, transposeB: tb, activation } = params;
    const d = beforeActivation(g, output, activation);
    const toA = () => (ta ? matmul(b!, d, { transposeA: tb, transposeB: true }) : matmul(d, b!, { transposeB: !tb }));
    const toB = () => (tb ? matmul(d, a!, { transposeA: true, transposeB: ta }) : matmul(a!, d, { transposeA: !ta }));
    return [
      needs[0] ? sumTo(toA(), a!.shape) : undefined,
      needs[1] ? sumTo(toB(), b!.shape) : undefined,
      needs[2] ? sumTo(d, bias!.shape) : undefined,
    ];
  },
};

/** Most rows for which reading b where it is costs less than packing it. */
const fewRows = 8;

/** Most rows for which both ways are tried, if they are. */
const someRows = 32;

/** Whether b, stored [n, k], is better read where it is than packed. */
function readsInPlace(inputs: readonly Tensor[], params: MatmulParams): boolean {
  const [a, b] = inputs as [Tensor, Tensor];
  const few = a.shape[0]! <= fewRows;
  if (!isTuning() || a.shape[0]! > someRows || a.size * b.size === 0) return few;
  // By handles that no tape knows.
  const run = (op: typeof matmulOp) => () =>
    scope(() => {
      apply(
        op,
        inputs.map((input) => input.alias()),
        params,
      );
    });
  const measure = () => fastest({ "in place": run(fewRowsOp), packed: run(matmulOp) });
  const work = `${show(a.shape)} · ${show(b.shape)} transposed`;
  return settle("matmul", work, () => (few ? "in place" : "packed"), measure) === "in place";
}

/** The same for few rows of a and a b stored [n, k]: columns are the outer loop, so that b is read once. */
const fewRowsOp: Op<MatmulParams, MatmulPlan> = {
  name: matmulOp.name,
  infer(inputs, params) {
    const { shape, m, k, n } = matmulOp.infer(inputs, params);
    return { shape, dtype: "f32", work: m === 0 ? 0 : n, m, k, n, aBatch: 0, bBatch: 0, bStride: 0, bNext: 0 };
  },
  wasm(kernels, out, [a, b, bias], { m, k, n }, { activation }, begin, end) {
    kernels.matvec_f32(out, a!, b!, bias ?? 0, m, k, n, activationCode[activation], begin, end);
  },
  vjp: matmulOp.vjp!,
};

function checkBias(bias: Tensor | undefined, n: number): void {
  if (bias === undefined) return;
  checkDType("matmul", "bias", bias, "f32");
  if (!sameShape(bias.shape, [n]))
    throw new ShapeError(`matmul: bias is ${show(bias.shape)}, the result has ${n} columns; bias needs [${n}]`);
}

/** Rows of a matrix, or of its transpose. */
function rowsOf(shape: Shape, transposed: boolean): number {
  return shape[shape.length - (transposed ? 1 : 2)]!;
}

/** Guards the inner sizes where vectors and batches still have the shapes that the caller gave them. */
function checkInner(a: Shape, b: Shape, transposeA: boolean, transposeB: boolean): void {
  const vectorB = b.length === 1;
  const k = a.length === 1 ? a[0] : rowsOf(a, !transposeA);
  if (k === (vectorB ? b[0] : rowsOf(b, transposeB))) return;
  const named = (shape: Shape, transposed: boolean) =>
    `${show(shape)}${transposed && shape.length > 1 ? " transposed" : ""}`;
  throw new ShapeError(
    `matmul: inner sizes differ: a is ${named(a, transposeA)}, b is ${named(b, transposeB)}; ` +
      `b needs ${k} ${vectorB ? "elements" : transposeB ? "columns" : "rows"}`,
  );
}

/** The gradient on the other side of the activation, from its output. */
export function beforeActivation(g: Tensor, y: Tensor, activation: Epilogue["activation"]): Tensor {
  if (activation === "relu") return reluGrad(g, y);
  if (activation === "sigmoid") return sigmoidGrad(g, y);
  if (activation === "tanh") return tanhGrad(g, y);
  return g;
}

/**
 * The gradients of x [m, k] · wᵀ, w packed, by x and bias. w gets none, and what its product rounds besides is passed straight
 * through, as if all were f32.
 */
export function packedVjp(
  g: Tensor,
  { inputs: [, w, bias], output, params, needs }: Recorded<Epilogue["activation"], OutPlan>,
): readonly [toX: Tensor | undefined, toW: undefined, toBias: Tensor | undefined] {
  const d = beforeActivation(g, output, params);
  return [
    needs[0] ? matmul(d, (w as Packed).dense()) : undefined,
    undefined,
    needs[2] ? sumTo(d, bias!.shape) : undefined,
  ];
}

/**
 * Matrix product a · b (+ bias, then activation). Vectors and batches as in PyTorch's matmul: a vector a is one row, a vector
 * b one column, dropped from the result; leading dimensions broadcast. Any size; k = 0 gives the bias or 0.
 *
 * Error per element: (k + 1) · 2⁻²⁴ · Σ|a·b|. With NaN or Infinity in a or b: IEEE 754, as in the sum written out.
 *
 * @param a f32 [m, k], or [k, m] with `transposeA`.
 * @param b f32 [k, n], or [n, k] with `transposeB`; or a packed [n, k] (quantized, sparse, binary), with `transposeB` alone: its
 *   class states the error.
 * @throws {ShapeError} if inner sizes, batches or the bias do not fit.
 * @throws {DTypeError} unless all are f32.
 * @example
 * const y = matmul(tensor([[1, 2]]), tensor([[3], [4]]), { bias: tensor([-20]), activation: "relu" }); // [[0]]
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor<"f32"> {
  const { transposeA = false, transposeB = false, activation = "none" } = options;
  checkChoice("matmul", "activation", activation, activations);
  checkTensor("matmul", a);
  checkTensor("matmul", b);
  if (a.rank === 0 || b.rank === 0)
    throw new ShapeError(`matmul: a is ${show(a.shape)}, b is ${show(b.shape)}; a scalar is multiplied with mul()`);
  checkInner(a.shape, b.shape, transposeA, transposeB);
  return b instanceof Packed ? packedProduct(a, b, options) : product(a, b, options);
}

/** x · wᵀ of f32, with what a packed matrix is asked for besides: for those that multiply as their dense numbers do. */
export function denseProduct(x: Tensor, w: Tensor, { bias, activation }: Epilogue): Tensor<"f32"> {
  return matmul(x, w, { transposeB: true, bias, activation: activation === "none" ? undefined : activation });
}

/** Rows times a packed matrix, which is stored a row to an output. */
function packedProduct(a: Tensor, b: Packed, options: MatmulOptions): Tensor<"f32"> {
  const { transposeA = false, transposeB = false, bias, activation = "none" } = options;
  if (!transposeB || transposeA)
    throw new ArgumentError(
      `matmul: b is ${b}, stored as [out, in]; pass transposeB: true, and a as it is, [..., ${b.shape[1]}]`,
    );
  checkDType("matmul", "a", a, "f32");
  const [n, k] = b.shape as [number, number];
  checkBias(bias, n);
  if (a.rank === 2) return b.multiply(a, { bias, activation });
  const lead = a.shape.slice(0, -1);
  return scope(() => reshape(b.multiply(reshape(a, [sizeOf(lead), k]), { bias, activation }), [...lead, n]));
}

/** One product of matrices as they are, or of what is to be seen as matrices first. */
function product(a: Tensor, b: Tensor, options: MatmulOptions): Tensor<"f32"> {
  const { transposeA = false, transposeB = false, bias, activation = "none" } = options;
  if (a.rank === 2 && b.rank === 2 && !(transposeA && collides(a.shape))) {
    const inputs = bias === undefined ? [a, b] : [a, b, bias];
    const params: MatmulParams = { transposeA, transposeB, activation };
    const few = transposeB && !transposeA && readsInPlace(inputs, params);
    return apply(few ? fewRowsOp : matmulOp, inputs, params);
  }
  return scope(() => seenAsMatrices(a, b, options));
}

/** Vectors, batches, and a matrix that is better turned first. */
function seenAsMatrices(a: Tensor, b: Tensor, options: MatmulOptions): Tensor<"f32"> {
  const { transposeA = false, transposeB = false, bias, activation = "none" } = options;
  if (a.rank === 1) {
    const y = product(reshape(a, transposeA ? [a.size, 1] : [1, a.size]), b, options);
    // A vector b has taken its column away already.
    return reshape(y, b.rank === 1 ? [] : [...y.shape.slice(0, -2), y.shape[y.rank - 1]!]);
  }
  if (b.rank === 1) {
    const y = product(a, reshape(b, transposeB ? [1, b.size] : [b.size, 1]), options);
    return reshape(y, y.shape.slice(0, -1));
  }
  if (transposeA && collides(a.shape)) {
    const order = a.shape.map((_, i) => (i < a.rank - 2 ? i : 2 * a.rank - 3 - i));
    return product(transpose(a, order), b, { ...options, transposeA: false });
  }
  // Many rows over one matrix are one product.
  if (b.rank === 2 && !transposeA) {
    const y = product(reshape(a, [sizeOf(a.shape.slice(0, -1)), a.shape[a.rank - 1]!]), b, options);
    return reshape(y, [...a.shape.slice(0, -1), y.shape[1]!]);
  }
  const inputs = bias === undefined ? alignBatches(a, b) : [...alignBatches(a, b), bias];
  return apply(matmulOp, inputs, { transposeA, transposeB, activation });
}

/**
 * Whether reading a transposed is reading slowly: columns whose elements lie a multiple of 4 KB apart fall into one set of the
 * cache and push each other out. Turning a first takes a fiftieth of the time that it saves.
 */
function collides(shape: Shape): boolean {
  const [k, m] = shape.slice(-2) as [number, number];
  return m > 0 && m % 1024 === 0 && k > 16;
}

/** One stride must find each matrix: batches that repeat in part are expanded. */
function alignBatches(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const aLead = a.shape.slice(0, -2);
  const bLead = b.shape.slice(0, -2);
  const lead = broadcastShape("matmul", aLead, bLead);
  const align = (x: Tensor, own: Shape): Tensor =>
    sizeOf(own) === 1 || sizeOf(own) === sizeOf(lead) ? x : expand(x, [...lead, ...x.shape.slice(-2)]);
  return [align(a, aLead), align(b, bLead)];
}
