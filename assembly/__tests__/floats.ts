// Arrays as the kernels see them: a pointer.

/** The address of the first element. */
export function at<T>(x: StaticArray<T>): usize {
  return changetype<usize>(x);
}

/** `n` elements that no kernel has touched: 99 shows where one wrote. */
export function untouched(n: i32): StaticArray<f32> {
  return new StaticArray<f32>(n).fill(99);
}

/** Whether two runs of f32 are the same bits, NaN included. */
export function same(x: StaticArray<f32>, y: StaticArray<f32>): bool {
  return x.length == y.length && memory.compare(at(x), at(y), <usize>x.length << 2) == 0;
}

/** Whether x lies within `ulps` units in the last place of the f64 constant `exact`. */
export function within(x: f32, exact: f64, ulps: f64): bool {
  const unit = <f64>reinterpret<f32>((reinterpret<u32>(<f32>abs(exact)) & 0x7f800000)) * 2.0 ** -23.0;
  return abs(<f64>x - exact) <= ulps * unit;
}
