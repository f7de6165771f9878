// Few rows times a matrix of affine codes, read where they are: no panels. Codes of 8 bits are taken 16 a turn. Of 4 and 2 bits they
// are taken 32 a turn: eight lanes of i16 hold four codes each, and masks take out the first of each lane, the second, …: the other
// operand lies ready in that order, number p of 32 in lane p >> 2 of vector p & 3. Its groups are padded with 0 to whole turns.
import { bytesOf, rowBytes, zeroAt } from "./codes";
import { finish } from "./epilogue";
import { firstLanes, madd, splat, sumLanes } from "./lanes";

/**
 * Columns [begin, end) of the product of rows of i16, from quantize_rows_i16, and rows of codes. As exact, and in the same order, as
 * int_matmul_i16. Without `scales` of the rows there is one group, and its sums are stored as i32.
 */
export function quant_matvec_i16(
  out: usize, a: usize, scales: usize, sums: usize, codes: usize, codeScales: usize, zeroPoints: usize, bias: usize,
  m: usize, k: usize, n: usize, group: usize, bits: usize, stride: usize, activation: i32, begin: usize, end: usize,
): void {
  const groups = (k + group - 1) / group;
  const bytes = rowBytes(k, group, bits);
  const groupBytes = bytesOf(group, bits);
  const padded = (bits == 8 ? (group + 15) & ~15 : (group + 31) & ~31) << 1;
  // Two rows at once, from either half: each half is read from its start to its end, as memory likes it.
  const half = (end - begin + 1) >> 1;
  for (let j = begin; j < begin + half; j++) {
    const more = j + half < end ? half : 0;
    const next = more * bytes;
    const away = more * groups;
    for (let i: usize = 0; i < m; i++) {
      let x = a + ((i * stride) << 1);
      const rowEnd = x + (stride << 1);
      let from = codes + j * bytes;
      let sum = sums + ((i * groups) << 2);
      let scale = codeScales + ((j * groups) << 2);
      let zero = zeroPoints + j * groups;
      let y = splat(0);
      for (; x < rowEnd; from += groupBytes, sum += 4, scale += 4, zero++) {
        const last = min(x + padded, rowEnd);
        let c0 = splat(0), c1 = splat(0);
        if (bits == 8)
          for (let at = from; x < last; x += 32, at += 16) {
            const x0 = v128.load(x);
            const x1 = v128.load(x, 16);
            c0 = add(add(c0, x0, v128.load_ext<u8>(at)), x1, v128.load_ext<u8>(at, 8));
            c1 = add(add(c1, x0, v128.load_ext<u8>(at + next)), x1, v128.load_ext<u8>(at + next, 8));
          }
        else if (bits == 4)
          for (let at = from; x < last; x += 64, at += 16) {
            const x0 = v128.load(x);
            const x1 = v128.load(x, 16);
            const x2 = v128.load(x, 32);
            const x3 = v128.load(x, 48);
            c0 = add4(c0, x0, x1, x2, x3, v128.load(at));
            c1 = add4(c1, x0, x1, x2, x3, v128.load(at + next));
          }
        else
          for (let at = from; x < last; x += 64, at += 8) {
            const x0 = v128.load(x);
            const x1 = v128.load(x, 16);
            const x2 = v128.load(x, 32);
            const x3 = v128.load(x, 48);
            c0 = add2(c0, x0, x1, x2, x3, v128.load_ext<u8>(at));
            c1 = add2(c1, x0, x1, x2, x3, v128.load_ext<u8>(at + next));
          }
        // Lane 0 the sum of c0, lane 1 that of c1.
        c0 = i32x4.add(v128.shuffle<i32>(c0, c1, 0, 4, 1, 5), v128.shuffle<i32>(c0, c1, 2, 6, 3, 7));
        c0 = i32x4.add(c0, v128.shuffle<i32>(c0, c0, 2, 3, 0, 1));
        let centre = v128.load32_splat(sum);
        if (zeroPoints) centre = i32x4.mul(centre, i32x4.replace_lane(i32x4.splat(load<u8>(zero)), 1, load<u8>(zero + away)));
        c0 = i32x4.sub(c0, centre);
        if (!scales) y = c0;
        else
          y = f32x4.add(
            y,
            f32x4.mul(f32x4.convert_i32x4_s(c0), v128.load32_lane(scale + (away << 2), v128.load32_zero(scale), 1)),
          );
      }
      if (scales) y = f32x4.mul(y, v128.load32_splat(scales + (i << 2)));
      const to = out + ((i * n + j) << 2);
      v128.store32_lane(to, y, 0);
      if (more) v128.store32_lane(to + (more << 2), y, 1);
    }
  }
  finishRows(out, bias, m, n, activation, begin, end);
}

/** sum + products of eight */
// @ts-ignore: decorator
@inline
function add(sum: v128, a: v128, b: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(a, b));
}

/** sum + products with 32 codes of 4 bits */
// @ts-ignore: decorator
@inline
function add4(sum: v128, x0: v128, x1: v128, x2: v128, x3: v128, codes: v128): v128 {
  const mask = i16x8.splat(15);
  sum = add(sum, x0, v128.and(codes, mask));
  sum = add(sum, x1, v128.and(i16x8.shr_u(codes, 4), mask));
  sum = add(sum, x2, v128.and(i16x8.shr_u(codes, 8), mask));
  return add(sum, x3, i16x8.shr_u(codes, 12));
}

/** sum + products with 32 codes of 2 bits, four to a lane */
// @ts-ignore: decorator
@inline
function add2(sum: v128, x0: v128, x1: v128, x2: v128, x3: v128, codes: v128): v128 {
  const mask = i16x8.splat(3);
  sum = add(sum, x0, v128.and(codes, mask));
  sum = add(sum, x1, v128.and(i16x8.shr_u(codes, 2), mask));
  sum = add(sum, x2, v128.and(i16x8.shr_u(codes, 4), mask));
  return add(sum, x3, i16x8.shr_u(codes, 6));
}

/** Rows [begin, end) of f32 numbers, each group padded with 0 to a multiple of `unit`: 16, or 32 in the order above. */
export function turn_rows_f32(
  out: usize, x: usize, k: usize, group: usize, unit: usize, stride: usize, begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    let to = out + ((begin * stride) << 2);
    memory.fill(to, 0, stride << 2);
    const row = x + ((begin * k) << 2);
    for (let first: usize = 0; first < k; first += group, to += ((group + unit - 1) & -unit) << 2)
      for (let p: usize = 0; p < group && first + p < k; p++) {
        const at = unit == 16 ? p : (p & ~31) + ((p & 3) << 3) + ((p & 31) >> 2);
        store<f32>(to + (at << 2), load<f32>(row + ((first + p) << 2)));
      }
  }
}

/** Columns [begin, end) of the product of rows of f32 numbers, from turn_rows_f32, and rows of codes. */
export function quant_matvec_f32(
  out: usize, a: usize, codes: usize, codeScales: usize, zeroPoints: usize, bias: usize,
  m: usize, k: usize, n: usize, group: usize, bits: usize, stride: usize, activation: i32, begin: usize, end: usize,
): void {
  const groups = (k + group - 1) / group;
  const bytes = rowBytes(k, group, bits);
  const groupBytes = bytesOf(group, bits);
  const padded = (bits == 8 ? (group + 15) & ~15 : (group + 31) & ~31) << 2;
  for (let j = begin; j < end; j++)
    for (let i: usize = 0; i < m; i++) {
      let x = a + ((i * stride) << 2);
      const rowEnd = x + (stride << 2);
      let from = codes + j * bytes;
      let index = j * groups;
      let y = splat(0);
      for (; x < rowEnd; from += groupBytes, index++) {
        const last = min(x + padded, rowEnd);
        const zero = i16x8.splat(<i16>zeroAt(zeroPoints, index, bits));
        let c0 = splat(0), c1 = splat(0), c2 = splat(0), c3 = splat(0);
        // Few loads to a block: engines move them all to its start.
        if (bits == 8)
          for (let at = from; x < last; x += 64, at += 16) {
            const v0 = i16x8.sub(v128.load_ext<u8>(at), zero);
            const v1 = i16x8.sub(v128.load_ext<u8>(at, 8), zero);
            c0 = madd(v128.load(x), low(v0), c0);
            c1 = madd(v128.load(x, 16), high(v0), c1);
            c2 = madd(v128.load(x, 32), low(v1), c2);
            c3 = madd(v128.load(x, 48), high(v1), c3);
          }
        else if (bits == 4)
          for (let at = from; x < last; at += 16) {
            const mask = i16x8.splat(15);
            let v = v128.load(at);
            for (const next = x + 128; x < next; x += 64, v = i16x8.shr_u(v, 8)) {
              const v0 = i16x8.sub(v128.and(v, mask), zero);
              const v1 = i16x8.sub(v128.and(i16x8.shr_u(v, 4), mask), zero);
              c0 = madd(v128.load(x), low(v0), c0);
              c1 = madd(v128.load(x, 16), high(v0), c1);
              c2 = madd(v128.load(x, 32), low(v1), c2);
              c3 = madd(v128.load(x, 48), high(v1), c3);
            }
          }
        else
          for (let at = from; x < last; at += 8) {
            const mask = i16x8.splat(3);
            let v = v128.load_ext<u8>(at);
            for (const next = x + 128; x < next; x += 64, v = i16x8.shr_u(v, 4)) {
              const v0 = i16x8.sub(v128.and(v, mask), zero);
              const v1 = i16x8.sub(v128.and(i16x8.shr_u(v, 2), mask), zero);
              c0 = madd(v128.load(x), low(v0), c0);
              c1 = madd(v128.load(x, 16), high(v0), c1);
              c2 = madd(v128.load(x, 32), low(v1), c2);
              c3 = madd(v128.load(x, 48), high(v1), c3);
            }
          }
        const total = f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3));
        y = madd(total, v128.load32_splat(codeScales + (index << 2)), y);
      }
      store<f32>(out + ((i * n + j) << 2), sumLanes(y));
    }
  finishRows(out, bias, m, n, activation, begin, end);
}

/** Codes 0..3 of eight as f32. */
// @ts-ignore: decorator
@inline
function low(codes: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(codes));
}

/** Codes 4..7. */
// @ts-ignore: decorator
@inline
function high(codes: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(codes));
}

/** Bias and activation for columns [begin, end) of every row. */
function finishRows(out: usize, bias: usize, m: usize, n: usize, activation: i32, begin: usize, end: usize): void {
  if (bias | <usize>activation) finish(out + (begin << 2), bias ? bias + (begin << 2) : 0, n << 2, m, end - begin, activation);
}
