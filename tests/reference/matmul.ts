import { broadcastShapes, coordinates, generate, indexOf, type Reference, sizeOf, sumTo } from "./array.js";
import { unary } from "./unary.js";

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly bias?: Reference;
  readonly activation?: "relu" | "sigmoid" | "tanh";
}

/** Σ a·b and Σ |a·b| of one product, m × n each; a and b start at the offsets. */
export function product(
  a: Float64Array,
  b: Float64Array,
  [m, k, n]: readonly [number, number, number],
  { transposeA = false, transposeB = false }: MatmulOptions = {},
  aOffset = 0,
  bOffset = 0,
): { sums: Float64Array; magnitudes: Float64Array } {
  const sums = new Float64Array(m * n);
  const magnitudes = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      let magnitude = 0;
      for (let p = 0; p < k; p++) {
        const x =
          a[aOffset + (transposeA ? p * m + i : i * k + p)]! * b[bOffset + (transposeB ? j * k + p : p * n + j)]!;
        sum += x;
        magnitude += Math.abs(x);
      }
      sums[i * n + j] = sum;
      magnitudes[i * n + j] = magnitude;
    }
  return { sums, magnitudes };
}

/** [rows, columns] of the matrices, as they are multiplied. */
function sides(shape: readonly number[], transposed: boolean | undefined): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

/** Products of matrices (rank 2 or more), batches broadcast. The magnitudes are Σ |a·b|. */
export function products(
  a: Reference,
  b: Reference,
  options: MatmulOptions = {},
): { sums: Reference; magnitudes: Reference } {
  const [m, k] = sides(a.shape, options.transposeA);
  const [, n] = sides(b.shape, options.transposeB);
  const [aLead, bLead] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const lead = broadcastShapes(aLead, bLead);
  const shape = [...lead, m, n];
  const sums = new Float64Array(sizeOf(shape));
  const magnitudes = new Float64Array(sums.length);
  let start = 0;
  for (const at of coordinates(lead)) {
    const one = product(a.data, b.data, [m, k, n], options, indexOf(aLead, at) * m * k, indexOf(bLead, at) * k * n);
    sums.set(one.sums, start);
    magnitudes.set(one.magnitudes, start);
    start += m * n;
  }
  return { sums: { shape, data: sums }, magnitudes: { shape, data: magnitudes } };
}

function withBias(y: Reference, bias: Reference | undefined): Reference {
  return bias === undefined ? y : generate(y.shape, (i) => y.data[i]! + bias.data[i % bias.data.length]!);
}

export function forward(a: Reference, b: Reference, options: MatmulOptions = {}): Reference {
  const y = withBias(products(a, b, options).sums, options.bias);
  const { activation } = options;
  return activation === undefined ? y : generate(y.shape, (i) => unary[activation].f(y.data[i]!));
}

/** Swaps the last two axes. */
function turned(x: Reference): Reference {
  const [rows, columns] = sides(x.shape, false);
  const size = rows * columns;
  return generate([...x.shape.slice(0, -2), columns, rows], (i) => {
    const at = i % size;
    return x.data[i - at + (at % rows) * columns + Math.floor(at / rows)]!;
  });
}

/** Y = AB: dA = dY·Bᵀ, dB = Aᵀ·dY, each turned as its operand was; dbias = Σ dY. */
export function vjp(g: Reference, a: Reference, b: Reference, options: MatmulOptions = {}): Reference[] {
  const { transposeA, transposeB, bias, activation } = options;
  let d = g;
  if (activation !== undefined) {
    const before = withBias(products(a, b, options).sums, bias);
    d = generate(g.shape, (i) => g.data[i]! * unary[activation].df(before.data[i]!));
  }
  const dA = products(d, transposeB ? b : turned(b)).sums;
  const dB = products(transposeA ? a : turned(a), d).sums;
  const shares = [sumTo(transposeA ? turned(dA) : dA, a.shape), sumTo(transposeB ? turned(dB) : dB, b.shape)];
  return bias === undefined ? shares : [...shares, sumTo(d, bias.shape)];
}
