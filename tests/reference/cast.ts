const ranges = { i32: [-(2 ** 31), 2 ** 31 - 1], u8: [0, 255] } as const;

/** One number as another dtype: rounded to f32, or truncated towards 0 and held within the range, NaN to 0. */
export function cast(x: number, dtype: "f32" | "i32" | "u8"): number {
  if (dtype === "f32") return Math.fround(x);
  const [least, most] = ranges[dtype];
  if (Number.isNaN(x)) return 0;
  // `+ 0` takes the sign off −0.
  return Math.min(Math.max(Math.trunc(x), least), most) + 0;
}
