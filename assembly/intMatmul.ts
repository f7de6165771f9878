// Exact products of integer matrices. Codes of 8 bits and fewer, less their zero points, fit 9 bits and a sign: as i16 they go
// through i32x4.dot_i16x8_s, which multiplies eight and adds neighbours. The tile is that of matmul.ts, two columns of A a turn.
//
// Both operands are widened first. A: fours of rows, a pair of i16 of each side by side. B, by pack_codes or pack_rows_u8: panels of 8
// columns, for each group of k 8 scales, then pairs of rows. Groups are padded to a multiple of 8 rows, where A holds 0.
//
// A group's sum is exact in i32 while it has at most (2³¹ − 1) / (255 · (2^bits − 1)) columns: 33,025 for 8 bits.
import { centered } from "./codes";
import { finish } from "./epilogue";
import { firstLanes, maxLanes, minLanes, splat, sumIntegers } from "./lanes";

/**
 * Rows [begin, end) of f32 numbers as codes of 8 bits less their zero point, as i16; with the scale of each row, and `times` the sum
 * of each of its groups. With `scale` 0 each row gets a scale and zero point of its own, from its least and largest. The scale of a row
 * with NaN, or with an infinity and no given scale, is NaN. Groups are padded with 0 to a multiple of `unit`: 8 in fours of rows, 16, or
 * 32 in the order of quantMatvec.ts. `stride`: i16 from row to row.
 */
export function quantize_rows_i16(
  out: usize, scales: usize, sums: usize, x: usize, k: usize, group: usize, unit: usize, stride: usize,
  scale: f32, zeroPoint: f32, times: i32, begin: usize, end: usize,
): void {
  const groups = (k + group - 1) / group;
  for (; begin < end; begin++) {
    const row = x + ((begin * k) << 2);
    let low = splat(0);
    let high = splat(0);
    let strange = splat(0);
    for (let at: usize = 0; at < k; at += 4) {
      const v = four(row, at, k);
      low = f32x4.pmin(low, v);
      high = f32x4.pmax(high, v);
      strange = v128.or(strange, f32x4.ne(v, v));
    }
    let s = scale;
    let zero = zeroPoint;
    if (scale == 0) {
      const least = <f64>minLanes(low);
      s = <f32>((<f64>maxLanes(high) - least) / 255);
      if (s == 0) s = 1;
      zero = <f32>max(min(nearest(-least / <f64>s), 255), 0);
    }
    store<f32>(scales + (begin << 2), v128.any_true(strange) || s == Infinity ? NaN : s);
    const by = splat(s);
    const least = splat(-zero);
    const most = splat(255 - zero);
    let to = unit == 8 ? rowOf(out, begin, stride) : out + ((begin * stride) << 1);
    for (let g: usize = 0; g < groups; g++) {
      const first = g * group;
      const last = min(first + group, k);
      const padded = (last - first + unit - 1) & -unit;
      let sum = splat(0);
      for (let at: usize = 0; at < padded; at += 4) {
        const q = centered(four(row, first + at, last), by, least, most);
        sum = i32x4.add(sum, q);
        if (unit == 32) {
          const place = to + ((at & ~31) << 1) + ((at & 31) >> 1);
          v128.store16_lane(place, q, 0);
          v128.store16_lane(place, q, 2, 16);
          v128.store16_lane(place, q, 4, 32);
          v128.store16_lane(place, q, 6, 48);
          continue;
        }
        const codes = i16x8.narrow_i32x4_s(q, q);
        if (unit == 8) {
          v128.store32_lane(to + (at << 3), codes, 0);
          v128.store32_lane(to + (at << 3), codes, 1, 16);
        } else v128.store64_lane(to + (at << 1), codes, 0);
      }
      to += padded << (unit == 8 ? 3 : 1);
      store<i32>(sums + ((begin * groups + g) << 2), sumIntegers(sum) * times);
    }
  }
}

/** Four numbers of a row; 0 for those from `last` on. */
// @ts-ignore: decorator
@inline
function four(row: usize, at: usize, last: usize): v128 {
  if (at + 4 <= last) return v128.load(row + (at << 2));
  return at < last ? v128.and(v128.load(row + (at << 2)), firstLanes(last - at)) : splat(0);
}

/**
 * Rows [begin, end) of bytes less their zero point, as i16, padded with zeros to `stride`, a multiple of 8; and the sum of each. In
 * fours as the tile reads them, or one after another.
 */
export function widen_rows_i16(
  out: usize, sums: usize, x: usize, k: usize, zeroPoint: i32, stride: usize, fours: bool, begin: usize, end: usize,
): void {
  const zero = i16x8.splat(<i16>zeroPoint);
  for (; begin < end; begin++) {
    const row = x + begin * k;
    let sum = splat(0);
    for (let at: usize = 0; at < stride; at += 8) {
      const left = max(<isize>(k - at), 0);
      const inside = i16x8.gt_s(i16x8.splat(<i16>min(left, 8)), i16x8(0, 1, 2, 3, 4, 5, 6, 7));
      const q = v128.and(left ? i16x8.sub(v128.load_ext<u8>(row + at), zero) : inside, inside);
      sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(q));
      if (fours) {
        const to = rowOf(out, begin, stride) + (at << 3);
        v128.store32_lane(to, q, 0);
        v128.store32_lane(to, q, 1, 16);
        v128.store32_lane(to, q, 2, 32);
        v128.store32_lane(to, q, 3, 48);
      } else v128.store(out + ((begin * stride + at) << 1), q);
    }
    store<i32>(sums + (begin << 2), sumIntegers(sum));
  }
}

/** Where a row begins among fours. */
// @ts-ignore: decorator
@inline
function rowOf(rows: usize, row: usize, stride: usize): usize {
  return rows + (row >> 2) * (stride << 3) + ((row & 3) << 2);
}

/** Panels [begin, end) of bytes b [k, n] less the zero points of their columns: a few rows at a time, as memory likes it. */
export function pack_rows_u8(
  packed: usize, b: usize, zeroPoints: usize, k: usize, n: usize, stride: usize, begin: usize, end: usize,
): void {
  for (let first: usize = 0; first < k; first += 32)
    for (let panel = begin; panel < end; panel++) {
      const j = n > 8 ? min(panel << 3, n - 8) : 0;
      const zeros = v128.load(zeroPoints + j);
      const z = i8x16.shuffle(zeros, zeros, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
      const z0 = i16x8.extend_low_i8x16_u(z);
      const z1 = i16x8.extend_high_i8x16_u(z);
      let to = packed + ((panel * stride + first) << 4);
      for (let p = first; p < min(first + 32, k); p += 2, to += 32) {
        const row = b + p * n + j;
        // Behind an odd end A holds 0.
        const next = v128.load(row + (p + 1 < k ? n : 0));
        const pairs = i8x16.shuffle(v128.load(row), next, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        v128.store(to, i16x8.sub(i16x8.extend_low_i8x16_u(pairs), z0));
        v128.store(to, i16x8.sub(i16x8.extend_high_i8x16_u(pairs), z1), 16);
      }
    }
}

/**
 * Fours of rows [begin, end) of the product, 8 columns at least. With `scales` (of rows of A): f32, each group's sum times its scale
 * added to the ones before, then times the row's scale, bias, activation. Without: one group, and its sums as i32.
 */
export function int_matmul_i16(
  out: usize, a: usize, scales: usize, packed: usize, bias: usize, m: usize, k: usize, n: usize, group: usize, stride: usize,
  activation: i32, begin: usize, end: usize,
): void {
  const groups = (k + group - 1) / group;
  const head: usize = scales ? 32 : 0;
  const panelBytes = (stride << 4) + groups * head;
  const nBytes = n << 2;
  for (let panel: usize = 0; panel < n; panel += 8, packed += panelBytes) {
    // The last panel ends with the last column, and does some of the one before once more.
    const j = min(panel, n - 8) << 2;
    for (let four = begin; four < end; four++) {
      // Rows past the edge are anything, and stored in the place of the first, before it.
      const i = four << 2;
      const rows = min(m - i, 4);
      const row1 = rows > 1 ? nBytes : 0;
      const row2 = rows > 2 ? nBytes << 1 : 0;
      const row3 = rows > 3 ? nBytes * 3 : 0;
      const at = out + i * nBytes + j;
      let from = rowOf(a, i, stride);
      let b = packed;
      let first: usize = 0;
      // Once at least: a sum of nothing is 0.
      do {
        const pairs = ((min(group, k - first) + 7) & ~7) >> 1;
        tile(at, row1, row2, row3, from, b, pairs, head, first != 0);
        from += pairs << 4;
        b += (pairs << 5) + head;
        first += group;
      } while (first < k);
      if (scales) rescale(at, scales + (i << 2), nBytes, rows);
      if (bias | <usize>activation) finish(at, bias ? bias + j : 0, nBytes, rows, 8, activation);
    }
  }
}

// @ts-ignore: decorator
@inline
function tile(
  out: usize, to1: usize, to2: usize, to3: usize, a: usize, b: usize, pairs: usize, head: usize, more: bool,
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
    x = v128.load32_splat(a, 4);
    c10 = i32x4.add(i32x4.dot_i16x8_s(x, b0), c10);
    c11 = i32x4.add(i32x4.dot_i16x8_s(x, b1), c11);
    x = v128.load32_splat(a, 8);
    c20 = i32x4.add(i32x4.dot_i16x8_s(x, b0), c20);
    c21 = i32x4.add(i32x4.dot_i16x8_s(x, b1), c21);
    x = v128.load32_splat(a, 12);
    c30 = i32x4.add(i32x4.dot_i16x8_s(x, b0), c30);
    c31 = i32x4.add(i32x4.dot_i16x8_s(x, b1), c31);
    a += 16;
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
  if (more) {
    c30 = f32x4.add(v128.load(out + to3), c30);
    c31 = f32x4.add(v128.load(out + to3, 16), c31);
    c20 = f32x4.add(v128.load(out + to2), c20);
    c21 = f32x4.add(v128.load(out + to2, 16), c21);
    c10 = f32x4.add(v128.load(out + to1), c10);
    c11 = f32x4.add(v128.load(out + to1, 16), c11);
    c00 = f32x4.add(v128.load(out), c00);
    c01 = f32x4.add(v128.load(out, 16), c01);
  }
  v128.store(out + to3, c30);
  v128.store(out + to3, c31, 16);
  v128.store(out + to2, c20);
  v128.store(out + to2, c21, 16);
  v128.store(out + to1, c10);
  v128.store(out + to1, c11, 16);
  v128.store(out, c00);
  v128.store(out, c01, 16);
}

/** Rows of a tile, each times its scale. */
function rescale(out: usize, scales: usize, nBytes: usize, rows: usize): void {
  for (; rows > 0; rows--, out += nBytes, scales += 4) {
    const scale = v128.load32_splat(scales);
    v128.store(out, f32x4.mul(v128.load(out), scale));
    v128.store(out, f32x4.mul(v128.load(out, 16), scale), 16);
  }
}
