// What the rows are meant to show: the least ratio to the best peer, on plain and on relaxed SIMD.

const cubes = (...sizes) => sizes.map((n) => [n, n, n]);
const large = cubes(256, 512, 1024);
const turned = [
  [128, 784, 128],
  [784, 128, 128],
];
const dense = [64, 1024, 1024];
const row = [1, 1024, 1024];

/**
 * `share`: least share of the peak on relaxed SIMD. `peer`: beside it alone. Where there is nothing to compare with, `most`: the largest
 * value; `flat`: how far the cost of a unit of work may be, as a share, from the middle.
 */
export const goals = [
  { goal: "f32, large", works: ["matmul"], shapes: large, simd: 1.3, relaxed: 1.65, share: 0.92 },
  { goal: "f32, small", works: ["matmul"], shapes: cubes(64, 128), simd: 1.25, relaxed: 1.5 },
  {
    goal: "f32, as training multiplies, either operand transposed",
    works: ["matmul", "matmul, a transposed", "matmul, b transposed"],
    shapes: turned,
    simd: 1.25,
    relaxed: 1.5,
  },
  { goal: "f32, a row", works: ["matvec"], shapes: [row, [1, 4096, 1024]], simd: 1, relaxed: 1 },
  {
    goal: "int8",
    works: ["int8 matmul", "int8 weights and activations"],
    shapes: large,
    simd: 1.15,
    relaxed: 1.15,
  },
  {
    goal: "int8, a row",
    works: ["int8 matmul", "int8 weights and activations"],
    shapes: [row, [1, 4096, 4096]],
    simd: 3,
    relaxed: 3,
  },
  { goal: "int4, a row", works: ["int4 weights, groups of 32"], shapes: [[1, 4096, 4096]], simd: 30, relaxed: 30 },
  { goal: "int4", works: ["int4 weights, groups of 32"], shapes: cubes(1024), simd: 2, relaxed: 2 },
  { goal: "sparse 90 %, beside our dense", works: ["sparse 90 %"], shapes: [dense], simd: 4, relaxed: 4 },
  { goal: "the same in blocks of 4×1", works: ["sparse 90 %, blocks of 4×1"], shapes: [dense], simd: 5, relaxed: 5 },
  { goal: "sparse 2:4, beside our dense", works: ["sparse 2:4"], shapes: [dense], simd: 1.3, relaxed: 1.3 },
  { goal: "sparse 90 %, a row, beside our dense", works: ["sparse 90 %"], shapes: [row], simd: 2, relaxed: 2 },
  {
    goal: "binary, beside our f32",
    works: ["binary weights and activations"],
    shapes: cubes(1024),
    simd: 6,
    relaxed: 6,
  },
  { goal: "training step", works: ["training step"], peer: "jax-js (SGD)", relaxed: 1.5 },
  { goal: "training step", works: ["training step"], peer: "tfjs-wasm", relaxed: 8 },
  { goal: "a call of 4×4, µs at most", works: ["a call: matmul"], most: 1.5 },
  { goal: "f32, time per flop, ± at most", works: ["matmul"], shapes: cubes(128, 256, 512, 1024, 2048), flat: 0.15 },
  { goal: "training, time per example, ± at most", works: ["train()"], flat: 0.15 },
];

/** What a unit of work costs: a flop, or an example. */
export const costOf = ({ unit, ours, shape }) => (unit === "ms" ? ours / shape[0] : 1 / ours);

/** Whether the rows of a binary reach a goal: `{ wanted, found, share, holds }`, or nothing where they are not asked to, or are none. */
export function judge({ works, shapes, peer, most, flat, share, ...ratios }, rows, binary) {
  const own = rows.filter(
    (row) =>
      row.binary === binary &&
      works.includes(row.work) &&
      (shapes === undefined || shapes.some((shape) => `${shape}` === `${row.shape}`)),
  );
  if (own.length === 0) return undefined;
  if (most !== undefined) return atMost(most, Math.max(...own.map(({ ours }) => ours)));
  if (flat !== undefined) return atMost(flat, unevenness(own.map(costOf)));
  const wanted = ratios[binary];
  if (wanted === undefined) return undefined;
  // Only times, of which less is better, are put beside a single peer.
  const found = Math.min(...own.map(({ ratio, peers, ours }) => (peer === undefined ? ratio : peers[peer] / ours)));
  if (binary !== "relaxed" || share === undefined) return { wanted, found, holds: found >= wanted };
  const reached = Math.min(...own.map((row) => row.share));
  return { wanted, found, share: reached, holds: found >= wanted && reached >= share };
}

const atMost = (wanted, found) => ({ wanted, found, holds: found <= wanted });

function unevenness(costs) {
  const [least, most] = [Math.min(...costs), Math.max(...costs)];
  return (most - least) / (most + least);
}
