import { argmax_f32, extreme_grad_f32, max_f32, mean_f32, min_f32, norm_f32, sum_f32 } from "../reduce";
import { at, same, untouched } from "./floats";

/** 1, 2, 3 …, and NaN behind the end, where a tail that reads too far would find it. */
function counting(n: i32): StaticArray<f32> {
  const x = new StaticArray<f32>(n + 4).fill(NaN);
  for (let i = 0; i < n; i++) x[i] = <f32>(i + 1);
  return x;
}

describe("reduce", () => {
  it("sums, means and extremes of 1..n for every tail", () => {
    for (let n = 1; n <= 37; n++) {
      const x = counting(n);
      const y = untouched(2);
      sum_f32(at(y), at(x), n, 1, 0, 1);
      expect<f32>(y[0]).toBe(<f32>((n * (n + 1)) / 2), `sum of ${n}`);
      mean_f32(at(y), at(x), n, 1, 0, 1);
      expect<f32>(y[0]).toBe(<f32>(n + 1) / 2, `mean of ${n}`);
      max_f32(at(y), at(x), n, 1, 0, 1);
      expect<f32>(y[0]).toBe(<f32>n, `max of ${n}`);
      min_f32(at(y), at(x), n, 1, 0, 1);
      expect<f32>(y[0]).toBe(1, `min of ${n}`);
      expect<f32>(y[1]).toBe(99);
    }
  });

  it("over nothing: 0, NaN, −Infinity, Infinity", () => {
    const x = counting(0);
    const y = untouched(1);
    sum_f32(at(y), at(x), 0, 1, 0, 1);
    expect<f32>(y[0]).toBe(0);
    mean_f32(at(y), at(x), 0, 1, 0, 1);
    expect<f32>(y[0]).toBeNaN();
    max_f32(at(y), at(x), 0, 1, 0, 1);
    expect<f32>(y[0]).toBe(-Infinity);
    min_f32(at(y), at(x), 0, 1, 0, 1);
    expect<f32>(y[0]).toBe(Infinity);
  });

  it("along a middle dimension, column by column", () => {
    // [2, 2, 5]: columns are added pairwise.
    const x = counting(20);
    const y = untouched(11);
    sum_f32(at(y), at(x), 2, 5, 0, 10);
    expect<bool>(same(y, [7, 9, 11, 13, 15, 27, 29, 31, 33, 35, 99])).toBe(true);
    const z = untouched(11);
    sum_f32(at(z), at(x), 2, 5, 3, 7);
    expect<bool>(same(z, [99, 99, 99, 13, 15, 27, 29, 99, 99, 99, 99])).toBe(true);
  });

  it("the norm of 3, 4 is 5", () => {
    const y = untouched(1);
    norm_f32(at(y), at<f32>([3, 4]), 2, 1, 0, 1);
    expect<f32>(y[0]).toBe(5);
  });

  it("argmax takes the first of equals, and NaN above all", () => {
    const y = new StaticArray<i32>(1);
    argmax_f32(at(y), at<f32>([1, 3, 3, 2]), 4, 1, 0, 1);
    expect<i32>(y[0]).toBe(1);
    argmax_f32(at(y), at<f32>([1, NaN, 3, NaN]), 4, 1, 0, 1);
    expect<i32>(y[0]).toBe(1);
  });

  it("the gradient of an extreme is shared by equals", () => {
    const dx = untouched(5);
    extreme_grad_f32(at(dx), at<f32>([6]), at<f32>([1, 3, 3, 2]), at<f32>([3]), 4, 1, 0, 1);
    expect<bool>(same(dx, [0, 3, 3, 0, 99])).toBe(true);
  });
});
