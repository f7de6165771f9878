/** Products with a sparse 1024 × 1024 matrix, beside the same matrix dense; GFLOP/s as if it were dense. */
const size = 1024;

/** Which weights a layout is tried on: about a tenth, a quarter or half of them. */
const patterns = {
  csr: (row, col) => noise(row * size + col) < 0.1,
  bitmap: (row, col) => noise(row * size + col) < 0.25,
  block4x1: (row, col) => noise((row >> 2) * size + col) < 0.1,
  block1x4: (row, col) => noise(row * size + (col >> 2)) < 0.1,
  "2:4": (row, col) => ranksLow(row, col, 4),
  "4:8": (row, col) => ranksLow(row, col, 8),
};

export function sparse({ name, product }) {
  return Object.entries(patterns).flatMap(([layout, keeps]) =>
    [1, 16, 64].map((m) => ({
      name: `sparse ${layout}, batch ${m}`,
      shape: [m, size, size],
      flops: 2 * m * size * size,
      async start() {
        const x = Float32Array.from({ length: m * size }, (_, i) => noise(i + 11) - 0.5);
        const w = Float32Array.from({ length: size * size }, (_, i) =>
          keeps(Math.floor(i / size), i % size) ? noise(i + 7) - 0.5 : 0,
        );
        return [
          { name, run: product(x, w, [m, size, size], layout) },
          { name: "dense", run: product(x, w, [m, size, size]) },
        ];
      },
    })),
  );
}

/** A number from 0 to 1 for each integer. */
function noise(i) {
  const x = Math.imul(i ^ 0x9e3779b9, 0x85ebca6b);
  const y = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((y ^ (y >>> 16)) >>> 0) / 2 ** 32;
}

/** Whether a weight's noise is in the lower half of its group's. */
function ranksLow(row, col, group) {
  const at = row * size + col;
  const first = at - (col % group);
  let lower = 0;
  for (let i = first; i < first + group; i++) if (noise(i) < noise(at)) lower++;
  return lower < group / 2;
}
