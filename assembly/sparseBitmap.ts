// Sparse rows whose places are bits, 64 columns to a word: smaller than CSR where more than an eighth is left.
import { madd, splat } from "./lanes";
import { finishRow } from "./panels";

/** Panels [begin, end) times all rows of W; `words` to a row. See stored() in panels.ts. */
export function bitmap_f32(
  stage: usize, panels: usize, values: usize, bits: usize, starts: usize, k: usize, n: usize, begin: usize, end: usize,
): void {
  const rowBytes = ((k + 63) >> 6) << 3;
  for (; begin < end; begin++) {
    const panel = panels + begin * (k << 6);
    let to = stage + begin * (((n + 3) & ~3) << 6);
    let v = values;
    let word = bits;
    for (let j: usize = 0; j < n; j++, to += 64) {
      let c0 = splat(0), c1 = splat(0), c2 = splat(0), c3 = splat(0);
      const last = word + rowBytes;
      for (let base = panel; word < last; word += 8, base += 4096)
        for (let left = load<u64>(word); left; left &= left - 1, v += 4) {
          const x = base + (<usize>ctz(left) << 6);
          const a = v128.load32_splat(v);
          c0 = madd(a, v128.load(x), c0);
          c1 = madd(a, v128.load(x, 16), c1);
          c2 = madd(a, v128.load(x, 32), c2);
          c3 = madd(a, v128.load(x, 48), c3);
        }
      v128.store(to, c0);
      v128.store(to, c1, 16);
      v128.store(to, c2, 32);
      v128.store(to, c3, 48);
    }
  }
}

/** One row of x times rows [begin, end) of W. */
export function bitmap_row_f32(
  out: usize, x: usize, values: usize, bits: usize, starts: usize, bias: usize, activation: i32, k: usize, n: usize,
  begin: usize, end: usize,
): void {
  const rowBytes = ((k + 63) >> 6) << 3;
  for (let j = begin; j < end; j++) {
    let v = values + (<usize>load<u32>(starts + (j << 2)) << 2);
    let sum: f32 = 0;
    const last = bits + (j + 1) * rowBytes;
    let base = x;
    for (let word = last - rowBytes; word < last; word += 8, base += 256)
      for (let left = load<u64>(word); left; left &= left - 1, v += 4)
        sum += load<f32>(v) * load<f32>(base + (<usize>ctz(left) << 2));
    store<f32>(out + (j << 2), sum);
  }
  finishRow(out, bias, activation, begin, end);
}
