// Numbers to work on, by integer arithmetic alone.

/** Numbers from −1 to 1 that look random: by xorshift (Marsaglia 2003). */
export function draw(count, seed, scale = 1) {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >> 8) / 2 ** 23) * scale;
  });
}

/** Integers from 0 to below a limit. */
export function integers(count, limit, seed) {
  return Int32Array.from(draw(count, seed), (x) => Math.min(limit - 1, Math.floor(((x + 1) / 2) * limit)));
}

/** Where floating-point numbers are unlike others. */
export const special = Float32Array.of(
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  1,
  -1,
  2 ** -149,
  -(2 ** -149),
  2 ** -126 - 2 ** -149,
  3.4028234663852886e38,
  -0.5,
);

/** Each special number between two others, moved as bits: a NaN stays the one it is. */
export function amongOthers() {
  return Array.from(special, (_, i) => {
    const row = Float32Array.of(1, 0, -2);
    row.set(special.subarray(i, i + 1), 1);
    return row;
  });
}

/** Around the vector of four numbers, and around blocks of four vectors. */
export const sizes = [0, 1, 3, 4, 5, 15, 16, 17, 33, 101];

/** A tensor of drawn numbers. */
export function drawn(s, shape, seed, scale = 1) {
  const count = shape.reduce((n, d) => n * d, 1);
  return s.tensor(draw(count, seed, scale), shape);
}

/** Numbers from 1 to 3, for what knows positive ones alone. */
export function positive(s, shape, seed) {
  const count = shape.reduce((n, d) => n * d, 1);
  return s.tensor(
    draw(count, seed).map((x) => x + 2),
    shape,
  );
}
