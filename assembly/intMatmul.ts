// Exact products of integer matrices. Codes of 8 bits and fewer, less their zero points, fit 9 bits and a sign: as i16 they go
// through i32x4.dot_i16x8_s, which multiplies eight and adds neighbours. The tile is that of matmul.ts, two columns of A a turn.
//
// Both operands are widened first. A: rows of i16. B: panels of 8 columns, [8 scales, then pairs of rows] for each group of k.
// Groups start at whole vectors: each is padded to a multiple of 8, of 16 for the product with one row, where A holds 0.
//
// A group's sum is exact in i32 while it has at most (2³¹ − 1) / (255 · (2^bits − 1)) columns: 33,025 for 8 bits.
import { centered, codes8, rowBytes, zeroAt } from "./codes";
import { finish, storeRow } from "./epilogue";
import { firstLanes, maxLanes, minLanes, put, putTurned, splat } from "./lanes";

/**
 * Rows [begin, end) of f32 numbers as codes of 8 bits less their zero point, as i16; with the scale of each row, and the sum of
 * each of its groups. With `scale` 0 each row gets a scale and zero point of its own, from its least and largest. The scale of a
 * row that holds NaN is NaN. `stride`: i16 from row to row.
 */
export function quantize_rows_i16(
  out: usize, scales: usize, sums: usize, x: usize, k: usize, group: usize, pad: usize, stride: usize,
  scale: f32, zeroPoint: f32, begin: usize, end: usize,
): void {
  const groups = (k + group - 1) / group;
  for (; begin < end; begin++) {
    const row = x + ((begin * k) << 2);
    let s = scale;
    let zero = zeroPoint;
    if (scale == 0) {
      let least = splat(0);
      let largest = splat(0);
      for (let at: usize = 0; at < k; at += 4) {
        const v = four(row, at, k);
        least = f32x4.min(least, v);
        largest = f32x4.max(largest, v);
      }
      const low = <f64>minLanes(least);
      s = <f32>((<f64>maxLanes(largest) - low) / 255);
      if (s == 0) s = 1;
      zero = <f32>max(min(nearest(-low / <f64>s), 255), 0);
    }
    const by = splat(s);
    const least = splat(-zero);
    const most = splat(255 - zero);
    let strange = splat(0);
    let to = out + ((begin * stride) << 1);
    for (let g: usize = 0; g < groups; g++) {
      const first = g * group;
      const last = min(first + group, k);
      const padded = first + ((last - first + pad - 1) & -pad);
      let sum = splat(0);
      for (let at = first; at < padded; at += 8, to += 16) {
        const x0 = four(row, at, last);
        const x1 = four(row, at + 4, last);
        strange = v128.or(strange, v128.or(f32x4.ne(x0, x0), f32x4.ne(x1, x1)));
        const q = i16x8.narrow_i32x4_s(centered(x0, by, least, most), centered(x1, by, least, most));
        v128.store(to, q);
        sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(q));
      }
      store<i32>(sums + ((begin * groups + g) << 2), sumIntegers(sum));
    }
    store<f32>(scales + (begin << 2), v128.any_true(strange) ? NaN : s);
  }
}

/** Four numbers of a row; 0 for those from `last` on. */
// @ts-ignore: decorator
@inline
function four(row: usize, at: usize, last: usize): v128 {
  if (at >= last) return splat(0);
  const v = v128.load(row + (at << 2));
  return at + 4 <= last ? v : v128.and(v, firstLanes(last - at));
}

/** Sum of the lanes. */
// @ts-ignore: decorator
@inline
function sumIntegers(x: v128): i32 {
  const half = i32x4.add(x, i64x2.shuffle(x, x, 1, 1));
  return i32x4.extract_lane(half, 0) + i32x4.extract_lane(half, 1);
}

/** Rows [begin, end) of bytes less their zero point, as i16, padded with zeros to `stride`, a multiple of 8. */
export function widen_rows_i16(
  out: usize, x: usize, k: usize, zeroPoint: i32, stride: usize, begin: usize, end: usize,
): void {
  const zero = i16x8.splat(<i16>zeroPoint);
  for (; begin < end; begin++) {
    const row = x + begin * k;
    const to = out + ((begin * stride) << 1);
    for (let at: usize = 0; at < k; at += 8) {
      const q = i16x8.sub(v128.load_ext<u8>(row + at), zero);
      const inside = i16x8.gt_s(i16x8.splat(<i16>min(k - at, 8)), i16x8(0, 1, 2, 3, 4, 5, 6, 7));
      v128.store(to + (at << 1), v128.and(q, inside));
    }
  }
}

/**
 * Panels [begin, end) of 8 rows of codes, less their zero points; rows past the last repeat it. `scales` 0: none stored. Columns past
 * the end of a group hold anything finite, because A holds 0 there.
 */
export function pack_codes_i16(
  packed: usize, codes: usize, scales: usize, zeroPoints: usize, k: usize, n: usize, group: usize, bits: usize, stride: usize,
  begin: usize, end: usize,
): void {
  const groups = (k + group - 1) / group;
  const bytes = rowBytes(k, bits);
  const head: usize = scales ? 32 : 0;
  const panel = (stride << 4) + groups * head;
  for (; begin < end; begin++)
    for (let half: usize = 0; half < 8; half += 4) {
      let to = packed + begin * panel + (half << 2);
      const row = (begin << 3) + half;
      const i0 = min(row, n - 1);
      const i1 = min(row + 1, n - 1);
      const i2 = min(row + 2, n - 1);
      const i3 = min(row + 3, n - 1);
      for (let g: usize = 0; g < groups; g++) {
        if (scales) {
          store<f32>(to, load<f32>(scales + ((i0 * groups + g) << 2)));
          store<f32>(to, load<f32>(scales + ((i1 * groups + g) << 2)), 4);
          store<f32>(to, load<f32>(scales + ((i2 * groups + g) << 2)), 8);
          store<f32>(to, load<f32>(scales + ((i3 * groups + g) << 2)), 12);
          to += head;
        }
        const z0 = i16x8.splat(<i16>zeroAt(zeroPoints, i0 * groups + g, bits));
        const z1 = i16x8.splat(<i16>zeroAt(zeroPoints, i1 * groups + g, bits));
        const z2 = i16x8.splat(<i16>zeroAt(zeroPoints, i2 * groups + g, bits));
        const z3 = i16x8.splat(<i16>zeroAt(zeroPoints, i3 * groups + g, bits));
        const last = min((g + 1) * group, k);
        for (let at = g * group; at < last; at += 8, to += 128) {
          const q0 = i16x8.sub(codes8(codes + i0 * bytes, at, bits), z0);
          const q1 = i16x8.sub(codes8(codes + i1 * bytes, at, bits), z1);
          const q2 = i16x8.sub(codes8(codes + i2 * bytes, at, bits), z2);
          const q3 = i16x8.sub(codes8(codes + i3 * bytes, at, bits), z3);
          putTurned(to, 32, q0, q1, q2, q3, 4);
        }
      }
    }
}

/**
 * Rows [begin, end) of the product. With `scales` (of rows of A): f32, each group's sum times its scale added to the ones before,
 * then times the row's scale, bias, activation. Without: one group, and its sums as i32.
 */
export function int_matmul_i16(
  out: usize, a: usize, scales: usize, packed: usize, bias: usize, k: usize, n: usize, group: usize, stride: usize,
  activation: i32, begin: usize, end: usize,
): void {
  const groups = (k + group - 1) / group;
  const panels = (n + 7) >> 3;
  const head: usize = scales ? 32 : 0;
  const panelBytes = (stride << 4) + groups * head;
  const rowBytes = stride << 1;
  const nBytes = n << 2;
  for (let panel: usize = 0; panel < panels; panel++) {
    const j = panel << 5;
    const columns = min(n - (panel << 3), 8);
    for (let i = begin; i < end; i += 4) {
      // Rows past the edge read the first row again; they are computed and not stored.
      const rows = min(end - i, 4);
      const row1 = rows > 1 ? rowBytes : 0;
      const row2 = rows > 2 ? rowBytes << 1 : 0;
      const row3 = rows > 3 ? rowBytes * 3 : 0;
      const at = out + i * nBytes + j;
      let from = a + i * rowBytes;
      let b = packed + panel * panelBytes;
      let first: usize = 0;
      // Once at least: a sum of nothing is 0.
      do {
        const pairs = ((min(group, k - first) + 7) & ~7) >> 1;
        tile(at, from, b, pairs, nBytes, row1, row2, row3, rows, columns, head, first != 0);
        from += pairs << 2;
        b += (pairs << 5) + head;
        first += group;
      } while (first < k);
      if (scales) {
        rescale(at, scales + (i << 2), nBytes, rows, columns);
        if (bias | <usize>activation) finish(at, bias ? bias + j : 0, nBytes, rows, columns, activation);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function tile(
  out: usize, a: usize, b: usize, pairs: usize, nBytes: usize, row1: usize, row2: usize, row3: usize,
  rows: usize, columns: usize, head: usize, more: bool,
): void {
  let c00 = splat(0), c01 = splat(0), c10 = splat(0), c11 = splat(0);
  let c20 = splat(0), c21 = splat(0), c30 = splat(0), c31 = splat(0);
  const scales = b;
  b += head;
  for (const last = b + (pairs << 5); b < last; b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = i32x4.add(i32x4.dot_i16x8_s(x, b0), c00);
    c01 = i32x4.add(i32x4.dot_i16x8_s(x, b1), c01);
    x = v128.load32_splat(a + row1);
    c10 = i32x4.add(i32x4.dot_i16x8_s(x, b0), c10);
    c11 = i32x4.add(i32x4.dot_i16x8_s(x, b1), c11);
    x = v128.load32_splat(a + row2);
    c20 = i32x4.add(i32x4.dot_i16x8_s(x, b0), c20);
    c21 = i32x4.add(i32x4.dot_i16x8_s(x, b1), c21);
    x = v128.load32_splat(a + row3);
    c30 = i32x4.add(i32x4.dot_i16x8_s(x, b0), c30);
    c31 = i32x4.add(i32x4.dot_i16x8_s(x, b1), c31);
    a += 4;
  }
  if (head) {
    const s0 = v128.load(scales);
    const s1 = v128.load(scales, 16);
    c00 = f32x4.mul(f32x4.convert_i32x4_s(c00), s0);
    c01 = f32x4.mul(f32x4.convert_i32x4_s(c01), s1);
    c10 = f32x4.mul(f32x4.convert_i32x4_s(c10), s0);
    c11 = f32x4.mul(f32x4.convert_i32x4_s(c11), s1);
    c20 = f32x4.mul(f32x4.convert_i32x4_s(c20), s0);
    c21 = f32x4.mul(f32x4.convert_i32x4_s(c21), s1);
    c30 = f32x4.mul(f32x4.convert_i32x4_s(c30), s0);
    c31 = f32x4.mul(f32x4.convert_i32x4_s(c31), s1);
  }
  addRow(out, c00, c01, columns, more);
  if (rows > 1) addRow(out + nBytes, c10, c11, columns, more);
  if (rows > 2) addRow(out + (nBytes << 1), c20, c21, columns, more);
  if (rows > 3) addRow(out + nBytes * 3, c30, c31, columns, more);
}

/** Stores a row of a tile, or with `more` adds it to what is there. */
// @ts-ignore: decorator
@inline
function addRow(out: usize, c0: v128, c1: v128, columns: usize, more: bool): void {
  if (more) {
    c0 = f32x4.add(v128.load(out), c0);
    if (columns > 4) c1 = f32x4.add(v128.load(out, 16), c1);
  }
  storeRow(out, c0, c1, columns);
}

/** Rows of a tile, each times its scale. */
function rescale(out: usize, scales: usize, nBytes: usize, rows: usize, columns: usize): void {
  const last = columns << 2;
  for (; rows > 0; rows--, out += nBytes, scales += 4)
    for (let j: usize = 0; j < last; j += 16)
      put(out + j, f32x4.mul(v128.load(out + j), v128.load32_splat(scales)), out + last);
}
