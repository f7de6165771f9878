// Two operands, broadcast over two collapsed dimensions: element e sits at row e / cols, column e % cols, and an operand's
// step per row and per column (in elements, 0 where it repeats) finds its value. The op is a compile-time constant, so
// each export is its own straight loop.
import { put } from "./lanes";

const enum Binary { Add, Sub, Mul, Div, Maximum, Minimum }

// @ts-ignore: decorator
@inline
function binaryLanes(op: Binary, a: v128, b: v128): v128 {
  if (op == Binary.Add) return f32x4.add(a, b);
  if (op == Binary.Sub) return f32x4.sub(a, b);
  if (op == Binary.Mul) return f32x4.mul(a, b);
  if (op == Binary.Div) return f32x4.div(a, b);
  if (op == Binary.Maximum) return f32x4.max(a, b);
  return f32x4.min(a, b);
}

// @ts-ignore: decorator
@inline
function binary(
  op: Binary, out: usize, a: usize, b: usize, cols: usize,
  aRow: usize, aCol: usize, bRow: usize, bCol: usize, begin: usize, end: usize,
): void {
  let row = begin / cols;
  let col = begin % cols;
  while (begin < end) {
    const n = min(cols - col, end - begin);
    let o = out + (begin << 2);
    let x = a + ((row * aRow + col * aCol) << 2);
    let y = b + ((row * bRow + col * bCol) << 2);
    const xs = v128.load32_splat(x);
    const ys = v128.load32_splat(y);
    const last = o + (n << 2);
    for (; o < last; o += 16, x += 16, y += 16)
      put(o, binaryLanes(op, aCol ? v128.load(x) : xs, bCol ? v128.load(y) : ys), last);
    begin += n;
    col = 0;
    row++;
  }
}

export function add_f32(
  out: usize, a: usize, b: usize, cols: usize,
  aRow: usize, aCol: usize, bRow: usize, bCol: usize, begin: usize, end: usize,
): void {
  binary(Binary.Add, out, a, b, cols, aRow, aCol, bRow, bCol, begin, end);
}
export function sub_f32(
  out: usize, a: usize, b: usize, cols: usize,
  aRow: usize, aCol: usize, bRow: usize, bCol: usize, begin: usize, end: usize,
): void {
  binary(Binary.Sub, out, a, b, cols, aRow, aCol, bRow, bCol, begin, end);
}
export function mul_f32(
  out: usize, a: usize, b: usize, cols: usize,
  aRow: usize, aCol: usize, bRow: usize, bCol: usize, begin: usize, end: usize,
): void {
  binary(Binary.Mul, out, a, b, cols, aRow, aCol, bRow, bCol, begin, end);
}
export function div_f32(
  out: usize, a: usize, b: usize, cols: usize,
  aRow: usize, aCol: usize, bRow: usize, bCol: usize, begin: usize, end: usize,
): void {
  binary(Binary.Div, out, a, b, cols, aRow, aCol, bRow, bCol, begin, end);
}
export function maximum_f32(
  out: usize, a: usize, b: usize, cols: usize,
  aRow: usize, aCol: usize, bRow: usize, bCol: usize, begin: usize, end: usize,
): void {
  binary(Binary.Maximum, out, a, b, cols, aRow, aCol, bRow, bCol, begin, end);
}
export function minimum_f32(
  out: usize, a: usize, b: usize, cols: usize,
  aRow: usize, aCol: usize, bRow: usize, bCol: usize, begin: usize, end: usize,
): void {
  binary(Binary.Minimum, out, a, b, cols, aRow, aCol, bRow, bCol, begin, end);
}
