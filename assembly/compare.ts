// Comparisons give bytes, 1 or 0; anything compared with NaN is 0. Operands broadcast as in binary.ts.

const enum Compare { Greater, Less, Equal }

// @ts-ignore: decorator
@inline
function compare(
  op: Compare, out: usize, a: usize, b: usize, cols: usize,
  aRow: usize, aCol: usize, bRow: usize, bCol: usize, begin: usize, end: usize,
): void {
  for (; begin < end; begin++) {
    const row = begin / cols;
    const col = begin % cols;
    const x = load<f32>(a + ((row * aRow + col * aCol) << 2));
    const y = load<f32>(b + ((row * bRow + col * bCol) << 2));
    store<u8>(out + begin, <u8>(op == Compare.Greater ? x > y : op == Compare.Less ? x < y : x == y));
  }
}

export function greater_f32(
  out: usize, a: usize, b: usize, cols: usize,
  aRow: usize, aCol: usize, bRow: usize, bCol: usize, begin: usize, end: usize,
): void {
  compare(Compare.Greater, out, a, b, cols, aRow, aCol, bRow, bCol, begin, end);
}
export function less_f32(
  out: usize, a: usize, b: usize, cols: usize,
  aRow: usize, aCol: usize, bRow: usize, bCol: usize, begin: usize, end: usize,
): void {
  compare(Compare.Less, out, a, b, cols, aRow, aCol, bRow, bCol, begin, end);
}
export function equal_f32(
  out: usize, a: usize, b: usize, cols: usize,
  aRow: usize, aCol: usize, bRow: usize, bCol: usize, begin: usize, end: usize,
): void {
  compare(Compare.Equal, out, a, b, cols, aRow, aCol, bRow, bCol, begin, end);
}
