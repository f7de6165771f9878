// What the instructions of lanes.ts compute on this host: init() calls these before it trusts the relaxed binary.
import { dot, madd, nmadd, splat } from "./lanes";

export function probe_madd(a: f32, b: f32, c: f32): f32 {
  return f32x4.extract_lane(madd(splat(a), splat(b), splat(c)), 0);
}

export function probe_nmadd(a: f32, b: f32, c: f32): f32 {
  return f32x4.extract_lane(nmadd(splat(a), splat(b), splat(c)), 0);
}

/** Four products of a (−128..127) and b (0..127), added to c. */
export function probe_dot(a: i32, b: i32, c: i32): i32 {
  return i32x4.extract_lane(dot(i8x16.splat(<i8>a), i8x16.splat(<i8>b), i32x4.splat(c)), 0);
}
