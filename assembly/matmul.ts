// C[m, n] = A[m, k] · B[k, n], register-tiled. B is packed into panels of 8 columns, so that the inner loop reads it in
// order whatever its layout; A is read in place through two strides, so a transposed A is not copied. The tile is 4 × 8:
// eight accumulators, two loads of B and one broadcast of A fit the 16 vector registers that engines have. The inner loop
// is not unrolled: engines then keep every accumulator in its register (an unroll by two or four lost a third).
//
// Each output is one sum in the order of k, whatever the slice: results do not depend on the number of threads.
// |C − exact| ≤ (k + 1) · 2⁻²⁴ · Σ|a·b| per element, with a bias (k + 2) · 2⁻²⁴ · (Σ|a·b| + |bias|).
import { finish, storeRow } from "./epilogue";
import { madd, splat, turn } from "./lanes";

/** Rows of 8 columns of B, for k in [0, k): panels [begin, end) of `batch · ceil(n / 8)`; columns past n are 0. */
export function matmul_pack_f32(
  packed: usize, b: usize, k: usize, n: usize, kStride: usize, nStride: usize, batchStride: usize, begin: usize, end: usize,
): void {
  const panels = (n + 7) >> 3;
  kStride <<= 2;
  nStride <<= 2;
  for (let panel = begin; panel < end; panel++) {
    const j = (panel % panels) << 3;
    const from = b + (((panel / panels) * batchStride) << 2) + j * nStride;
    const to = packed + panel * (k << 5);
    const columns = min(n - j, 8);
    if (columns == 8 && nStride == 4) packRows(to, from, k, kStride);
    else if (columns == 8 && kStride == 4) packColumns(to, from, k, nStride);
    else packEdge(to, from, k, kStride, nStride, columns);
  }
}

function packRows(to: usize, from: usize, k: usize, kStride: usize): void {
  const last = to + (k << 5);
  for (; to < last; to += 32, from += kStride) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
  }
}

/** B is stored transposed: its columns are contiguous, so blocks of 4 × 4 are turned in registers. */
function packColumns(to: usize, from: usize, k: usize, nStride: usize): void {
  const last = to + ((k & ~3) << 5);
  for (; to < last; to += 128, from += 16) {
    turn(to, 32, from, nStride);
    turn(to + 16, 32, from + (nStride << 2), nStride);
  }
  if (k & 3) packEdge(to, from, k & 3, 4, nStride, 8);
}

function packEdge(to: usize, from: usize, k: usize, kStride: usize, nStride: usize, columns: usize): void {
  for (let p: usize = 0; p < k; p++, to += 32, from += kStride) {
    v128.store(to, splat(0));
    v128.store(to, splat(0), 16);
    for (let j: usize = 0; j < columns; j++) store<f32>(to + (j << 2), load<f32>(from + j * nStride));
  }
}

/**
 * Rows [begin, end) of `batch · m`. `packed` comes from matmul_pack_f32; a batch stride of 0 repeats one operand.
 * `bias` (n values) may be 0. `activation`: 0 none, 1 relu, 2 sigmoid, 3 tanh.
 */
export function matmul_f32(
  out: usize, a: usize, packed: usize, bias: usize, m: usize, k: usize, n: usize,
  mStride: usize, kStride: usize, aBatch: usize, packedBatch: usize, activation: i32, begin: usize, end: usize,
): void {
  const panels = (n + 7) >> 3;
  mStride <<= 2;
  kStride <<= 2;
  const nBytes = n << 2;
  while (begin < end) {
    const batch = begin / m;
    const first = begin % m;
    const last = min(m, first + (end - begin));
    const aFirst = a + ((batch * aBatch) << 2);
    const outFirst = out + batch * m * nBytes;
    for (let panel: usize = 0; panel < panels; panel++) {
      const b = packed + ((batch * packedBatch) << 2) + panel * (k << 5);
      const j = panel << 5;
      const columns = min(n - (panel << 3), 8);
      const biasAt = bias ? bias + j : 0;
      let i = first;
      for (; i + 4 <= last; i += 4) {
        const at = outFirst + i * nBytes + j;
        tile(at, aFirst + i * mStride, b, k, nBytes, mStride, mStride << 1, mStride * 3, kStride, 4, columns);
        if (bias | <usize>activation) finish(at, biasAt, nBytes, 4, columns, activation);
      }
      if (i < last) {
        // Rows past the edge read the first row again; they are computed and not stored.
        const rows = last - i;
        const row1 = rows > 1 ? mStride : 0;
        const row2 = rows > 2 ? mStride << 1 : 0;
        const at = outFirst + i * nBytes + j;
        tile(at, aFirst + i * mStride, b, k, nBytes, row1, row2, 0, kStride, rows, columns);
        if (bias | <usize>activation) finish(at, biasAt, nBytes, rows, columns, activation);
      }
    }
    begin += last - first;
  }
}

/**
 * Four rows, `row1..3` apart from the first. Fixed distances from one moving pointer, known before the tile, beat four moving
 * pointers by a tenth: engines keep them out of the loop.
 */
// @ts-ignore: decorator
@inline
function tile(
  out: usize, a: usize, b: usize, k: usize, nBytes: usize, row1: usize, row2: usize, row3: usize, kStride: usize,
  rows: usize, columns: usize,
): void {
  let c00 = splat(0), c01 = splat(0), c10 = splat(0), c11 = splat(0);
  let c20 = splat(0), c21 = splat(0), c30 = splat(0), c31 = splat(0);
  for (const last = b + (k << 5); b < last; b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a + row1);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a + row2);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a + row3);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    a += kStride;
  }
  // No calls here: an accumulator that lives across a call is given a stack slot, inside the loop too.
  storeRow(out, c00, c01, columns);
  if (rows > 1) storeRow(out + nBytes, c10, c11, columns);
  if (rows > 2) storeRow(out + (nBytes << 1), c20, c21, columns);
  if (rows > 3) storeRow(out + nBytes * 3, c30, c31, columns);
}
