// Sparse rows of which blocks are left: four columns of a row, or a column of four rows. A block has one index, two bytes, and
// its four weights are stored, zeros too.
import { madd, put, splat, sumLanes } from "./lanes";
import { finishRow, stored } from "./panels";

/** Panels [begin, end) times all rows of W, in blocks of four columns. */
export function block1x4_f32(
  stage: usize, panels: usize, values: usize, blocks: usize, starts: usize, k: usize, n: usize, begin: usize, end: usize,
): void {
  stored(true, stage, panels, values, blocks, starts, k, n, begin, end);
}

/** One row of x, padded to fours, times rows [begin, end) of W: eight sums, of every other block. */
export function block1x4_row_f32(
  out: usize, x: usize, values: usize, blocks: usize, starts: usize, bias: usize, activation: i32, k: usize, n: usize,
  begin: usize, end: usize,
): void {
  for (let j = begin; j < end; j++) {
    const first = load<u32>(starts + (j << 2));
    const last = values + (<usize>load<u32>(starts + (j << 2), 4) << 4);
    let v = values + (first << 4);
    let at = blocks + (first << 1);
    let even = splat(0), odd = splat(0);
    for (; v + 32 <= last; v += 32, at += 4) {
      even = madd(v128.load(v), v128.load(x + (<usize>load<u16>(at) << 4)), even);
      odd = madd(v128.load(v, 16), v128.load(x + (<usize>load<u16>(at, 2) << 4)), odd);
    }
    if (v < last) even = madd(v128.load(v), v128.load(x + (<usize>load<u16>(at) << 4)), even);
    store<f32>(out + (j << 2), sumLanes(f32x4.add(even, odd)));
  }
  finishRow(out, bias, activation, begin, end);
}

/** Panels [begin, end) times all rows of W, in blocks of four rows; two rows at a time, for the registers' sake. */
export function block4x1_f32(
  stage: usize, panels: usize, values: usize, columns: usize, starts: usize, k: usize, n: usize, begin: usize, end: usize,
): void {
  const rows = (n + 3) >> 2;
  for (; begin < end; begin++) {
    const panel = panels + begin * (k << 6);
    let to = stage + begin * (rows << 8);
    for (let j: usize = 0; j < rows; j++)
      for (let half: usize = 0; half < 16; half += 8, to += 128) {
        const first = load<u32>(starts + (j << 2));
        const last = values + (<usize>load<u32>(starts + (j << 2), 4) << 4);
        let at = columns + (first << 1);
        let c0 = splat(0), c1 = splat(0), c2 = splat(0), c3 = splat(0);
        let d0 = splat(0), d1 = splat(0), d2 = splat(0), d3 = splat(0);
        for (let v = values + (first << 4); v < last; v += 16, at += 2) {
          const x = panel + (<usize>load<u16>(at) << 6);
          const x0 = v128.load(x);
          const x1 = v128.load(x, 16);
          const x2 = v128.load(x, 32);
          const x3 = v128.load(x, 48);
          const a = v128.load32_splat(v + half);
          c0 = madd(a, x0, c0);
          c1 = madd(a, x1, c1);
          c2 = madd(a, x2, c2);
          c3 = madd(a, x3, c3);
          const b = v128.load32_splat(v + half, 4);
          d0 = madd(b, x0, d0);
          d1 = madd(b, x1, d1);
          d2 = madd(b, x2, d2);
          d3 = madd(b, x3, d3);
        }
        v128.store(to, c0);
        v128.store(to, c1, 16);
        v128.store(to, c2, 32);
        v128.store(to, c3, 48);
        v128.store(to, d0, 64);
        v128.store(to, d1, 80);
        v128.store(to, d2, 96);
        v128.store(to, d3, 112);
      }
  }
}

/** One row of x times the fours [begin, end) of the `n` rows of W: two sums each, of every other column. */
export function block4x1_row_f32(
  out: usize, x: usize, values: usize, columns: usize, starts: usize, bias: usize, activation: i32, k: usize, n: usize,
  begin: usize, end: usize,
): void {
  const after = out + (n << 2);
  for (let j = begin; j < end; j++) {
    const first = load<u32>(starts + (j << 2));
    const last = values + (<usize>load<u32>(starts + (j << 2), 4) << 4);
    let v = values + (first << 4);
    let at = columns + (first << 1);
    let even = splat(0), odd = splat(0);
    for (; v + 32 <= last; v += 32, at += 4) {
      even = madd(v128.load(v), v128.load32_splat(x + (<usize>load<u16>(at) << 2)), even);
      odd = madd(v128.load(v, 16), v128.load32_splat(x + (<usize>load<u16>(at, 2) << 2)), odd);
    }
    if (v < last) even = madd(v128.load(v), v128.load32_splat(x + (<usize>load<u16>(at) << 2)), even);
    put(out + (j << 4), f32x4.add(even, odd), after);
  }
  finishRow(out, bias, activation, begin << 2, min(end << 2, n));
}
