// Exact products of integer matrices. Codes of 8 bits and fewer, less their zero points, fit 9 bits and a sign: as i16 they go
// through i32x4.dot_i16x8_s, which multiplies eight and adds neighbours. The tile is that of matmul.ts, two columns of A a turn.
//
// Both operands are widened first. A: rows of i16. B, by pack_codes: panels of 8 columns, for each group of k 8 scales, then pairs of
// rows. Groups are padded to a multiple of 8 rows, where A holds 0.
//
// A group's sum is exact in i32 while it has at most (2³¹ − 1) / (255 · (2^bits − 1)) columns: 33,025 for 8 bits.
import { centered } from "./codes";
import { finish } from "./epilogue";
import { firstLanes, maxLanes, minLanes, splat, sumIntegers } from "./lanes";

/**
 * Rows [begin, end) of f32 numbers as codes of 8 bits less their zero point, as i16; with the scale of each row, and `times` the sum
 * of each of its groups. With `scale` 0 each row gets a scale and zero point of its own, from its least and largest. The scale of a row
 * with NaN, or with an infinity and no given scale, is NaN. Groups are padded with 0 to a multiple of `unit`: 8, 16, or 32 in the order
 * of quantMatvec.ts. `stride`: i16 from row to row.
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
    let to = out + ((begin * stride) << 1);
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
        } else v128.store64_lane(to + (at << 1), i16x8.narrow_i32x4_s(q, q), 0);
      }
      to += padded << 1;
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
 * Rows [begin, end) of the product, 8 columns at least. With `scales` (of rows of A): f32, each group's sum times its scale added to
 * the ones before, then times the row's scale, bias, activation. Without: one group, and its sums as i32.
 */
export function int_matmul_i16(
  out: usize, a: usize, scales: usize, packed: usize, bias: usize, k: usize, n: usize, group: usize, stride: usize,
  activation: i32, begin: usize, end: usize,
): void {
  const groups = (k + group - 1) / group;
  const head: usize = scales ? 32 : 0;
  const panelBytes = (stride << 4) + groups * head;
  const rowBytes = stride << 1;
  const nBytes = n << 2;
  for (let panel: usize = 0; panel < n; panel += 8, packed += panelBytes) {
    // The last panel ends with the last column, and does some of the one before once more.
    const j = min(panel, n - 8) << 2;
    for (let i = begin; i < end; i += 4) {
      // Rows past the edge are the first again, and stored in its place.
      const rows = min(end - i, 4);
      const row1: usize = rows > 1 ? 1 : 0;
      const row2: usize = rows > 2 ? 2 : 0;
      const row3: usize = rows > 3 ? 3 : 0;
      const at = out + i * nBytes + j;
      let from = a + i * rowBytes;
      let b = packed;
      let first: usize = 0;
      // Once at least: a sum of nothing is 0.
      do {
        const pairs = ((min(group, k - first) + 7) & ~7) >> 1;
        tile(
          at, row1 * nBytes, row2 * nBytes, row3 * nBytes, from, row1 * rowBytes, row2 * rowBytes, row3 * rowBytes,
          b, pairs, head, first != 0,
        );
        from += pairs << 2;
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
  out: usize, to1: usize, to2: usize, to3: usize, a: usize, row1: usize, row2: usize, row3: usize,
  b: usize, pairs: usize, head: usize, more: bool,
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
