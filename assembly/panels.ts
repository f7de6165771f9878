// Rows of x times a sparse matrix W [n, k] that stores a row to an output. A batch is turned first: panels of 16 rows of x, in
// which the 16 values of a column are one cache line, so that every stored weight takes one line, in registers, to 16 sums. The
// sums of a panel go to a stage, one line to an output, and are turned back at the end. Few rows of x are multiplied one by one.
//
// Four accumulators and two weights at a time: eight loads, which some engines move to the front of the loop, still fit the 16
// registers (32 sums at a time spilled, and took half as long again).
//
// All kernels of a way take the same: a batch (stage, panels, values, places, starts, k, n, begin, end), a row (out, x, values, places,
// starts, bias, activation, k, n, begin, end), whether they need it or not.
//
// Each sum of a batch is one sum in the order of the columns; that of a row alone has several parts, added up at the end. A weight
// that is not stored adds nothing, whatever x holds. |y − exact| ≤ (k + 1) · 2⁻²⁴ · Σ|w·x| over the stored weights.
import { finish } from "./epilogue";
import { madd, splat } from "./lanes";

/**
 * Panels [begin, end) times all rows of W, to the stage; row j ends at `starts`[j + 1]. Each weight tells its distance in columns from
 * the one before it in a byte; blocks of four columns tell their number in two.
 */
// @ts-ignore: decorator
@inline
export function stored(
  blocks: bool, stage: usize, panels: usize, values: usize, places: usize, starts: usize, k: usize, n: usize,
  begin: usize, end: usize,
): void {
  const size: usize = blocks ? 4 : 2;
  for (; begin < end; begin++) {
    const panel = panels + begin * (k << 6);
    let to = stage + begin * (((n + 3) & ~3) << 6);
    let v = values;
    let g = places;
    for (let j: usize = 0; j < n; j++, to += 64) {
      const last = values + (<usize>load<u32>(starts + (j << 2), 4) << size);
      let y = panel;
      let c0 = splat(0), c1 = splat(0), c2 = splat(0), c3 = splat(0);
      for (; v + 8 <= last; v += 8) {
        let x: usize;
        if (blocks) {
          const at = v - values;
          x = panel + (<usize>load<u16>(places + ((at >> 3) & ~1)) << 8) + ((at & 8) << 4);
          y = x + 64;
        } else {
          x = y + (<usize>load<u8>(g) << 6);
          y = x + (<usize>load<u8>(g, 1) << 6);
          g += 2;
        }
        const a = v128.load32_splat(v);
        const b = v128.load32_splat(v, 4);
        c0 = madd(b, v128.load(y), madd(a, v128.load(x), c0));
        c1 = madd(b, v128.load(y, 16), madd(a, v128.load(x, 16), c1));
        c2 = madd(b, v128.load(y, 32), madd(a, v128.load(x, 32), c2));
        c3 = madd(b, v128.load(y, 48), madd(a, v128.load(x, 48), c3));
      }
      if (!blocks && v < last) {
        const x = y + (<usize>load<u8>(g) << 6);
        const a = v128.load32_splat(v);
        c0 = madd(a, v128.load(x), c0);
        c1 = madd(a, v128.load(x, 16), c1);
        c2 = madd(a, v128.load(x, 32), c2);
        c3 = madd(a, v128.load(x, 48), c3);
        v += 4;
        g++;
      }
      v128.store(to, c0);
      v128.store(to, c1, 16);
      v128.store(to, c2, 32);
      v128.store(to, c3, 48);
    }
  }
}

/** The epilogue of y[begin, end). */
// @ts-ignore: decorator
@inline
export function finishRow(out: usize, bias: usize, activation: i32, begin: usize, end: usize): void {
  const at = begin << 2;
  if (bias | <usize>activation) finish(out + at, bias ? bias + at : 0, 0, 1, end - begin, activation);
}
