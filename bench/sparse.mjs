// Products with a sparse matrix, beside the same matrix dense, as if all its weights were multiplied.
import { floats, noise } from "./data.mjs";

const size = 1024;
const random = (share) => (row, col) => noise(row * size + col) < share;

/** [work, layout, which weights are kept, batches] */
const kinds = [
  ["sparse 50 %", "bitmap", random(0.5), [64]],
  ["sparse 75 %", "bitmap", random(0.25), [64]],
  ["sparse 90 %", "csr", random(0.1), [64, 1]],
  ["sparse 95 %", "csr", random(0.05), [64]],
  ["sparse 90 %, blocks of 4×1", "block4x1", (row, col) => noise((row >> 2) * size + col) < 0.1, [64, 1]],
  ["sparse 90 %, blocks of 1×4", "block1x4", (row, col) => noise(row * size + (col >> 2)) < 0.1, [64, 1]],
  ["sparse 2:4", "2:4", (row, col) => ranksLow(row, col, 4), [64, 1]],
  ["sparse 4:8", "4:8", (row, col) => ranksLow(row, col, 8), [64, 1]],
];

/** Whether a weight's noise is in the lower half of its group's. */
function ranksLow(row, col, group) {
  const at = row * size + col;
  const first = at - (col % group);
  let lower = 0;
  for (let i = first; i < first + group; i++) if (noise(i) < noise(at)) lower++;
  return lower < group / 2;
}

export const sparse = kinds.flatMap(([work, layout, keeps, batches]) =>
  batches.map((m) => ({
    work,
    shape: [m, size, size],
    unit: "GFLOP/s",
    amount: 2 * m * size * size,
    start([ours]) {
      const w = floats(size * size, 2).map((value, i) => (keeps(Math.floor(i / size), i % size) ? value : 0));
      return {
        contenders: ours.sparse(floats(m * size, 1), w, [m, size, size], layout),
        within: () => 2 * (size + 1) * size * 2 ** -26,
      };
    },
  })),
);
