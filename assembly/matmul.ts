// C[m, n] = A[m, k] · B[k, n], register-tiled. B is packed into panels of 8 columns, so that the inner loop reads it in order whatever its
// layout; or it is read where it is, if that is little. A is read in place through two strides, so a transposed A is not copied.
//
// The tile is as high as registers allow (`tileRows`): with a fused multiply-add, 12 sums, two loads of B and one broadcast of A fill 15 of
// the 16 vector registers that engines have; a product that has to wait for its addition takes one more, and 8 sums are most. What does not
// fill the tile goes through another of 4 rows, in a function of its own: only where all distances between rows are one number's multiples
// do engines keep them out of the loop. They unroll it themselves; unrolled here, it lost a third.
//
// Each output is one sum in the order of k, whatever the slice: results do not depend on the number of threads.
// |C − exact| ≤ (k + 1) · 2⁻²⁴ · Σ|a·b| per element, with a bias (k + 2) · 2⁻²⁴ · (Σ|a·b| + |bias|).
import { finish, storeRow } from "./epilogue";
import { madd, splat, tileRows, turn } from "./lanes";

/** Rows of A that a panel of B meets before the next: a multiple of each tile, and few enough to stay in a cache. */
const block: usize = 192;

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
    for (let half: usize = 0; half < 8; half += 4) turn(to + (half << 2), 32, from + half * nStride, nStride);
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
 * Rows [begin, end) of `batch · m`. `b` comes from matmul_pack_f32, and `bStride` is 8; or it is [k, n] itself, with at most 4 columns
 * missing in its last 8, and `bStride` is n. A batch stride of 0 repeats one operand. `bias` (n values) may be 0. `activation`: 0 none,
 * 1 relu, 2 sigmoid, 3 tanh.
 */
export function matmul_f32(
  out: usize, a: usize, b: usize, bias: usize, m: usize, k: usize, n: usize,
  mStride: usize, kStride: usize, bStride: usize, aBatch: usize, bBatch: usize, activation: i32, begin: usize, end: usize,
): void {
  mStride <<= 2;
  kStride <<= 2;
  const panelBytes: usize = bStride == 8 ? k << 5 : 32;
  bStride <<= 2;
  const nBytes = n << 2;
  while (begin < end) {
    const batch = begin / m;
    const first = begin % m;
    const last = min(min(m, first + (end - begin)), first + block);
    const aFirst = a + ((batch * aBatch) << 2);
    const outFirst = out + batch * m * nBytes;
    let panel = b + ((batch * bBatch) << 2);
    for (let j: usize = 0; j < nBytes; j += 32, panel += panelBytes) {
      const columns = min((nBytes - j) >> 2, 8);
      let i = first;
      if (columns == 8)
        for (; i + tileRows <= last; i += tileRows) {
          const at = outFirst + i * nBytes + j;
          tile(at, aFirst + i * mStride, panel, k, nBytes, mStride, kStride, bStride);
        }
      for (; i < last; i += 4) {
        const at = outFirst + i * nBytes + j;
        const rows = min(last - i, 4);
        edge(at, aFirst + i * mStride, panel, k, nBytes, mStride, kStride, bStride, rows, columns);
      }
      if (bias | <usize>activation)
        finish(outFirst + first * nBytes + j, bias ? bias + j : 0, nBytes, last - first, columns, activation);
    }
    begin += last - first;
  }
}

// @ts-ignore: decorator
@inline
function tile(
  out: usize, a: usize, b: usize, k: usize, nBytes: usize, mStride: usize, kStride: usize, bStride: usize,
): void {
  let c00 = splat(0), c01 = splat(0), c10 = splat(0), c11 = splat(0), c20 = splat(0), c21 = splat(0);
  let c30 = splat(0), c31 = splat(0), c40 = splat(0), c41 = splat(0), c50 = splat(0), c51 = splat(0);
  for (const last = b + k * bStride; b < last; b += bStride) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a + mStride);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a + (mStride << 1));
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a + mStride * 3);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    if (tileRows == 6) {
      x = v128.load32_splat(a + (mStride << 2));
      c40 = madd(x, b0, c40);
      c41 = madd(x, b1, c41);
      x = v128.load32_splat(a + mStride * 5);
      c50 = madd(x, b0, c50);
      c51 = madd(x, b1, c51);
    }
    a += kStride;
  }
  // No calls here: an accumulator that lives across a call is given a stack slot, inside the loop too.
  v128.store(out, c00);
  v128.store(out, c01, 16);
  out += nBytes;
  v128.store(out, c10);
  v128.store(out, c11, 16);
  out += nBytes;
  v128.store(out, c20);
  v128.store(out, c21, 16);
  out += nBytes;
  v128.store(out, c30);
  v128.store(out, c31, 16);
  if (tileRows == 6) {
    out += nBytes;
    v128.store(out, c40);
    v128.store(out, c41, 16);
    out += nBytes;
    v128.store(out, c50);
    v128.store(out, c51, 16);
  }
}

/** Up to 4 rows of up to 8 columns. Rows past the edge read the first again; they are computed and not stored. */
function edge(
  out: usize, a: usize, b: usize, k: usize, nBytes: usize, mStride: usize, kStride: usize, bStride: usize,
  rows: usize, columns: usize,
): void {
  const row1 = rows > 1 ? mStride : 0;
  const row2 = rows > 2 ? mStride << 1 : 0;
  const row3 = rows > 3 ? mStride * 3 : 0;
  let c00 = splat(0), c01 = splat(0), c10 = splat(0), c11 = splat(0);
  let c20 = splat(0), c21 = splat(0), c30 = splat(0), c31 = splat(0);
  for (const last = b + k * bStride; b < last; b += bStride) {
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
  storeRow(out, c00, c01, columns);
  if (rows > 1) storeRow(out + nBytes, c10, c11, columns);
  if (rows > 2) storeRow(out + (nBytes << 1), c20, c21, columns);
  if (rows > 3) storeRow(out + nBytes * 3, c30, c31, columns);
}
