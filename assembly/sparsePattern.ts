// Sparse rows that keep half of every few columns: two of four, or four of eight. Eight columns keep four weights, zeros too, and
// each weight's place among its four or eight is told in two or four bits. Columns are padded to eights.
//
// Weights come in strips of 128 columns, row by row in each: half of a panel is read for every row, and a strip of it (8 KB) stays
// in the first cache. The sums go on from strip to strip.
import { madd, splat, sumLanes } from "./lanes";
import { finishRow } from "./panels";

// @ts-ignore: decorator
@inline
const strip: usize = 128;

/** Panels [begin, end) times all rows of W: two weights at a time, which meet two of four columns, or of eight. */
// @ts-ignore: decorator
@inline
function half(
  eight: bool, stage: usize, panels: usize, values: usize, places: usize, k: usize, n: usize, begin: usize, end: usize,
): void {
  const pairBytes: usize = eight ? 1024 : 2048;
  for (; begin < end; begin++) {
    const panel = panels + begin * (k << 6);
    const out = stage + begin * (((n + 3) & ~3) << 6);
    let v = values;
    let row = places;
    // Of no columns, too: the sums are then 0.
    for (let c: usize = 0; c == 0 || c < k; c += strip) {
      const cols = min(strip, k - c);
      const first = panel + (c << 6);
      const last = first + (cols << 6);
      let to = out;
      for (let j: usize = 0; j < n; j++, to += 64) {
        let c0 = splat(0), c1 = splat(0), c2 = splat(0), c3 = splat(0);
        if (c) {
          c0 = v128.load(to);
          c1 = v128.load(to, 16);
          c2 = v128.load(to, 32);
          c3 = v128.load(to, 48);
        }
        let at = row;
        for (let p = first; p < last; at += 4) {
          let told = <usize>load<u32>(at);
          for (const end = min(p + pairBytes, last); p < end; p += 256, v += 8) {
            const from = eight ? first + ((p - first) & ~511) : p;
            const x = from + ((told & (eight ? 7 : 3)) << 6);
            const y = from + (eight ? (told & 0x70) << 2 : (told & 12) << 4);
            const a = v128.load32_splat(v);
            const b = v128.load32_splat(v, 4);
            c0 = madd(b, v128.load(y), madd(a, v128.load(x), c0));
            c1 = madd(b, v128.load(y, 16), madd(a, v128.load(x, 16), c1));
            c2 = madd(b, v128.load(y, 32), madd(a, v128.load(x, 32), c2));
            c3 = madd(b, v128.load(y, 48), madd(a, v128.load(x, 48), c3));
            told >>= eight ? 8 : 4;
          }
        }
        row += cols >> (eight ? 2 : 3);
        v128.store(to, c0);
        v128.store(to, c1, 16);
        v128.store(to, c2, 32);
        v128.store(to, c3, 48);
      }
    }
  }
}

export function half4_f32(
  stage: usize, panels: usize, values: usize, places: usize, starts: usize, k: usize, n: usize, begin: usize, end: usize,
): void {
  half(false, stage, panels, values, places, k, n, begin, end);
}
export function half8_f32(
  stage: usize, panels: usize, values: usize, places: usize, starts: usize, k: usize, n: usize, begin: usize, end: usize,
): void {
  half(true, stage, panels, values, places, k, n, begin, end);
}

/** One row of x times rows [begin, end) of the `n` of W: four weights at a time, with what they meet of eight columns. */
// @ts-ignore: decorator
@inline
function halfRow(
  eight: bool, out: usize, x: usize, values: usize, places: usize, bias: usize, activation: i32, k: usize, n: usize,
  begin: usize, end: usize,
): void {
  memory.fill(out + (begin << 2), 0, (end - begin) << 2);
  for (let c: usize = 0; c < k; c += strip) {
    const cols = min(strip, k - c);
    let v = values + ((c * n + begin * cols) << 1);
    let at = places + ((c * n + begin * cols) >> (eight ? 2 : 3));
    for (let to = out + (begin << 2); to < out + (end << 2); to += 4) {
      const last = v + (cols << 1);
      let sum = splat(0);
      for (let p = x + (c << 2); v < last; v += 16, p += 32) {
        const told = <usize>load<u16>(at);
        let xs: v128;
        if (eight) {
          xs = v128.load32_zero(p + ((told << 2) & 28));
          xs = v128.load32_lane(p + ((told >> 2) & 28), xs, 1);
          xs = v128.load32_lane(p + ((told >> 6) & 28), xs, 2);
          xs = v128.load32_lane(p + ((told >> 10) & 28), xs, 3);
        } else {
          xs = v128.load32_zero(p + ((told << 2) & 12));
          xs = v128.load32_lane(p + (told & 12), xs, 1);
          xs = v128.load32_lane(p + ((told >> 2) & 12), xs, 2, 16);
          xs = v128.load32_lane(p + ((told >> 4) & 12), xs, 3, 16);
        }
        sum = madd(v128.load(v), xs, sum);
        at += eight ? 2 : 1;
      }
      store<f32>(to, load<f32>(to) + sumLanes(sum));
    }
  }
  finishRow(out, bias, activation, begin, end);
}

export function half4_row_f32(
  out: usize, x: usize, values: usize, places: usize, starts: usize, bias: usize, activation: i32, k: usize, n: usize,
  begin: usize, end: usize,
): void {
  halfRow(false, out, x, values, places, bias, activation, k, n, begin, end);
}
export function half8_row_f32(
  out: usize, x: usize, values: usize, places: usize, starts: usize, bias: usize, activation: i32, k: usize, n: usize,
  begin: usize, end: usize,
): void {
  halfRow(true, out, x, values, places, bias, activation, k, n, begin, end);
}
