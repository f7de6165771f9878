// Dense symmetric systems in f64, made from f32 data. Everything is padded to whole tiles of 4 × 4, so that no loop has an edge,
// and read in panels of 4 columns, so that the inner loop reads in order: a tile has 8 accumulators of two lanes each.
import { madd2 } from "./lanes";
import { subtract } from "./rows";

/** Per column of x [n, k]: its mean (0 unless `center`), and from out[k] on the sum of squares about it. Columns [begin, end). */
export function moments_f64_f32(
  out: usize, x: usize, n: usize, k: usize, center: bool, begin: usize, end: usize,
): void {
  const last = x + ((n * k) << 2);
  for (let j = begin; j < end; j++) {
    let sum: f64 = 0, squares: f64 = 0;
    for (let at = x + (j << 2); at < last; at += k << 2) sum += load<f32>(at);
    const mean = center ? sum / <f64>n : 0;
    for (let at = x + (j << 2); at < last; at += k << 2) {
      const d = <f64>load<f32>(at) - mean;
      squares += d * d;
    }
    store<f64>(out + (j << 3), mean);
    store<f64>(out + ((k + j) << 3), squares);
  }
}

/** Panels [begin, end) of x [depth, k] in f64, less the means of its columns; columns past the last are 0. */
export function panels_f64_f32(
  out: usize, x: usize, means: usize, k: usize, depth: usize, begin: usize, end: usize,
): void {
  for (let panel = begin; panel < end; panel++)
    for (let i: usize = 0; i < 4; i++) {
      const j = (panel << 2) + i;
      let to = out + panel * (depth << 5) + (i << 3);
      for (let p: usize = 0; p < depth; p++, to += 32)
        store<f64>(to, j < k ? <f64>load<f32>(x + ((p * k + j) << 2)) - load<f64>(means + (j << 3)) : 0);
    }
}

/** Panels [begin, end) of `depth` rows of f64, `stride` apart. */
export function panels_f64(out: usize, rows: usize, stride: usize, depth: usize, begin: usize, end: usize): void {
  for (let panel = begin; panel < end; panel++) {
    let to = out + panel * (depth << 5);
    let from = rows + (panel << 5);
    for (let p: usize = 0; p < depth; p++, to += 32, from += stride << 3) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  }
}

/**
 * Rows of 4 [begin, end) of AᵀA, from the diagonal on, A given as panels; `keep` adds them to what is there. `lower`: A is lower
 * triangular, and what is 0 is not read.
 */
export function products_f64(
  out: usize, panels: usize, stride: usize, depth: usize, columns: usize, lower: bool, keep: bool, begin: usize, end: usize,
): void {
  const panel = depth << 5;
  for (let i = begin; i < end; i++)
    for (let j = i; j < columns; j++) {
      const skip = lower ? j << 7 : 0;
      const rest = panel - skip;
      tile(out + ((i * stride + j) << 5), stride << 3, panels + i * panel + skip, panels + j * panel + skip, rest, 1, keep);
    }
}

/** out[4, 4] = (keep ? out : 0) + sign · Σ aᵀb over panels of `bytes` bytes. */
function tile(out: usize, stride: usize, a: usize, b: usize, bytes: usize, sign: f64, keep: bool): void {
  let c00 = f64x2.splat(0), c01 = f64x2.splat(0), c10 = f64x2.splat(0), c11 = f64x2.splat(0);
  let c20 = f64x2.splat(0), c21 = f64x2.splat(0), c30 = f64x2.splat(0), c31 = f64x2.splat(0);
  for (const last = b + bytes; b < last; b += 32, a += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load64_splat(a);
    c00 = madd2(x, b0, c00);
    c01 = madd2(x, b1, c01);
    x = v128.load64_splat(a, 8);
    c10 = madd2(x, b0, c10);
    c11 = madd2(x, b1, c11);
    x = v128.load64_splat(a, 16);
    c20 = madd2(x, b0, c20);
    c21 = madd2(x, b1, c21);
    x = v128.load64_splat(a, 24);
    c30 = madd2(x, b0, c30);
    c31 = madd2(x, b1, c31);
  }
  const scale = f64x2.splat(sign);
  storeRow(out, c00, c01, scale, keep);
  storeRow(out + stride, c10, c11, scale, keep);
  storeRow(out + (stride << 1), c20, c21, scale, keep);
  storeRow(out + stride * 3, c30, c31, scale, keep);
}

// @ts-ignore: decorator
@inline
function storeRow(out: usize, c0: v128, c1: v128, scale: v128, keep: bool): void {
  c0 = f64x2.mul(c0, scale);
  c1 = f64x2.mul(c1, scale);
  if (keep) {
    c0 = f64x2.add(v128.load(out), c0);
    c1 = f64x2.add(v128.load(out, 16), c1);
  }
  v128.store(out, c0);
  v128.store(out, c1, 16);
}

/** Columns that are eliminated before the rest is brought up to date. */
const block: usize = 32;

/** Where in the work space of `eliminate_f64` its rows start: behind the state and the diagonal. */
// @ts-ignore: decorator
@inline
function rowsOf(work: usize, size: usize): usize {
  return work + 16 + (size << 3);
}

/**
 * H = UᵀU (Cholesky) beside right-hand sides, which become U⁻ᵀB: rows [U | U⁻ᵀB] of `stride` numbers. H is rows and columns
 * `order` (m of them) of scale · system, where `dead` replaces a 0 on the diagonal, plus the column's `ridge`; `system` has rows of
 * `systemStride` numbers, of which those from the diagonal on are read. B is its columns `targets` (r of them), behind
 * `systemSize`; or the identity, if `targets` is 0. The first number of `work` becomes the pivot (from 1) at which H is not
 * positive definite, or 0. Systems [begin, end): one.
 */
export function eliminate_f64(
  work: usize, system: usize, ridge: usize, order: usize, targets: usize, m: usize, r: usize, systemSize: usize,
  systemStride: usize, scale: f64, dead: f64, begin: usize, end: usize,
): void {
  if (begin == end) return;
  const size = (m + 3) & ~3;
  const stride = (size + (targets ? (r + 3) & ~3 : size)) << 3;
  const rows = rowsOf(work, size);
  store<f64>(work, 0);
  memory.fill(rows, 0, size * stride);
  for (let i: usize = 0; i < size; i++) {
    const row = rows + i * stride;
    let diagonal: f64 = 1;
    if (i < m) {
      const a = load<u32>(order + (i << 2));
      diagonal = scale * load<f64>(system + ((a * systemStride + a) << 3));
      diagonal = (diagonal == 0 ? dead : diagonal) + load<f64>(ridge + (a << 3));
      for (let j = i + 1; j < m; j++) {
        const b = load<u32>(order + (j << 2));
        store<f64>(row + (j << 3), scale * load<f64>(system + ((min(a, b) * systemStride + max(a, b)) << 3)));
      }
      if (targets)
        for (let t: usize = 0; t < r; t++) {
          const column = systemSize + load<u32>(targets + (t << 2));
          store<f64>(row + ((size + t) << 3), load<f64>(system + ((a * systemStride + column) << 3)));
        }
      else store<f64>(row + ((size + i) << 3), 1);
    }
    store<f64>(row + (i << 3), diagonal);
    store<f64>(work + 16 + (i << 3), diagonal);
  }
  const panels = rows + size * stride;
  for (let first: usize = 0; first < size; first += block) {
    const last = min(first + block, size);
    // The identity's part of a row is 0 behind its own column.
    const width = targets ? stride : (size + last) << 3;
    for (let i = first; i < last; i++) {
      const row = rows + i * stride;
      for (let p = first; p < i; p++) {
        const above = rows + p * stride;
        subtract(row, above, load<f64>(above + (i << 3)), (i & ~3) << 3, width);
      }
      const pivot = load<f64>(row + (i << 3));
      // What is left of a dependent column is rounding error. Written so that NaN fails.
      if (!(pivot > load<f64>(work + 16 + (i << 3)) * <f64>m * 4 * f64.EPSILON)) {
        store<f64>(work, <f64>(i + 1));
        return;
      }
      const inverse = f64x2.splat(1 / sqrt<f64>(pivot));
      for (let at = row + ((i & ~3) << 3); at < row + width; at += 16) v128.store(at, f64x2.mul(v128.load(at), inverse));
    }
    if (last == size) return;
    const depth = last - first;
    panels_f64(panels, rows + first * stride, stride >> 3, depth, last >> 2, width >> 5);
    for (let i = last; i < size; i += 4)
      for (let j = i; j < width >> 3; j += 4)
        tile(rows + i * stride + (j << 3), stride, panels + i * (depth << 3), panels + j * (depth << 3), depth << 5, -1, true);
  }
}

/** U⁻¹ of the right-hand sides that `eliminate_f64` left, as panels [begin, end) of 4 of them. */
export function substitute_f64(out: usize, work: usize, m: usize, r: usize, begin: usize, end: usize): void {
  const size = (m + 3) & ~3;
  const stride = (size + ((r + 3) & ~3)) << 3;
  const rows = rowsOf(work, size);
  for (let panel = begin; panel < end; panel++) {
    const first = out + panel * (size << 5);
    for (let i = size; i-- > 0; ) {
      const row = rows + i * stride;
      const to = first + (i << 5);
      let x0 = v128.load(row + ((size + (panel << 2)) << 3));
      let x1 = v128.load(row + ((size + (panel << 2)) << 3), 16);
      for (let p = i + 1; p < size; p++) {
        const f = f64x2.splat(-load<f64>(row + (p << 3)));
        x0 = madd2(f, v128.load(first + (p << 5)), x0);
        x1 = madd2(f, v128.load(first + (p << 5), 16), x1);
      }
      const pivot = f64x2.splat(load<f64>(row + (i << 3)));
      v128.store(to, f64x2.div(x0, pivot));
      v128.store(to, f64x2.div(x1, pivot), 16);
    }
  }
}
