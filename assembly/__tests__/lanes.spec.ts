import { dot, firstLanes, madd, maxLanes, minLanes, nmadd, put, splat, sumLanes } from "../lanes";
import { at, untouched } from "./floats";

describe("lanes", () => {
  it("madd and nmadd round once or twice, nothing else", () => {
    // (1 + 2⁻¹²)² = 1 + 2⁻¹¹ + 2⁻²⁴, of which two roundings lose the last term.
    const x = splat(1 + 2.0 ** -12.0);
    const c = splat(-(1 + 2.0 ** -11.0));
    const sum = f32x4.extract_lane(madd(x, x, c), 0);
    const difference = f32x4.extract_lane(nmadd(x, x, f32x4.neg(c)), 3);
    expect<bool>(sum == 0 || sum == <f32>(2.0 ** -24.0)).toBe(true);
    expect<bool>(difference == 0 || difference == <f32>(-(2.0 ** -24.0))).toBe(true);
    expect<f32>(f32x4.extract_lane(madd(splat(3), splat(5), splat(7)), 1)).toBe(22);
    expect<f32>(f32x4.extract_lane(nmadd(splat(3), splat(5), splat(7)), 2)).toBe(-8);
  });

  it("dot is exact at the ends of its range", () => {
    expect<i32>(i32x4.extract_lane(dot(i8x16.splat(-128), i8x16.splat(127), i32x4.splat(1)), 0)).toBe(1 - 4 * 128 * 127);
    expect<i32>(i32x4.extract_lane(dot(i8x16.splat(127), i8x16.splat(127), i32x4.splat(0)), 3)).toBe(4 * 127 * 127);
    const steps = i8x16(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    expect<i32>(i32x4.extract_lane(dot(steps, i8x16.splat(1), i32x4.splat(0)), 1)).toBe(5 + 6 + 7 + 8);
  });

  it("put stores the lanes before `last` and no more", () => {
    for (let n = 1; n <= 5; n++) {
      const out = untouched(6);
      put(at(out), f32x4(1, 2, 3, 4), at(out) + (<usize>n << 2));
      for (let i = 0; i < 6; i++) expect<f32>(out[i]).toBe(i < min(n, 4) ? <f32>(i + 1) : 99);
    }
  });

  it("firstLanes selects 0 to 4 lanes", () => {
    for (let n: usize = 0; n <= 4; n++) expect<i32>(i32x4.bitmask(firstLanes(n))).toBe((1 << <i32>n) - 1);
  });

  it("sums, the largest and the smallest lane", () => {
    const x = f32x4(1, -2, 4, 8);
    expect<f32>(sumLanes(x)).toBe(11);
    expect<f32>(maxLanes(x)).toBe(8);
    expect<f32>(minLanes(x)).toBe(-2);
    for (let lane = 0; lane < 4; lane++) {
      const bad = f32x4(lane == 0 ? NaN : 1, lane == 1 ? NaN : 1, lane == 2 ? NaN : 1, lane == 3 ? NaN : 1);
      expect<f32>(maxLanes(bad)).toBeNaN();
      expect<f32>(minLanes(bad)).toBeNaN();
    }
  });
});
