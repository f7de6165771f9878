// What matrix products do to a tile of their result while it is in the cache: bias, then activation.
import { put, splat } from "./lanes";
import { sigmoid4, tanh4 } from "./math";

/** As src/epilogue.ts numbers them. */
const enum Activation { None, Relu, Sigmoid, Tanh }

/** `rows` rows of `columns` values, `nBytes` apart. `bias` may be 0. */
export function finish(out: usize, bias: usize, nBytes: usize, rows: usize, columns: usize, activation: i32): void {
  const last = columns << 2;
  for (; rows > 0; rows--, out += nBytes)
    for (let j: usize = 0; j < last; j += 16) {
      let x = v128.load(out + j);
      if (bias) x = f32x4.add(x, v128.load(bias + j));
      put(out + j, activate(x, activation), out + last);
    }
}

// @ts-ignore: decorator
@inline
export function activate(x: v128, activation: i32): v128 {
  if (activation == Activation.Relu) return f32x4.max(x, splat(0));
  if (activation == Activation.Sigmoid) return sigmoid4(x);
  if (activation == Activation.Tanh) return tanh4(x);
  return x;
}

/** Stores a row of a tile, `columns` (1..8) values: none past the last column. */
// @ts-ignore: decorator
@inline
export function storeRow(out: usize, c0: v128, c1: v128, columns: usize): void {
  if (columns == 8) {
    v128.store(out, c0);
    v128.store(out, c1, 16);
    return;
  }
  if (columns & 4) {
    v128.store(out, c0);
    out += 16;
    c0 = c1;
  }
  if (columns & 2) {
    v128.store64_lane(out, c0, 0);
    out += 8;
    c0 = v128.shuffle<i64>(c0, c0, 1, 1);
  }
  if (columns & 1) v128.store32_lane(out, c0, 0);
}
